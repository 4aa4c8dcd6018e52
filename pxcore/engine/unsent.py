"""Entries that never left us: the request count was used up, the intent could not be written down.

A strategy may signal on every price. What kept one entry from being sent keeps the next one from it
a moment later, so each waits longer than the one before, until one is sent.
"""

from datetime import datetime, timedelta

_FIRST_S = 1.0
_MOST_S = 30.0  # within half a minute of its cause being over, entries pass again


class Unsent:
    """Owned by the engine's state. `why` and `until` are of the last one; None when it was sent."""

    def __init__(self, time_scale: float) -> None:
        self._scale = time_scale
        self._count = 0
        self.why: str | None = None
        self.until: datetime | None = None

    def note(self, why: str, now: datetime) -> None:
        waits_s = min(_FIRST_S * 2**self._count, _MOST_S)
        self._count = min(self._count + 1, 10)  # beyond which it waits no longer
        self.why, self.until = why, now + timedelta(seconds=waits_s * self._scale)

    def over(self) -> None:
        """One was sent, whatever the venue said to it."""
        self._count, self.why, self.until = 0, None, None
