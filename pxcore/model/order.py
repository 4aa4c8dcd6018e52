"""Orders as the venue holds them."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Side(StrEnum):
    """Which way an order or a fill goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP_LIMIT = "stop_limit"
    STOP = "stop"
    TRAILING_STOP = "trailing_stop"
    JOIN_BID = "join_bid"
    JOIN_ASK = "join_ask"
    UNKNOWN = "unknown"


class OrderStatus(StrEnum):
    """`SUSPENDED` is a bracket leg that waits for its entry's fill."""

    PENDING = "pending"
    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    PENDING_CANCELLATION = "pending_cancellation"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """No fill can follow. An unknown status is not terminal: it may still trade."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. Prices in whole ticks, None where the type has none or it is not known.

    `filled_price` is in price units (an average need not lie on the grid), as a decimal string
    would print it. `parent_id` is set on both bracket legs, `linked_id` on the target alone.
    Source: gateway reference, 2.7 and 7.3.
    """

    id: int
    account_id: int
    contract_id: str
    status: OrderStatus
    type: OrderType
    side: Side
    size: int
    created_at: datetime
    limit_ticks: int | None = None
    stop_ticks: int | None = None
    filled_size: int = 0
    filled_ticks: int | None = None
    tag: str | None = None
    parent_id: int | None = None
    linked_id: int | None = None

    @property
    def is_working(self) -> bool:
        """Resting at the venue and able to fill now."""
        return self.status is OrderStatus.OPEN

    @property
    def is_alive(self) -> bool:
        """Not in a terminal status: it trades, or may yet."""
        return not self.status.is_terminal


STOP_LOSS_TICKS_MIN = 4  # a nearer stop is refused by the venue (gateway reference, 2.9)


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """Distances of the two legs from the entry's fill, in ticks, both above zero.

    The client signs them by side.
    """

    stop_loss_ticks: int
    take_profit_ticks: int


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as we want it. Prices and distances in whole ticks, so they are on the grid.

    `trail_ticks` is a price level, not a distance: the venue trails by how far it is from the
    last trade. The legs of a bracket are distances from the fill, above zero; one may be left
    out. `tag` is ours and new for ever. Source: gateway reference, 2.9 and 7.12.
    """

    contract_id: str
    type: OrderType
    side: Side
    size: int
    tag: str
    limit_ticks: int | None = None
    stop_ticks: int | None = None
    trail_ticks: int | None = None
    stop_loss_ticks: int | None = None
    take_profit_ticks: int | None = None


class OrderChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about a working order; None leaves it as it is. In whole ticks,
    all of them price levels. Source: gateway reference, 2.11.
    """

    size: int | None = None
    limit_ticks: int | None = None
    stop_ticks: int | None = None
    trail_ticks: int | None = None
