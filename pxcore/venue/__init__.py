"""The account behind the wire, as commands and events."""
