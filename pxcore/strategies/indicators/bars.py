"""Bars of prints, aligned to the clock: a bar of 60 s begins on the minute, in UTC.

A bar is yielded only when all of its time was watched: not the one in which the watching began,
and none that a gap in the data cuts. A stretch without a print yields no bar.
"""

from datetime import UTC, datetime, timedelta

from pxcore.model import Bar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


class Bars:
    """Feed `resume` and `interrupt` with the market hub's ups and downs, `update` with prints.

    Without a `resume` the watching begins at the first print.
    """

    __slots__ = (
        "_close",
        "_ends_at",
        "_high",
        "_length",
        "_low",
        "_open",
        "_opened_at",
        "_volume",
        "_watched_since",
    )

    def __init__(self, *, length_s: int) -> None:
        if length_s < 1 or _DAY_S % length_s:
            raise ValueError(f"length_s is {length_s}, allowed is a divisor of {_DAY_S}")
        self._length = timedelta(seconds=length_s)
        self._watched_since: datetime | None = None
        self._opened_at: datetime | None = None
        self._ends_at = _EPOCH
        self._open = self._high = self._low = self._close = self._volume = 0

    def resume(self, at: datetime) -> None:
        """Data is seen from now on."""
        if self._watched_since is None:
            self._watched_since = at

    def interrupt(self) -> None:
        """Data is missing from here on: the bar under way is dropped."""
        self._watched_since = self._opened_at = None

    def update(self, at: datetime, price_ticks: int, size: int) -> Bar | None:
        """Takes one print. The bar that it shows to be over, or None.

        `at` is when it happened; one that is older than the bar under way changes nothing.
        """
        if self._opened_at is not None and self._opened_at <= at < self._ends_at:
            if price_ticks > self._high:
                self._high = price_ticks
            elif price_ticks < self._low:
                self._low = price_ticks
            self._close = price_ticks
            self._volume += size
            return None
        self.resume(at)
        if at < self._ends_at:
            return None  # of a bar that is over or was dropped
        done = self.advance(at)
        self._opened_at = _EPOCH + (at - _EPOCH) // self._length * self._length
        self._ends_at = self._opened_at + self._length
        self._open = self._high = self._low = self._close = price_ticks
        self._volume = size
        return done

    def advance(self, now: datetime) -> Bar | None:
        """The bar under way, once its time is over. For a caller that does not wait for a print."""
        opened_at, since = self._opened_at, self._watched_since
        if opened_at is None or now < self._ends_at:
            return None
        self._opened_at = None
        if since is None or since > opened_at:
            return None
        return Bar(
            opened_at=opened_at,
            open_ticks=self._open,
            high_ticks=self._high,
            low_ticks=self._low,
            close_ticks=self._close,
            volume=self._volume,
        )
