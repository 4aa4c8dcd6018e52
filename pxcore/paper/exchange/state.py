"""What an exchange keeps over a restart, as a value that can be written as JSON."""

from datetime import datetime
from fractions import Fraction

import msgspec

from pxcore.model import Account, Fill, Position
from pxcore.paper.exchange.books import HeldPosition
from pxcore.paper.exchange.messages import OrderChanged
from pxcore.paper.exchange.program import Standing


class KeptHolding(msgspec.Struct, frozen=True, kw_only=True):
    """A position with its exact average in ticks, as `n/d`."""

    position: Position
    average_ticks: str

    @classmethod
    def of(cls, holding: HeldPosition) -> "KeptHolding":
        return cls(position=holding.position, average_ticks=str(holding.average_ticks))

    def holding(self) -> HeldPosition:
        return HeldPosition(self.position, Fraction(self.average_ticks))


class ExchangeState(msgspec.Struct, frozen=True, kw_only=True):
    """`levels` of trailing stops and `filled_cost` of orders by order id, in ticks.

    `protection` has account, contract, and the two orders that Position Brackets keep there.
    """

    now: datetime
    accounts: tuple[Account, ...]
    standings: dict[int, Standing]
    rows: tuple[OrderChanged, ...]
    levels: dict[int, int]
    triggered: tuple[int, ...]
    filled_cost: dict[int, int]
    last_order_id: int
    last_position_id: int
    tags: dict[int, tuple[str, ...]]
    fills: tuple[Fill, ...]
    holdings: tuple[KeptHolding, ...]
    protection: tuple[tuple[int, str, int, int], ...] = ()
