"""`px order modify` and `px order cancel`: one working order, changed or taken back."""

from typing import Any

import msgspec

from pxcore.cli.trade.consent import (
    Consent,
    holding,
    is_agreed_to,
    require_may_act,
    require_may_open,
)
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.prices import price_ticks, trail_level
from pxcore.cli.trade.values import order_document, order_line, orders_table, words
from pxcore.gateway.rest.placing import modify_request
from pxcore.model import (
    Contract,
    Misconfigured,
    Order,
    OrderChange,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    PxError,
    Refused,
)

_OPTIONS_OF = {
    "--limit": (OrderType.LIMIT, OrderType.STOP_LIMIT),
    "--stop": (OrderType.STOP, OrderType.STOP_LIMIT),
    "--trail": (OrderType.TRAILING_STOP,),
}
_GONE_HARMLESS = (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)


class ChangeAsked(msgspec.Struct, frozen=True, kw_only=True):
    """As typed; None leaves it as it is. `trail` in ticks from the last trade."""

    size: int | None
    limit: str | None
    stop: str | None
    trail: int | None


def modify(desk: Gateway, order_id: int, asked: ChangeAsked, consent: Consent) -> int:
    """0 when the venue took the change. It is sent once, whatever becomes of the answer."""
    require_may_act(desk, consent)
    account = desk.account()
    order = desk.order(account.id, order_id)
    contract = desk.client.contract(order.contract_id)
    if not order.is_alive:
        raise Misconfigured(f"order {order_id} is {words(order.status)}: nothing was sent")
    change, lines = _change(desk, order, asked, contract)
    modify_request(account.id, order_id, change, contract)  # raises for what cannot be
    if change.size is not None and change.size > order.size:
        _require_may_grow(desk, change.size)
    plan = [f"will modify order {order_id}: {order_line(order, contract)}", *lines]
    if not is_agreed_to(desk, account, plan, consent):
        return 1
    if asked.trail is not None and not consent.is_agreed:  # the market moved while we asked
        change, lines = _change(desk, order, asked, contract)
        desk.out.say(lines[0])
    problem = None
    with holding(desk, account, consent, verb="px order modify"):
        try:
            desk.client.modify_order(account.id, order_id, change, contract)
        except OutcomeUnknown as error:
            problem = str(error)
        except Refused as error:
            return _show(desk, order, contract, (str(error),))
        return _after_modify(desk, order, change, contract, problem)


def cancel(desk: Gateway, order_id: int, consent: Consent) -> int:
    """0 when the order is over and did not fill; 1 when it filled, or is alive still."""
    require_may_act(desk, consent)
    account = desk.account()
    order = desk.order(account.id, order_id)
    contract = desk.client.contract(order.contract_id)
    if not order.is_alive:
        desk.out.say(f"order {order_id} is {words(order.status)} already: nothing was sent")
        return _show(desk, order, contract, _after_cancel_problems(order, None))
    plan = [f"will cancel order {order_id}: {order_line(order, contract)}"]
    if order.parent_id is not None:
        plan.append(
            f"it is a leg of entry {order.parent_id}: the position, if any, loses it; its sibling "
            "is not known to go with it"
        )
    if not is_agreed_to(desk, account, plan, consent):
        return 1
    problem = None
    with holding(desk, account, consent, verb="px order cancel", is_way_out=True):
        try:
            desk.client.cancel_order(account.id, order_id)
        except (OutcomeUnknown, Refused) as error:
            problem = str(error)
        try:
            seen = desk.look_until(
                lambda: desk.order(account.id, order_id), lambda seen: not seen.is_alive
            )
        except PxError as error:
            unseen = f"cancel was sent; whether order {order_id} is gone is not known: {error}"
            return _show(desk, order, contract, (unseen,))
    return _show(desk, seen, contract, _after_cancel_problems(seen, problem))


