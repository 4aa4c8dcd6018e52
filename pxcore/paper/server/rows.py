"""The venue's JSON on its way out: rows and events, in the forms that REST and stream have.

REST rows write every field, null included; the stream leaves nulls out. Their clocks differ too:
REST prints microseconds without trailing zeros, the stream seven digits, market events
milliseconds. Source: gateway reference, 2 and 4.5 to 4.6.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from pxcore.model import (
    Account,
    Bar,
    BarUnit,
    Contract,
    DepthKind,
    Fill,
    OrderStatus,
    OrderType,
    Position,
    Side,
)
from pxcore.paper.exchange import OrderChanged

Json = dict[str, object]
_NO_SKEW = timedelta(0)

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
DEPTH = {
    DepthKind.UNKNOWN: 0,
    DepthKind.ASK: 1,
    DepthKind.BID: 2,
    DepthKind.BEST_ASK: 3,
    DepthKind.BEST_BID: 4,
    DepthKind.TRADE: 5,
    DepthKind.RESET: 6,
    DepthKind.LOW: 7,
    DepthKind.HIGH: 8,
    DepthKind.NEW_BEST_BID: 9,
    DepthKind.NEW_BEST_ASK: 10,
    DepthKind.FILL: 11,
}
BAR_UNIT_OF = {
    1: BarUnit.SECOND,
    2: BarUnit.MINUTE,
    3: BarUnit.HOUR,
    4: BarUnit.DAY,
    5: BarUnit.WEEK,
    6: BarUnit.MONTH,
}
STATUS_OF = {number: status for status, number in STATUSES.items()}


@dataclass(frozen=True, slots=True)
class RowForm:
    """How rows are written: for the stream or for REST, and how far the venue's clock is off."""

    is_stream: bool
    skew: timedelta = _NO_SKEW

    def time(self, moment: datetime) -> str:
        return (stream_time if self.is_stream else rest_time)(moment + self.skew)

    def row(self, fields: Json) -> Json:
        return present(fields) if self.is_stream else fields


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
    prices = {
        "o": bar.open_ticks,
        "h": bar.high_ticks,
        "l": bar.low_ticks,
        "c": bar.close_ticks,
    }
    return {
        "t": rest_time(bar.opened_at),
        **{name: _price(contract, ticks) for name, ticks in prices.items()},
        "v": bar.volume,
    }


def order_row(row: OrderChanged, contract: Contract, form: RowForm) -> Json:
    order = row.order
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
        "creationTimestamp": form.time(order.created_at),
        "updateTimestamp": form.time(row.updated_at),
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
    return form.row(fields) | present(related)


def position_row(position: Position, contract: Contract, form: RowForm) -> Json:
    """`size` never has a sign; a closed position is of type 0 and keeps its average price."""
    return {
        "id": position.id,
        "accountId": position.account_id,
        "contractId": position.contract_id,
        "contractDisplayName": contract.name[:-1] + contract.id[-2:],
        "creationTimestamp": form.time(position.opened_at),
        "type": 0 if position.size == 0 else 1 if position.size > 0 else 2,
        "size": abs(position.size),
        "averagePrice": number(position.average_price),
    }


def trade_row(fill: Fill, contract: Contract, form: RowForm) -> Json:
    fields: Json = {
        "id": fill.id,
        "accountId": fill.account_id,
        "contractId": fill.contract_id,
        "creationTimestamp": form.time(fill.happened_at),
        "price": _price(contract, fill.price_ticks),
        "profitAndLoss": None if fill.pnl_usd is None else number(fill.pnl_usd),
        "fees": number(fill.fees_usd),
        "commissions": number(fill.commissions_usd),
        "side": SIDES[fill.side],
        "size": fill.size,
        "voided": fill.is_voided,
        "orderId": fill.order_id,
    }
    return form.row(fields)


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


def _price(contract: Contract, ticks: int | None) -> int | float | None:
    return None if ticks is None else number(contract.price(ticks))


def present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
