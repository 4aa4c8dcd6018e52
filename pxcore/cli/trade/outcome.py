"""What became of an order that was sent: looked at until it is settled, and judged."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.values import order_document, order_line, orders_table, words
from pxcore.model import (
    Account,
    Contract,
    Misconfigured,
    NewOrder,
    Order,
    OrderStatus,
    OrderType,
    OutcomeUnknown,
    PxError,
    Unavailable,
)

_BEFORE = timedelta(minutes=5)  # the venue's clock is not ours


class OrderOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`order` is None when it is not known, or when there is none.

    `name` is the order's status, `unknown`, or `rejected` when the venue refused it at once.
    """

    name: str
    tag: str
    order: Order | None = None
    legs: tuple[Order, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.problems


def follow(
    desk: Gateway, account: Account, wanted: NewOrder, order_id: int, *, sent_at: datetime
) -> OrderOutcome:
    """The order once it works or is over, with the legs of its bracket likewise.

    The venue may not know an order yet whose place it has just answered.
    """

    def look() -> Order | None:
        try:
            return desk.order(account.id, order_id)
        except Misconfigured:
            return None

    order: Order | None = None
    legs: tuple[Order, ...] = ()
    try:
        order = desk.look_until(look, lambda seen: seen is not None and _is_settled(seen))
        if order is None:
            raise Unavailable(f"the venue does not know order {order_id}")
        if _legs_wanted(wanted) and order.status is not OrderStatus.REJECTED:
            is_held = order.status is OrderStatus.FILLED
            legs = desk.look_until(
                lambda: _legs(desk, account, order_id, sent_at),
                lambda seen: not is_held or _are_settled(seen, _legs_wanted(wanted)),
            )
    except PxError as error:
        if order is None:
            problem = f"order {order_id} was accepted; what became of it is not known: {error}"
            return OrderOutcome(name="unknown", tag=wanted.tag, problems=(problem,))
        unseen = f"its legs could not be looked at: {error}; see `px orders open`"
        return OrderOutcome(
            name=order.status.value, tag=wanted.tag, order=order, problems=(unseen,)
        )
    return OrderOutcome(
        name=order.status.value,
        tag=wanted.tag,
        order=order,
        legs=legs,
        problems=_order_problems(order) + _leg_problems(order, legs, wanted),
    )


def look_up(
    desk: Gateway, account: Account, wanted: NewOrder, lost: OutcomeUnknown
) -> OrderOutcome:
    """What became of an order whose answer was lost, by its tag. It is never sent again.

    Looks for as long as it may still reach the venue (PX_UNKNOWN_GRACE_S).
    """
    since = desk.now
    desk.out.warn(f"the answer was lost ({lost}): looking for tag {wanted.tag}, sending nothing")
    found: Order | None = None
    failure = ""
    for wait_s in _waits(desk.settings.unknown_grace_s):
        if wait_s:
            desk.sleep(wait_s)
        try:
            found, failure = desk.client.resolve(account.id, wanted.tag, since=since), ""
        except PxError as error:
            failure = f"; it could not be looked for: {error}"
        if found is not None:
            desk.out.say(f"found: order {found.id} has that tag, so it did arrive")
            return follow(desk, account, wanted, found.id, sent_at=since)
    grace = f"{desk.settings.unknown_grace_s:g} s"
    problem = (
        f"whether the order arrived is UNKNOWN: no order with tag {wanted.tag} was found within "
        f"{grace}{failure}. Do not place it again before `px orders search --tag {wanted.tag}`, "
        "`px orders open` and the platform agree that it is not there"
    )
    return OrderOutcome(name="unknown", tag=wanted.tag, problems=(problem,))


def show(desk: Gateway, outcome: OrderOutcome, contract: Contract) -> int:
    """0 when the order works, or is filled with its legs working."""
    order = outcome.order
    document: dict[str, Any] = {
        "outcome": outcome.name,
        "tag": outcome.tag,
        "order": order_document(order, contract) if order else None,
        "legs": [order_document(leg, contract) for leg in outcome.legs],
        "problems": outcome.problems,
    }
    parts: list[Any] = []
    if order is not None:
        parts = [
            _headline(order, contract),
            orders_table((order, *outcome.legs), {contract.id: contract}),
        ]
    desk.out.show(document, *parts)
    for problem in outcome.problems:
        desk.out.warn(problem)
    return 0 if outcome.is_good else 1


def _headline(order: Order, contract: Contract) -> str:
    status = "working" if order.is_working else words(order.status)
    at = ""
    if order.status is OrderStatus.FILLED and order.filled_ticks is not None:
        at = f" at {contract.price(order.filled_ticks)}"
    return f"order {order.id} is {status}{at}: {order_line(order, contract)}"


def _waits(total_s: float) -> list[float]:
    """Seconds before each look: none before the first, then longer, `total_s` in all."""
    waits, wait_s = [0.0], 0.5
    while sum(waits) < total_s:
        waits.append(min(wait_s, total_s - sum(waits)))
        wait_s *= 2
    return waits


def _legs_wanted(wanted: NewOrder) -> int:
    return sum(ticks is not None for ticks in (wanted.stop_loss_ticks, wanted.take_profit_ticks))


def _legs(desk: Gateway, account: Account, order_id: int, sent_at: datetime) -> tuple[Order, ...]:
    made = desk.client.orders(account.id, start=sent_at - _BEFORE)
    return tuple(order for order in made if order.parent_id == order_id)


def _is_settled(order: Order) -> bool:
    """A market order is on the book for a moment only: that it works there says nothing."""
    return not order.is_alive or (order.is_working and order.type is not OrderType.MARKET)


def _are_settled(legs: tuple[Order, ...], count: int) -> bool:
    return len(legs) >= count and all(leg.is_working or not leg.is_alive for leg in legs)


def _order_problems(order: Order) -> tuple[str, ...]:
    if order.status is OrderStatus.FILLED or (order.is_working and _is_settled(order)):
        return ()
    if order.status is OrderStatus.REJECTED:
        return (f"the venue rejected order {order.id} and gave no reason",)
    status = words(order.status)
    return (f"order {order.id} is {status}: see `px orders search --tag {order.tag}`",)


def _leg_problems(order: Order, legs: tuple[Order, ...], wanted: NewOrder) -> tuple[str, ...]:
    """An entry that filled is safe when all its legs work, or when one of them took it out."""
    count = _legs_wanted(wanted)
    if order.status is not OrderStatus.FILLED or not count:
        return ()
    working = sum(leg.is_working for leg in legs)
    if working == count or any(leg.status is OrderStatus.FILLED for leg in legs):
        return ()
    return (
        f"the entry is filled and NOT PROTECTED: {working} of {count} legs work; look with `px "
        f"orders open`, close with `px position close {order.contract_id}`",
    )
