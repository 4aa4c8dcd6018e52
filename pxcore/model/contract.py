"""One listed expiry, and the only place where prices become ticks and ticks become money."""

from decimal import Decimal

import msgspec

_TICKS_MAX = 10**9  # no market is there: beyond it a number is a mistake


class OffGrid(ValueError):
    """A price that is no whole number of the contract's ticks."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as the venue lists it.

    `tick_size` is in price units, `tick_value` in USD per tick and contract.
    Source: gateway reference, 2.2 (contract model).
    """

    id: str
    name: str
    description: str
    symbol_id: str
    tick_size: Decimal
    tick_value: Decimal
    is_active: bool

    def __post_init__(self) -> None:
        if self.tick_size <= 0 or self.tick_value <= 0:
            raise ValueError(f"{self.id}: tick size and tick value must be above zero")

    def ticks(self, price: Decimal | float | int | str) -> int:
        """The price as whole ticks. Raises OffGrid, naming price and grid, when it is not on it.

        A float is read through its shortest decimal form, which is what the wire printed.
        """
        exact = price if isinstance(price, Decimal) else Decimal(str(price))
        ticks = exact / self.tick_size
        if not -_TICKS_MAX < ticks < _TICKS_MAX:
            raise OffGrid(f"{exact} is no price of {self.name}")
        whole = int(ticks.to_integral_value())
        if ticks != whole:
            raise OffGrid(f"{exact} is not on the {self.tick_size} tick grid of {self.name}")
        return whole

    def price(self, ticks: int) -> Decimal:
        """The price of a whole number of ticks, exact."""
        return self.tick_size * ticks

    def usd(self, ticks: int | Decimal, size: int = 1) -> Decimal:
        """USD that a move of so many ticks is worth on `size` contracts."""
        return self.tick_value * ticks * size
