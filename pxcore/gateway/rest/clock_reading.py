"""How our wall clock stands to the gateway's: its replies carry the time, in whole seconds."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

_MIDDLE = timedelta(seconds=1)  # cut to a second, and servers write it again once a second


class ClockReading(msgspec.Struct, frozen=True, kw_only=True):
    """`ahead_s`: how far ours is ahead of the gateway's, below zero when it is behind; good to a
    second and half of `took_s`, the time between request and reply.
    """

    ahead_s: float
    took_s: float

    @property
    def apart_s(self) -> float:
        """How far apart they are at least, as far as the way of the reply explains it."""
        return max(0.0, abs(self.ahead_s) - self.took_s / 2)


def read_clock(date: str | None, *, before: datetime, after: datetime) -> ClockReading | None:
    """From the header `Date` of a reply, and our clock before and after. None when it has none
    that can be read.
    """
    if date is None:
        return None
    try:
        said = parsedate_to_datetime(date)
    except ValueError:
        return None
    said = said.replace(tzinfo=UTC) if said.tzinfo is None else said
    took = after - before
    ahead = before + took / 2 - (said + _MIDDLE)
    return ClockReading(ahead_s=ahead.total_seconds(), took_s=took.total_seconds())
