"""The end of the day: our record against the venue, the report, the period."""
