"""One listed expiry, and the only place where prices become ticks and ticks become money."""

from decimal import Decimal

import msgspec

_TICKS_MAX = 10**9  # no market is there: beyond it a number is a mistake

# Whose price may be zero or below: the energy futures among the listed products (gateway reference,
# 5.3). CME's Globex notice of 2020-04-03 flags outright energy futures as eligible for negative
# prices, clearing advisory 20-160 of 2020-04-15 says that NYMEX energy futures may trade there, and
# crude for May 2020 settled at -37.63 (CFTC release 8315-20). Read 2026-11-29, without the notices'
# lists of single products.
_BELOW_ZERO = frozenset(
    f"F.US.{root}" for root in ("CLE", "MCLE", "NQM", "NGE", "NQG", "MNG", "HOE", "RBE")
)


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

    @property
    def least_ticks(self) -> int:
        """The lowest price that there can be: one tick, but for what may trade below zero.

        A product that is not known may not.
        """
        return 1 - _TICKS_MAX if self.symbol_id in _BELOW_ZERO else 1

    def can_be_at(self, ticks: int) -> bool:
        """Whether so many ticks can be a price of it at all."""
        return self.least_ticks <= ticks < _TICKS_MAX

    def ticks(self, price: Decimal | float | int | str) -> int:
        """The price as whole ticks. Raises OffGrid, naming price and grid, when it is not on it.

        A float is read through its shortest decimal form, which is what the wire printed.
        """
        exact = price if isinstance(price, Decimal) else Decimal(str(price))
        ticks = exact / self.tick_size
        if not -_TICKS_MAX < ticks < _TICKS_MAX:
            raise OffGrid(f"{exact} is no price of {self.name}")
        whole = int(ticks.to_integral_value())
        if (
            whole * self.tick_size != exact
        ):  # a quotient is rounded: 1e-99999999 would be zero ticks
            raise OffGrid(f"{exact} is not on the {self.tick_size} tick grid of {self.name}")
        return whole

    def price(self, ticks: int) -> Decimal:
        """The price of a whole number of ticks, exact."""
        return self.tick_size * ticks

    def usd(self, ticks: int | Decimal, size: int = 1) -> Decimal:
        """USD that a move of so many ticks is worth on `size` contracts."""
        return self.tick_value * ticks * size