def _after_cancel_problems(order: Order, answer: str | None) -> tuple[str, ...]:
    if order.status in _GONE_HARMLESS:
        return ()
    if order.status is OrderStatus.FILLED:
        return (f"order {order.id} filled, it was not cancelled: see `px positions open`",)
    why = f" ({answer})" if answer else ""
    return (f"order {order.id} is {words(order.status)} still{why}: look again before acting",)


def _change(
    desk: Gateway, order: Order, asked: ChangeAsked, contract: Contract
) -> tuple[OrderChange, list[str]]:
    """What to send, and what it will be, old and new, for a person."""
    given = {"--limit": asked.limit, "--stop": asked.stop, "--trail": asked.trail}
    for option, value in given.items():
        if value is not None and order.type not in _OPTIONS_OF[option]:
            raise Misconfigured(
                f"{option}: order {order.id} is a {words(order.type)} order; nothing was sent"
            )
    lines: list[str] = []
    limit_ticks = price_ticks(contract, asked.limit, option="--limit")
    stop_ticks = price_ticks(contract, asked.stop, option="--stop")
    trail_ticks = None
    if asked.trail is not None:
        trail_ticks, line = trail_level(desk, contract, order.side, asked.trail)
        lines.append(line)
    if asked.size is not None:
        lines.append(f"size {order.size} becomes {asked.size}")
    for name, old, new in (
        ("limit", order.limit_ticks, limit_ticks),
        ("stop", order.stop_ticks, stop_ticks),
    ):
        if new is not None:
            before = "-" if old is None else contract.price(old)
            lines.append(f"{name} {before} becomes {contract.price(new)}")
    change = OrderChange(
        size=asked.size, limit_ticks=limit_ticks, stop_ticks=stop_ticks, trail_ticks=trail_ticks
    )
    return change, lines


def _require_may_grow(desk: Gateway, size: int) -> None:
    require_may_open(desk)
    if size > desk.settings.contracts_max:
        raise Misconfigured(
            f"--size {size} is above PX_CONTRACTS_MAX {desk.settings.contracts_max}; nothing was "
            "sent"
        )


def _after_modify(
    desk: Gateway, before: Order, change: OrderChange, contract: Contract, lost: str | None
) -> int:
    """The order as it is now. An answer that was lost is looked for in the order itself."""

    def is_settled(seen: Order) -> bool:
        return not seen.is_alive or _has(seen, change)

    try:
        seen = desk.look_until(lambda: desk.order(before.account_id, before.id), is_settled)
    except PxError as error:
        sent = f"the answer was lost ({lost})" if lost else "the venue took the change"
        problem = f"{sent}, and the order could not be looked at: {error}"
        return _show(desk, before, contract, (problem,))
    if lost is not None and change.trail_ticks is not None:
        problem = f"the answer was lost ({lost}), and a trail cannot be read back: UNKNOWN"
        return _show(desk, seen, contract, (problem,))
    if _has(seen, change):
        return _show(desk, seen, contract, ())
    if not seen.is_alive:
        return _show(desk, seen, contract, (f"order {seen.id} is {words(seen.status)}",))
    why = f"the answer was lost ({lost})" if lost else "the venue took the change"
    problem = f"{why}, but the order does not show it: look again before acting"
    return _show(desk, seen, contract, (problem,))


def _has(order: Order, change: OrderChange) -> bool:
    pairs = (
        (change.size, order.size),
        (change.limit_ticks, order.limit_ticks),
        (change.stop_ticks, order.stop_ticks),
    )
    return all(wanted is None or wanted == found for wanted, found in pairs)


def _show(desk: Gateway, order: Order, contract: Contract, problems: tuple[str, ...]) -> int:
    document: dict[str, Any] = {"order": order_document(order, contract), "problems": problems}
    desk.out.show(document, orders_table((order,), {contract.id: contract}))
    for problem in problems:
        desk.out.warn(problem)
    return 1 if problems else 0
