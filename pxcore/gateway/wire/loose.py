"""What can still be made out of rows that cannot be read whole: enough to cancel and to close.

A list in which one row is odd is no list, and proves nothing. But an order is cancelled by its id,
and a position is closed by its contract: whoever flattens an account goes by what there is.
What is missing is taken for what is worse: a position of an unknown size for one that is held. An
order of an unknown kind may protect one.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from pxcore.gateway.wire import codes
from pxcore.model import Order, OrderStatus, OrderType, Position, ProtocolError, Side
from pxcore.text.plain import plain_id


class LooseOrders(msgspec.Struct, rename="camel"):
    orders: list[Any]
    total_count: Any = None


class LoosePositions(msgspec.Struct):
    positions: list[Any]


class LooseTrades(msgspec.Struct):
    trades: list[Any]


def orders_in(rows: Iterable[Any], account_id: int, at: datetime) -> tuple[Order, ...]:
    """Those of the account that have an id and a contract, each once. Prices are left out."""
    found: dict[int, Order] = {}
    for row in _of(rows, account_id):
        order_id = _number(row, "id")
        if order_id is None:
            continue
        found[order_id] = Order(
            id=order_id,
            account_id=account_id,
            contract_id=plain_id(row["contractId"]),
            status=OrderStatus.OPEN,
            type=_type(row),
            side=_side(row) or Side.SELL,
            size=max(_number(row, "size") or 1, 1),
            created_at=at,
            filled_size=0,
            parent_id=_number(row, "parentOrderId"),
        )
    return tuple(found.values())


def positions_in(rows: Iterable[Any], account_id: int, at: datetime) -> tuple[Position, ...]:
    """Those of the account that have a contract; one contract long where the size is unreadable."""
    return tuple(
        Position(
            id=_number(row, "id") or 0,
            account_id=account_id,
            contract_id=plain_id(row["contractId"]),
            size=_signed(row),
            average_price=Decimal(0),
            opened_at=at,
        )
        for row in _of(rows, account_id)
    )


def fills_net_in(rows: Iterable[Any], account_id: int) -> dict[str, int]:
    """By contract, where it is not zero. Raises ProtocolError for a row that says too little: a sum
    with a part missing says nothing.
    """
    net: dict[str, int] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("contractId"), str):
            raise ProtocolError("a fill of no contract")
        if row.get("voided"):
            continue
        side, size = _side(row), _number(row, "size")
        if side is None or size is None or _number(row, "accountId") != account_id:
            raise ProtocolError(f"fill {row.get('id')} says too little")
        contract_id = plain_id(row["contractId"])
        net[contract_id] = net.get(contract_id, 0) + side.sign * size
    return {contract_id: size for contract_id, size in net.items() if size}


def _of(rows: Iterable[Any], account_id: int) -> Iterable[dict[str, Any]]:
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("contractId"), str):
            continue
        if _number(row, "accountId") in (account_id, None):
            yield row


def _number(row: dict[str, Any], name: str) -> int | None:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def _type(row: dict[str, Any]) -> OrderType:
    number = _number(row, "type")
    return OrderType.UNKNOWN if number is None else codes.order_type(number)


def _side(row: dict[str, Any]) -> Side | None:
    number = _number(row, "side")
    try:
        return None if number is None else codes.side(number)
    except ProtocolError:
        return None


def _signed(row: dict[str, Any]) -> int:
    size, kind = _number(row, "size"), _number(row, "type")
    if size is None or size < 0:
        return 1
    try:
        return codes.signed_size(kind or 0, size) if size else 0
    except ProtocolError:
        return size
