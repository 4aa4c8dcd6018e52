"""Not more often than so many seconds, by the time of the events."""

from datetime import datetime, timedelta

REPEAT_S = 1.0  # a signal that a gate refused is given again after so long


class Pace:
    __slots__ = ("_every", "_next_at")

    def __init__(self, *, every_s: float = REPEAT_S) -> None:
        self._every = timedelta(seconds=every_s)
        self._next_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """True at most once in every stretch of so many seconds."""
        if self._next_at is not None and now < self._next_at:
            return False
        self._next_at = now + self._every
        return True
