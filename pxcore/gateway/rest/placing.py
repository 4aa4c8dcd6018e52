"""From the order that we want to the one that the venue takes, or a refusal before it is sent."""

from decimal import Decimal

from pxcore.engine.commands import PlaceEntry, PlaceStop
from pxcore.gateway.wire import codes
from pxcore.gateway.wire.requests import BracketLeg, ModifyOrder, PlaceOrder
from pxcore.model import (
    STOP_LOSS_TICKS_MIN,
    Contract,
    Misconfigured,
    NewOrder,
    OrderChange,
    OrderType,
)

# The price that a type must have; no order has one that its type does not. Reference, 2.9.
_PRICES = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit",),
    OrderType.STOP: ("stop",),
    OrderType.TRAILING_STOP: ("trail",),
    OrderType.JOIN_BID: (),
    OrderType.JOIN_ASK: (),
}


def entry_order(entry: PlaceEntry) -> NewOrder:
    """The engine's entry: a market order with both legs."""
    return NewOrder(
        contract_id=entry.contract_id,
        type=OrderType.MARKET,
        side=entry.side,
        size=entry.size,
        tag=entry.tag,
        stop_loss_ticks=entry.bracket.stop_loss_ticks,
        take_profit_ticks=entry.bracket.take_profit_ticks,
    )


def stop_order(stop: PlaceStop) -> NewOrder:
    """The engine's own stop, for a position whose stop leg is missing."""
    return NewOrder(
        contract_id=stop.contract_id,
        type=OrderType.STOP,
        side=stop.side,
        size=stop.size,
        tag=stop.tag,
        stop_ticks=stop.stop_ticks,
    )


def place_request(account_id: int, order: NewOrder, contract: Contract) -> PlaceOrder:
    """The request, its bracket signed by side: a long's stop is below, its target above.

    Raises Misconfigured for an order that the venue cannot take: it must not leave this machine.
    Source: gateway reference, 2.9 (prices, signs, the types of the legs, the least distance).
    """
    problems = tuple(f"{describe(order, contract)}: {text}" for text in _problems(order, contract))
    if problems:
        raise Misconfigured(*problems)
    direction = order.side.sign
    return PlaceOrder(
        account_id=account_id,
        contract_id=contract.id,
        type=codes.type_code(order.type),
        side=codes.side_code(order.side),
        size=order.size,
        limit_price=_price(contract, order.limit_ticks),
        stop_price=_price(contract, order.stop_ticks),
        trail_price=_price(contract, order.trail_ticks),
        custom_tag=order.tag,
        stop_loss_bracket=_leg(order.stop_loss_ticks, -direction, codes.STOP),
        take_profit_bracket=_leg(order.take_profit_ticks, direction, codes.LIMIT),
    )


def modify_request(
    account_id: int, order_id: int, change: OrderChange, contract: Contract
) -> ModifyOrder:
    """Raises Misconfigured for a change that changes nothing or cannot be."""
    given = (change.size, change.limit_ticks, change.stop_ticks, change.trail_ticks)
    if all(value is None for value in given):
        raise Misconfigured(f"modify order {order_id}: nothing is to be changed")
    if any(value is not None and value < 1 for value in given):
        raise Misconfigured(f"modify order {order_id}: size and prices must be above zero")
    return ModifyOrder(
        account_id=account_id,
        order_id=order_id,
        size=change.size,
        limit_price=_price(contract, change.limit_ticks),
        stop_price=_price(contract, change.stop_ticks),
        trail_price=_price(contract, change.trail_ticks),
    )


def describe(order: NewOrder, contract: Contract) -> str:
    """For a person, and for errors: what would be sent."""
    kind = "" if order.type is OrderType.MARKET else f"{order.type} "
    levels = (order.limit_ticks, order.stop_ticks, order.trail_ticks)
    at = next((f" at {contract.price(level)}" for level in levels if level is not None), "")
    return f"place {kind}{order.side} {order.size} {contract.name}{at} (tag {order.tag})"


def _problems(order: NewOrder, contract: Contract) -> list[str]:
    found: list[str] = []
    if order.contract_id != contract.id:
        found.append(f"the order is for {order.contract_id}")
    if order.size < 1:
        found.append("the size must be at least 1")
    if not order.tag:
        found.append("an order needs a tag, or a lost reply could not be looked up")
    return found + _price_problems(order) + _bracket_problems(order)


def _price_problems(order: NewOrder) -> list[str]:
    wanted = _PRICES.get(order.type)
    if wanted is None:
        return [f"orders of type {order.type} cannot be placed"]
    given = {"limit": order.limit_ticks, "stop": order.stop_ticks, "trail": order.trail_ticks}
    found: list[str] = []
    for name, ticks in given.items():
        if name in wanted and ticks is None:
            found.append(f"a {order.type} order needs a {name} price")
        elif name not in wanted and ticks is not None:
            found.append(f"a {order.type} order has no {name} price")
        elif ticks is not None and ticks < 1:
            found.append(f"the {name} price must be above zero")
    return found


def _bracket_problems(order: NewOrder) -> list[str]:
    stop, target = order.stop_loss_ticks, order.take_profit_ticks
    found: list[str] = []
    if stop is not None and stop < STOP_LOSS_TICKS_MIN:
        found.append(f"stop {stop} ticks away, the least is {STOP_LOSS_TICKS_MIN}")
    if target is not None and target < 1:
        found.append(f"target {target} ticks away, the least is 1")
    return found


def _leg(ticks: int | None, direction: int, type_code: int) -> BracketLeg | None:
    return None if ticks is None else BracketLeg(ticks=direction * ticks, type=type_code)


def _price(contract: Contract, ticks: int | None) -> Decimal | None:
    return None if ticks is None else contract.price(ticks)
