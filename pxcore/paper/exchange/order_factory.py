"""New orders: entries with their legs, rejected rows, and orders of the venue itself.

Ids, tags and the family ties of a bracket (gateway reference, 7.3) have their one home here. Tags
are never given back: a rejected order keeps its own, legs theirs.
"""

from datetime import datetime

from pxcore.model import Contract, Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange.matching import Top, trail_distance
from pxcore.paper.exchange.messages import Leg, OrderChanged, PlaceRequest
from pxcore.paper.exchange.orders import OrderRegister
from pxcore.paper.exchange.refusals import order_tags

_HAS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_HAS_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


def new_entry(
    orders: OrderRegister,
    at: datetime,
    account_id: int,
    request: PlaceRequest,
    contract: Contract,
    top: Top,
) -> list[OrderChanged]:
    """Books an accepted order and its legs, in the order they are told: stop, entry, target."""
    limit, stop = request.limit_price, request.stop_price
    entry = Order(
        id=orders.next_id(),
        account_id=account_id,
        contract_id=contract.id,
        status=OrderStatus.PENDING,
        type=request.type,
        side=request.side,
        size=request.size,
        created_at=at,
        limit_ticks=contract.ticks(limit) if limit and request.type in _HAS_LIMIT else None,
        stop_ticks=contract.ticks(stop) if stop and request.type in _HAS_STOP else None,
        tag=request.tag,
    )
    orders.use(account_id, order_tags(request))
    stop_leg = request.stop_loss and _leg(orders, entry, request.stop_loss, "SL", None)
    target = request.take_profit and _leg(
        orders, entry, request.take_profit, "TP", stop_leg.id if stop_leg else None
    )
    told = []
    if stop_leg and request.stop_loss:
        told.append(orders.put(at, stop_leg, offset_ticks=request.stop_loss.ticks))
    told.append(orders.put(at, entry, trail_ticks=_trail_ticks(request, contract, top)))
    if target and request.take_profit:
        told.append(orders.put(at, target, offset_ticks=request.take_profit.ticks))
    return told


def new_rejected(
    orders: OrderRegister, at: datetime, account_id: int, request: PlaceRequest
) -> OrderChanged:
    """The row of a refused order. Its prices are left out: they may be off the grid."""
    if request.tag is not None:
        orders.use(account_id, (request.tag,))
    order = Order(
        id=orders.next_id(),
        account_id=account_id,
        contract_id=request.contract_id,
        status=OrderStatus.REJECTED,
        type=request.type,
        side=request.side,
        size=request.size,
        created_at=at,
        tag=request.tag,
    )
    return orders.put(at, order)


def closing_request(contract_id: str, held: int, size: int) -> PlaceRequest:
    """An untagged market order of so many contracts, against the signed position."""
    side = Side.SELL if held > 0 else Side.BUY
    return PlaceRequest(contract_id=contract_id, type=OrderType.MARKET, side=side, size=size)


def _trail_ticks(request: PlaceRequest, contract: Contract, top: Top) -> int | None:
    is_trail = request.type is OrderType.TRAILING_STOP
    if not is_trail or request.trail_price is None or top.last is None:
        return None
    return trail_distance(top.last, contract.ticks(request.trail_price))


def _leg(
    orders: OrderRegister, entry: Order, leg: Leg, suffix: str, linked_id: int | None
) -> Order:
    return Order(
        id=orders.next_id(),
        account_id=entry.account_id,
        contract_id=entry.contract_id,
        status=OrderStatus.SUSPENDED,
        type=leg.type,
        side=entry.side.opposite,
        size=entry.size,
        created_at=entry.created_at,
        tag=None if entry.tag is None else f"{entry.tag}-{suffix}",
        parent_id=entry.id,
        linked_id=linked_id,
    )
