"""The highest and lowest print of a stretch of time, once it is over and only if it was watched."""

from datetime import datetime, timedelta


class OpeningRange:
    """From `start` until before `end`. Feed `resume` and `interrupt` with the market hub's ups and
    downs, `update` with prints; `high_ticks` and `low_ticks` mean something from `is_known` on.

    Time in which nothing was watched, the beginning included, is added up: with more than
    `gap_max` of it, or without a print, the range stays unknown for good.
    """

    __slots__ = ("_blind", "_blind_since", "_end", "_gap_max", "_start", "high_ticks", "low_ticks")

    def __init__(self, *, start: datetime, end: datetime, gap_max: timedelta) -> None:
        self._start = start
        self._end = end
        self._gap_max = gap_max
        self._blind = timedelta(0)
        self._blind_since: datetime | None = start
        self.high_ticks: int | None = None
        self.low_ticks: int | None = None

    def resume(self, at: datetime) -> None:
        """Data is seen from now on."""
        if self._blind_since is not None:
            self._blind += self._blind_until(at)
            self._blind_since = None

    def interrupt(self, at: datetime) -> None:
        """Data is missing from here on."""
        if self._blind_since is None:
            self._blind_since = max(at, self._start)

    def update(self, at: datetime, price_ticks: int) -> bool:
        """Takes one print; `at` is when it happened. False, and no change, outside the stretch."""
        if not self._start <= at < self._end:
            return False
        if self.high_ticks is None or price_ticks > self.high_ticks:
            self.high_ticks = price_ticks
        if self.low_ticks is None or price_ticks < self.low_ticks:
            self.low_ticks = price_ticks
        return True

    def is_known(self, now: datetime) -> bool:
        """The stretch is over, and what was seen of it is enough."""
        if now < self._end or self.high_ticks is None:
            return False
        return self._blind + self._blind_until(now) <= self._gap_max

    def _blind_until(self, at: datetime) -> timedelta:
        if self._blind_since is None:
            return timedelta(0)
        return max(min(at, self._end) - self._blind_since, timedelta(0))
