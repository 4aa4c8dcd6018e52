"""The venue's JSON: request bodies in, rows and events out.

REST rows write every field, null included; the stream leaves nulls out. Their clocks differ too:
REST prints microseconds without trailing zeros, the stream seven digits, market events
milliseconds. Source: gateway reference, 2 and 4.5 to 4.6.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from pxcore.model import Account, Contract, Fill, OrderStatus, OrderType, Position, Side
from pxcore.paper.bars import Bar
from pxcore.paper.exchange import Change, Leg, OrderChanged, PlaceRequest

Json = dict[str, object]
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]

SIDES = {Side.BUY: 0, Side.SELL: 1}
STATUSES = {
    OrderStatus.UNKNOWN: 0,
    OrderStatus.OPEN: 1,
    OrderStatus.FILLED: 2,
    OrderStatus.CANCELLED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.REJECTED: 5,
    OrderStatus.PENDING: 6,
    OrderStatus.PENDING_CANCELLATION: 7,
    OrderStatus.SUSPENDED: 8,
}
TYPES = {
    OrderType.UNKNOWN: 0,
    OrderType.LIMIT: 1,
    OrderType.MARKET: 2,
    OrderType.STOP_LIMIT: 3,
    OrderType.STOP: 4,
    OrderType.TRAILING_STOP: 5,
    OrderType.JOIN_BID: 6,
    OrderType.JOIN_ASK: 7,
}
STATUS_OF = {number: status for status, number in STATUSES.items()}
_TYPE_OF = {number: type_ for type_, number in TYPES.items()}
_SIDE_OF = {number: side for side, number in SIDES.items()}


class Body(msgspec.Struct, frozen=True, rename="camel"):
    """A request's JSON. A field without a default is required: without it the answer is 400."""


class LoginBody(Body, frozen=True):
    user_name: str
    api_key: str


class AccountsBody(Body, frozen=True):
    only_active_accounts: bool


class ContractsBody(Body, frozen=True):
    live: bool
    search_text: str = ""


class ContractBody(Body, frozen=True):
    contract_id: str


class BarsBody(Body, frozen=True):
    contract_id: str
    live: bool
    start_time: datetime
    end_time: datetime
    unit: int
    unit_number: int
    limit: int
    include_partial_bar: bool


class AccountBody(Body, frozen=True):
    account_id: Int32


class HistoryBody(Body, frozen=True):
    """Both ends are included; a time without a zone is UTC."""

    account_id: Int32
    start_timestamp: datetime
    end_timestamp: datetime | None = None


class OrderBody(Body, frozen=True):
    account_id: Int32
    order_id: int


class LegBody(Body, frozen=True):
    ticks: Int32
    type: int

    def leg(self) -> Leg:
        return Leg(ticks=self.ticks, type=_TYPE_OF.get(self.type, OrderType.UNKNOWN))


class PlaceBody(Body, frozen=True):
    account_id: Int32
    contract_id: str
    type: int
    side: Annotated[int, msgspec.Meta(ge=0, le=1)]
    size: Int32
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    custom_tag: str | None = None
    stop_loss_bracket: LegBody | None = None
    take_profit_bracket: LegBody | None = None

    def request(self) -> PlaceRequest:
        return PlaceRequest(
            contract_id=self.contract_id,
            type=_TYPE_OF.get(self.type, OrderType.UNKNOWN),
            side=_SIDE_OF[self.side],
            size=self.size,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
            tag=self.custom_tag or None,
            stop_loss=self.stop_loss_bracket.leg() if self.stop_loss_bracket else None,
            take_profit=self.take_profit_bracket.leg() if self.take_profit_bracket else None,
        )


class ModifyBody(Body, frozen=True):
    account_id: Int32
    order_id: int
    size: Int32 | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None

    def change(self) -> Change:
        return Change(
            size=self.size,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
        )


class CloseBody(Body, frozen=True):
    account_id: Int32
    contract_id: str


class PartialCloseBody(Body, frozen=True):
    account_id: Int32
    contract_id: str
    size: Int32


class QueryFilter(Body, frozen=True):
    account_id: Int32
    statuses: tuple[int, ...] | None = None
    contract_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class QueryBody(Body, frozen=True):
    filter: QueryFilter
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    page_offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    sort_by: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    sort_direction: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    include_total_count: bool = False


