"""Clocks that the shell reads. The core never does: its time comes in events."""
