"""Averages over bars, in ticks: exponential of any value, and of the true range.

Decimal, so that a figure is the same on every machine; both are unknown until they have seen as
many values as their period, and then begin from the plain mean of those.
"""

from decimal import Decimal

from pxcore.model import Bar


class _Seeded:
    """A running average: `value` after the first `periods` values is their mean."""

    __slots__ = ("_seen", "_sum", "_weight", "periods", "value")

    def __init__(self, periods: int, weight: Decimal) -> None:
        if periods < 1:
            raise ValueError(f"periods is {periods}, allowed is 1 or more")
        self.periods = periods
        self.value: Decimal | None = None
        self._weight = weight
        self._seen = 0
        self._sum = Decimal(0)

    def _take(self, value: Decimal | int) -> Decimal | None:
        if self.value is not None:
            self.value += self._weight * (value - self.value)
            return self.value
        self._seen += 1
        self._sum += value
        if self._seen == self.periods:
            self.value = self._sum / self.periods
        return self.value


class Ema(_Seeded):
    """Exponential moving average: each value weighs 2 / (periods + 1)."""

    __slots__ = ()

    def __init__(self, *, periods: int) -> None:
        super().__init__(periods, Decimal(2) / (periods + 1) if periods > 0 else Decimal(0))

    def update(self, value: Decimal | int) -> Decimal | None:
        """The average with this value in it, None while there are too few."""
        return self._take(value)


class Atr(_Seeded):
    """Average true range of bars, smoothed by 1 / periods (Wilder's way).

    A bar's true range reaches from the close before it, so it counts a jump between bars.
    """

    __slots__ = ("_close_before",)

    def __init__(self, *, periods: int) -> None:
        super().__init__(periods, Decimal(1) / periods if periods > 0 else Decimal(0))
        self._close_before: int | None = None

    def update(self, bar: Bar) -> Decimal | None:
        """The average with this bar in it, None while there are too few."""
        high, low = bar.high_ticks, bar.low_ticks
        if self._close_before is not None:
            high, low = max(high, self._close_before), min(low, self._close_before)
        self._close_before = bar.close_ticks
        return self._take(high - low)
