"""The record: what was known, decided, sent and answered, in order; and what it is replayed by."""
