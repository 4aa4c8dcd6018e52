"""What goes into the exchange and what comes out: settings, requests, answers, events."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from pxcore.model import (
    Account,
    Fill,
    MarketTrade,
    Order,
    OrderType,
    Position,
    Quote,
    Side,
)
from pxcore.paper.exchange.codes import PlaceCode
from pxcore.paper.exchange.program import Program


class BracketMode(Enum):
    """A setting of the account, which the API neither shows nor changes (reference, 7.2)."""

    AUTO_OCO = "auto_oco"
    POSITION = "position"


class FillRule(Enum):
    """When a resting limit order fills. The venue's own rule is not known (reference, 7.10)."""

    TRADE_THROUGH = "trade_through"
    TOUCH = "touch"


class LegsAfterClose(Enum):
    """What a close does to the legs of the bracket that opened the position (reference, 7.6)."""

    SURVIVE = "survive"
    CANCELLED = "cancelled"


class Sibling(Enum):
    """What cancelling one leg by hand does to the other (reference, 7.5)."""

    STAYS = "stays"
    CANCELLED = "cancelled"


class OutsideHours(Enum):
    """How an order outside trading hours is refused: code 2 was met, 5 documented (2.9)."""

    REJECTED = "rejected"
    OUTSIDE_TRADING_HOURS = "outside_trading_hours"


class StopLimits(Enum):
    """They are in the venue's enumeration, not among what it takes (reference, 2.9)."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBrackets:
    """What an account in Position Brackets mode protects every position with, in USD of it."""

    loss_usd: Decimal
    profit_usd: Decimal


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account as it starts. The venue's default bracket mode is POSITION; ours trades.

    Without a `program` it has no limits; `position_brackets` count in mode POSITION only.
    """

    id: int
    name: str
    balance_usd: Decimal
    bracket_mode: BracketMode = BracketMode.AUTO_OCO
    can_trade: bool = True
    program: Program | None = None
    position_brackets: PositionBrackets | None = None


@dataclass(frozen=True, slots=True)
class Latencies:
    """The venue's delays, in milliseconds: the middle of what was recorded (reference, 7.4)."""

    market_fill_ms: float = 3.0  # plain market order: placed to filled
    bracketed_fill_ms: float = 7.0  # the same with brackets
    open_ms: float = 2.0  # limit and stop orders: placed to working
    position_ms: float = 4.0  # fill to the events about position and account
    target_ms: float = 18.0  # entry's fill to the target working
    stop_loss_ms: float = 19.0  # entry's fill to the stop working
    oco_ms: float = 12.0  # leg's fill to the sibling's cancel
    cancel_ms: float = 3.0
    modify_ms: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """Executions of at most `size` contracts, `gap_ms` apart. The venue's own are unrecorded."""

    size: int
    gap_ms: float = 5.0


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """`clips` of None fills every order at once. A stop slips by 0 to `stop_slippage_ticks_max`
    more than the market makes it (0, 1 and 2 were recorded: reference, 7.10).
    """

    latencies: Latencies = Latencies()
    fill_rule: FillRule = FillRule.TRADE_THROUGH
    clips: Clips | None = None
    leftovers: LegsAfterClose = LegsAfterClose.SURVIVE
    sibling: Sibling = Sibling.STAYS
    stop_limits: StopLimits = StopLimits.REFUSED
    outside_hours: OutsideHours = OutsideHours.REJECTED
    stop_slippage_ticks_max: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One leg of a bracket. `ticks` from the entry's fill, signed: a long's stop is negative."""

    ticks: int
    type: OrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRequest:
    """A new order as it came: prices in price units, on the grid or not."""

    contract_id: str
    type: OrderType
    side: Side
    size: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    tag: str | None = None
    stop_loss: Leg | None = None
    take_profit: Leg | None = None

    @property
    def has_legs(self) -> bool:
        return self.stop_loss is not None or self.take_profit is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a modify asks for; None leaves it as it is."""

    size: int | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """A refused order can still have a row, and so an id (reference, 2.9)."""

    order_id: int | None
    code: PlaceCode
    text: str | None = None


Code = TypeVar("Code", covariant=True)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Code]):
    """The answer to a cancel, modify or close, in that endpoint's own codes."""

    code: Code
    text: str | None = None


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is from `at` on.

    `updated_at` is what the venue calls the update time, which is not the fill's (reference, 7.8).
    `offset_ticks` is a bracket leg's signed distance from a fill that is yet to come,
    `trail_ticks` a trailing stop's distance, without a sign. `filled_price` is the average in
    price units, which need not lie on the grid; the order's own is then None.
    """

    at: datetime
    order: Order
    updated_at: datetime
    offset_ticks: int | None = None
    trail_ticks: int | None = None
    filled_price: Decimal | None = None


class FillMade(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    fill: Fill


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """`position.size` is zero when it closed; the average price is then the last one held."""

    at: datetime
    position: Position


class AccountChanged(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    account: Account


VenueEvent = OrderChanged | FillMade | PositionChanged | AccountChanged | Quote | MarketTrade
