"""Why the venue says no: codes and texts of the gateway reference, 2.9 to 2.11.

Texts marked "inferred" there are inferred here too. A refusal with code 2 leaves a rejected row
and consumes the tag, except for a tag that is taken: its row could not be told from the first.
"""

from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal

from pxcore.model import (
    STOP_LOSS_TICKS_MIN,
    Account,
    Contract,
    OffGrid,
    Order,
    OrderType,
    Side,
)
from pxcore.paper.exchange.codes import PlaceCode
from pxcore.paper.exchange.matching import Top, trail_distance
from pxcore.paper.exchange.messages import (
    BracketMode,
    Change,
    Leg,
    OutsideHours,
    PlaceRequest,
    StopLimits,
)

_TRAIL_TICKS_MAX = 1000
_RANGE = 2  # a price above twice or below half the market's is out of range; a guess of ours
_PRICE_DIGITS_MAX = 12  # before or behind the point
CLOSED = "Trading is currently unavailable. The instrument is not in an active trading status."
OUT_OF_RANGE = "Invalid price. Price is outside allowed range."
_POSITION_MODE = (
    "Brackets cannot be used with Position Brackets. You must enable Auto OCO Brackets."
)
_HAS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.JOIN_BID, OrderType.JOIN_ASK)
_HAS_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)
_GOING = {Side.BUY: "longing", Side.SELL: "going short"}
_TYPE_NAMES = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP_LIMIT: "StopLimit",
    OrderType.STOP: "Stop",
    OrderType.TRAILING_STOP: "TrailingStop",
    OrderType.JOIN_BID: "JoinBid",
    OrderType.JOIN_ASK: "JoinAsk",
    OrderType.UNKNOWN: "Unknown",
}