def envelope(code: int, text: str | None = None, **payload: object) -> Json:
    """Every answer of the application, good or bad, is this and HTTP 200."""
    return {**payload, "success": code == 0, "errorCode": code, "errorMessage": text}


def account_row(account: Account) -> Json:
    return {
        "id": account.id,
        "name": account.name,
        "balance": number(account.balance_usd),
        "canTrade": account.can_trade,
        "isVisible": True,
        "simulated": account.is_simulated,
    }


def contract_row(contract: Contract) -> Json:
    return {
        "id": contract.id,
        "name": contract.name,
        "description": contract.description,
        "tickSize": number(contract.tick_size),
        "tickValue": number(contract.tick_value),
        "activeContract": contract.is_active,
        "symbolId": contract.symbol_id,
    }


def bar_row(bar: Bar, contract: Contract) -> Json:
    """`t` is when the bar opened."""
    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close}
    return {
        "t": rest_time(datetime.fromtimestamp(bar.start_s, UTC)),
        **{name: _price(contract, ticks) for name, ticks in prices.items()},
        "v": bar.volume,
    }


def order_row(row: OrderChanged, contract: Contract, *, stream: bool) -> Json:
    order = row.order
    stamp = stream_time if stream else rest_time
    offset = row.offset_ticks if order.status is OrderStatus.SUSPENDED else row.trail_ticks
    related: Json = {
        "trailDistance": offset,
        "trailPrice": None if offset is None else _price(contract, offset),
        "parentOrderId": order.parent_id,
        "linkedOrderId": order.linked_id,
    }
    fields: Json = {
        "id": order.id,
        "accountId": order.account_id,
        "contractId": order.contract_id,
        "symbolId": contract.symbol_id,
        "creationTimestamp": stamp(order.created_at),
        "updateTimestamp": stamp(row.updated_at),
        "status": STATUSES[order.status],
        "type": TYPES[order.type],
        "side": SIDES[order.side],
        "size": order.size,
        "limitPrice": _price(contract, order.limit_ticks),
        "stopPrice": _price(contract, order.stop_ticks),
        "fillVolume": order.filled_size,
        "filledPrice": None if row.filled_price is None else number(row.filled_price),
        "customTag": order.tag,
    }
    return (_present(fields) if stream else fields) | _present(related)


def position_row(position: Position, contract: Contract, *, stream: bool) -> Json:
    """`size` never has a sign; a closed position is of type 0 and keeps its average price."""
    return {
        "id": position.id,
        "accountId": position.account_id,
        "contractId": position.contract_id,
        "contractDisplayName": contract.name[:-1] + contract.id[-2:],
        "creationTimestamp": (stream_time if stream else rest_time)(position.opened_at),
        "type": 0 if position.size == 0 else 1 if position.size > 0 else 2,
        "size": abs(position.size),
        "averagePrice": number(position.average_price),
    }


def trade_row(fill: Fill, contract: Contract, *, stream: bool) -> Json:
    row: Json = {
        "id": fill.id,
        "accountId": fill.account_id,
        "contractId": fill.contract_id,
        "creationTimestamp": (stream_time if stream else rest_time)(fill.happened_at),
        "price": _price(contract, fill.price_ticks),
        "profitAndLoss": None if fill.pnl_usd is None else number(fill.pnl_usd),
        "fees": number(fill.fees_usd),
        "commissions": number(fill.commissions_usd),
        "side": SIDES[fill.side],
        "size": fill.size,
        "voided": fill.is_voided,
        "orderId": fill.order_id,
    }
    return _present(row) if stream else row


def number(value: Decimal) -> int | float:
    """As the venue prints numbers: 29547 and 0.36, never 29547.00."""
    whole = int(value)
    return whole if whole == value else float(value)


def rest_time(moment: datetime) -> str:
    fraction = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def stream_time(moment: datetime) -> str:
    """Seven digits, the last one never zero: a client that compares must cut it off."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}{1 + moment.microsecond % 9}+00:00"


def market_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+00:00"


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _price(contract: Contract, ticks: int | None) -> int | float | None:
    return None if ticks is None else number(contract.price(ticks))


def _present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
