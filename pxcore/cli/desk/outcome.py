"""What became of an order that was sent: looked at until it is settled, and judged."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from pxcore.cli.desk.desk import Desk
from pxcore.cli.desk.values import order_document, order_line, orders_table
from pxcore.model import Account, Contract, NewOrder, Order, OrderStatus, OutcomeUnknown, PxError

_BEFORE = timedelta(minutes=5)  # the venue's clock is not ours


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
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
    desk: Desk, account: Account, wanted: NewOrder, order_id: int, *, sent_at: datetime
) -> Outcome:
    """The order once it works or is over, with its legs once they work or are over."""

    def look() -> Order:
        return desk.order(account.id, order_id)

    order: Order | None = None
    legs: tuple[Order, ...] = ()
    try:
        order = desk.look_until(look, lambda seen: seen.is_working or not seen.is_alive)
        if order.status is OrderStatus.FILLED and _legs_wanted(wanted):
            legs = desk.look_until(
                lambda: _legs(desk, account, order_id, sent_at),
                lambda seen: _are_settled(seen, _legs_wanted(wanted)),
            )
    except PxError as error:
        if order is None:
            problem = f"order {order_id} was accepted; what became of it is not known: {error}"
            return Outcome(name="unknown", tag=wanted.tag, problems=(problem,))
        unseen = f"its legs could not be looked at: {error}; see `px orders open`"
        return Outcome(name=order.status.value, tag=wanted.tag, order=order, problems=(unseen,))
    return Outcome(
        name=order.status.value,
        tag=wanted.tag,
        order=order,
        legs=legs,
        problems=_order_problems(order) + _leg_problems(order, legs, wanted),
    )


def look_up(desk: Desk, account: Account, wanted: NewOrder, lost: OutcomeUnknown) -> Outcome:
    """What became of an order whose answer was lost, by its tag. It is never sent again.

    Looks for as long as it may still reach the venue (PX_UNKNOWN_GRACE_S).
    """
    since = desk.now
    desk.out.warn(f"the answer was lost ({lost}): looking for tag {wanted.tag}, sending nothing")
    found: Order | None = None
    failure = ""
    waits = _waits(desk.settings.unknown_grace_s)
    for wait_s in waits:
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
    return Outcome(name="unknown", tag=wanted.tag, problems=(problem,))


def show(desk: Desk, outcome: Outcome, contract: Contract) -> int:
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
    status = "working" if order.is_working else order.status.value.replace("_", " ")
    at = ""
    if order.status is OrderStatus.FILLED and order.filled_ticks is not None:
        at = f" at {contract.price(order.filled_ticks)}"
    return f"order {order.id} is {status}{at}: {order_line(order, contract)}"


def _waits(total_s: float) -> list[float]:
    """None before the first look, then longer each time, `total_s` in all."""
    waits, wait_s = [0.0], 0.5
    while sum(waits) < total_s:
        waits.append(min(wait_s, total_s - sum(waits)))
        wait_s *= 2
    return waits


def _legs_wanted(wanted: NewOrder) -> int:
    return sum(ticks is not None for ticks in (wanted.stop_loss_ticks, wanted.take_profit_ticks))


def _legs(desk: Desk, account: Account, order_id: int, sent_at: datetime) -> tuple[Order, ...]:
    made = desk.client.orders(account.id, start=sent_at - _BEFORE)
    return tuple(order for order in made if order.parent_id == order_id)


def _are_settled(legs: tuple[Order, ...], count: int) -> bool:
    return len(legs) >= count and all(leg.is_working or not leg.is_alive for leg in legs)


def _order_problems(order: Order) -> tuple[str, ...]:
    if order.is_working or order.status is OrderStatus.FILLED:
        return ()
    if order.status is OrderStatus.REJECTED:
        return (f"the venue rejected order {order.id} and gave no reason",)
    status = order.status.value.replace("_", " ")
    return (f"order {order.id} is {status}: see `px orders search --tag {order.tag}`",)


def _leg_problems(order: Order, legs: tuple[Order, ...], wanted: NewOrder) -> tuple[str, ...]:
    count = _legs_wanted(wanted)
    if order.status is not OrderStatus.FILLED or not count or _are_settled(legs, count):
        return ()
    return (
        f"the entry is filled and NOT PROTECTED: of {count} legs, "
        f"{sum(leg.is_working for leg in legs)} work; look with `px orders open`, close with "
        f"`px position close {order.contract_id}`",
    )
