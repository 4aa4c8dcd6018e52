"""When: schedules and windows, as code."""