@dataclass(frozen=True, slots=True)
class OrderRefusal:
    code: PlaceCode
    text: str | None = None
    leaves_row: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What an account holds or has asked for, in micros, and what its program allows.

    `held` is signed and of the order's contract, `waiting` what is on its way to the order's side,
    `elsewhere` all other contracts together. `micros` is the weight of one contract.
    """

    micros: int
    held: int
    waiting: int
    elsewhere: int
    micros_max: int | None
    margin_usd: Decimal | None
    equity_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """All that a refusal may look at. `top` is unknown while the contract has no quotes.

    Without an `exposure` the account has no program.
    """

    account: Account | None
    bracket_mode: BracketMode | None
    contract: Contract | None
    top: Top
    tags: Container[str]
    is_open: bool
    stop_limits: StopLimits = StopLimits.REFUSED
    outside_hours: OutsideHours = OutsideHours.REJECTED
    exposure: Exposure | None = None


def place_refusal(request: PlaceRequest, facts: OrderFacts) -> OrderRefusal | None:
    """The first rule that the request breaks; None when it is good."""
    if facts.account is None:
        return OrderRefusal(PlaceCode.ACCOUNT_NOT_FOUND)
    if facts.contract is None:
        return OrderRefusal(PlaceCode.CONTRACT_NOT_FOUND)
    if not facts.contract.is_active:
        return OrderRefusal(PlaceCode.CONTRACT_NOT_ACTIVE)
    if not facts.account.can_trade:
        return OrderRefusal(PlaceCode.ACCOUNT_VIOLATION)
    if not facts.is_open and facts.outside_hours is OutsideHours.OUTSIDE_TRADING_HOURS:
        return OrderRefusal(PlaceCode.OUTSIDE_TRADING_HOURS)
    if any(tag in facts.tags for tag in order_tags(request)):
        return OrderRefusal(PlaceCode.ORDER_REJECTED, "Specified custom tag is already in use")
    text = (
        _size_text(request.size)
        or _type_text(request.type, facts.stop_limits)
        or (None if facts.is_open and facts.top.is_known else CLOSED)
        or _price_text(request, facts.contract, facts.top)
        or _bracket_text(request, facts.bracket_mode)
        or (facts.exposure and _exposure_text(request, facts.exposure))
    )
    return OrderRefusal(PlaceCode.ORDER_REJECTED, text, leaves_row=True) if text else None


def order_tags(request: PlaceRequest) -> tuple[str, ...]:
    """Every tag that the order would use up: its own and those of its legs."""
    if request.tag is None:
        return ()
    stop_loss = (f"{request.tag}-SL",) if request.stop_loss else ()
    take_profit = (f"{request.tag}-TP",) if request.take_profit else ()
    return (request.tag, *stop_loss, *take_profit)


def modify_text(order: Order, change: Change, contract: Contract, top: Top) -> str | None:
    """Why this order cannot be changed so; None when it can. Prices of another type are ignored."""
    if change.size is not None and (text := _size_text(change.size)):
        return text
    if change.size is not None and change.size <= order.filled_size:
        return f"Invalid size ({change.size}). {order.filled_size} already filled."
    text = None
    if order.type in _HAS_LIMIT and change.limit_price is not None:
        text = _limit_text(change.limit_price, contract, top)
    if text is None and order.type in _HAS_STOP and change.stop_price is not None:
        text = _alignment_text("stop", change.stop_price, contract)
        wrong = text is None and _stop_side_text(order.side, change.stop_price, contract, top)
        text = "Invalid stop price" if wrong else text
    if text is None and order.type is OrderType.TRAILING_STOP and change.trail_price is not None:
        text = _trail_text(change.trail_price, contract, top, ticks_max=None)
    return text


def _size_text(size: int) -> str | None:
    return None if size > 0 else f"Invalid size ({size}). Size should be greater than zero."


def _type_text(type_: OrderType, stop_limits: StopLimits) -> str | None:
    is_refused = type_ is OrderType.STOP_LIMIT and stop_limits is StopLimits.REFUSED
    if type_ is OrderType.UNKNOWN or is_refused:
        return f"Invalid order type ({_TYPE_NAMES[type_]})"
    return None


def _price_text(request: PlaceRequest, contract: Contract, top: Top) -> str | None:
    text = None
    if request.type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        text = _limit_text(request.limit_price, contract, top)
    if text is None and request.type in (OrderType.STOP, OrderType.STOP_LIMIT):
        text = _alignment_text("stop", request.stop_price, contract)
        if text is None and request.stop_price is not None:
            text = _stop_side_text(request.side, request.stop_price, contract, top)
    if request.type is OrderType.TRAILING_STOP:
        text = _trail_text(request.trail_price, contract, top, ticks_max=_TRAIL_TICKS_MAX)
    return text


def _limit_text(price: Decimal | None, contract: Contract, top: Top) -> str | None:
    text = _alignment_text("limit", price, contract)
    if text is None and price is not None and _is_far(contract.ticks(price), top):
        return OUT_OF_RANGE
    return text


def _is_far(ticks: int, top: Top) -> bool:
    market = top.bid if top.ask is None else top.ask
    return market is not None and not market <= _RANGE * ticks <= _RANGE * _RANGE * market


def _trail_text(
    price: Decimal | None, contract: Contract, top: Top, *, ticks_max: int | None
) -> str | None:
    """Texts of the digest of the official pages; a modify has no maximum (reference, 2.9, 2.11)."""
    if price is None:
        return "Trail Distance not set."
    text = _alignment_text("trail", price, contract)
    if text is not None:
        return text
    if top.last is None:
        return "Cannot trail without a last price"
    distance = trail_distance(top.last, contract.ticks(price))
    if distance == 0:
        return "Trail Distance not set."
    if ticks_max is not None and distance > ticks_max:
        return f"Trail Distance exceeds maximum ({ticks_max})"
    return None


def _alignment_text(name: str, price: Decimal | None, contract: Contract) -> str | None:
    if price is None:
        return f"Invalid {name} price."
    if not price.is_finite() or abs(price.adjusted()) > _PRICE_DIGITS_MAX:
        return OUT_OF_RANGE
    try:
        ticks = contract.ticks(price)
    except OffGrid:
        return f"Invalid {name} price. Price is not aligned to tick size."
    return None if ticks > 0 else OUT_OF_RANGE


def _stop_side_text(side: Side, price: Decimal, contract: Contract, top: Top) -> str | None:
    near = top.near(side)
    if near is None or side.sign * (contract.ticks(price) - near) > 0:
        return None
    where = "above best bid" if side is Side.BUY else "below best ask"
    return f"Order price is outside allowed range. Please set price {where}."


def _exposure_text(request: PlaceRequest, exposure: Exposure) -> str | None:
    """Position cap and margin. An order that only reduces is never too much."""
    signed = request.side.sign * request.size * exposure.micros
    after = exposure.held + request.side.sign * exposure.waiting + signed
    if abs(after) <= abs(exposure.held):
        return None
    total = abs(after) + exposure.elsewhere
    if exposure.micros_max is not None and total > exposure.micros_max:
        return "Maximum position exceeded for symbol"
    if exposure.margin_usd is not None and total * exposure.margin_usd > exposure.equity_usd:
        return "Not enough margin."
    return None


def _bracket_text(request: PlaceRequest, mode: BracketMode | None) -> str | None:
    if request.stop_loss is None and request.take_profit is None:
        return None
    if mode is BracketMode.POSITION:
        return _POSITION_MODE
    text = _stop_loss_text(request.side, request.stop_loss) if request.stop_loss else None
    if text is None and request.take_profit:
        text = _take_profit_text(request.side, request.take_profit)
    return text


def _stop_loss_text(side: Side, leg: Leg) -> str | None:
    if leg.type not in (OrderType.STOP, OrderType.TRAILING_STOP):
        return f"Invalid stop loss type ({_TYPE_NAMES[leg.type]})"
    if side.sign * leg.ticks >= 0:
        want = f"{'less' if side is Side.BUY else 'greater'} than zero when {_GOING[side]}"
        return f"Invalid stop loss ticks ({leg.ticks}). Ticks should be {want}."
    if abs(leg.ticks) < STOP_LOSS_TICKS_MIN:
        return (
            f"Invalid stop loss ticks ({leg.ticks}). "
            f"Price should be at least {STOP_LOSS_TICKS_MIN} ticks away."
        )
    return None


def _take_profit_text(side: Side, leg: Leg) -> str | None:
    if leg.type is not OrderType.LIMIT:
        return f"Invalid take profit type ({_TYPE_NAMES[leg.type]})"
    if side.sign * leg.ticks <= 0:
        want = f"{'greater' if side is Side.BUY else 'less'} than zero when {_GOING[side]}"
        return f"Invalid take profit ticks ({leg.ticks}). Ticks should be {want}."
    return None
