"""The volume-weighted average price of the prints seen, and how far the market stands from it.

Kept as three whole numbers, so that sums never drift and comparisons are exact.
"""

from decimal import Decimal
from fractions import Fraction


class Vwap:
    """Prices in ticks. The standard deviation is that of the prints' prices, by volume."""

    __slots__ = ("_price_sum", "_square_sum", "volume")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begins again: nothing is known."""
        self.volume = self._price_sum = self._square_sum = 0

    def update(self, price_ticks: int, size: int) -> None:
        """Takes one print."""
        weighted = price_ticks * size
        self.volume += size
        self._price_sum += weighted
        self._square_sum += price_ticks * weighted

    @property
    def value(self) -> Fraction | None:
        """The average in ticks, exact; None before the first print."""
        return Fraction(self._price_sum, self.volume) if self.volume else None

    @property
    def variance(self) -> Fraction | None:
        """Square of the standard deviation, in ticks squared; None before the first print."""
        if not self.volume:
            return None
        spread = self._square_sum * self.volume - self._price_sum**2
        return Fraction(spread, self.volume**2)

    def bands(self, deviations: Decimal | int) -> tuple[Decimal, Decimal] | None:
        """The prices so many standard deviations below and above, for showing."""
        value, variance = self.value, self.variance
        if value is None or variance is None:
            return None
        middle = Decimal(value.numerator) / value.denominator
        reach = deviations * (Decimal(variance.numerator) / variance.denominator).sqrt()
        return middle - reach, middle + reach

    def is_outside(self, price_ticks: int, *, deviations: Fraction, ticks_min: int = 0) -> bool:
        """At least so many standard deviations, and so many ticks, away from the average.

        False before the first print. Exact: the squares are compared, in whole numbers.
        """
        volume, price_sum = self.volume, self._price_sum
        away = price_ticks * volume - price_sum  # times the volume, as all that follows
        if not volume or abs(away) < ticks_min * volume:
            return False
        spread = self._square_sum * volume - price_sum * price_sum
        over, under = deviations.numerator, deviations.denominator
        return under * under * away * away >= over * over * spread

    def side_of(self, price_ticks: int) -> int:
        """+1 above the average, -1 below, 0 on it or before the first print."""
        away = price_ticks * self.volume - self._price_sum
        return (away > 0) - (away < 0)
