"""`px position close` and `px position reduce`: out of a position, wholly or in part.

The legs of a bracket survive it (reference, 7.6): they are working orders that can open a new
position, so they are listed afterwards, and the exit status says that it is not safe.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from pxcore.cli.trade.consent import Consent, holding, is_agreed_to, require_may_act
from pxcore.cli.trade.desk import Gateway
from pxcore.cli.trade.values import order_document, order_line, position_document
from pxcore.gateway.rest.choose import choose_contract
from pxcore.model import (
    Account,
    Contract,
    Misconfigured,
    Order,
    OutcomeUnknown,
    Position,
    PxError,
    Refused,
)


def close(desk: Gateway, text: str | None, consent: Consent) -> int:
    """0 when nothing is held in the contract and no order of it is alive."""
    require_may_act(desk, consent)
    account = desk.account()
    held = _held(desk, account)
    if not held and text is None:
        desk.out.show({"position": None, "orders_alive": [], "problems": []}, "nothing is held")
        return 0
    position, contract = _choose(held, text)
    plan = [
        f"will close {position.size:+d} {contract.name} ({contract.id}) at the market",
        "the legs of its bracket survive: they are listed afterwards",
    ]
    return _out(
        desk,
        account,
        position,
        contract,
        wanted=0,
        plan=plan,
        consent=consent,
        verb="px position close",
        send=lambda: desk.client.close_position(account.id, contract.id),
    )


def reduce(desk: Gateway, text: str, by: int, consent: Consent) -> int:
    """0 when it is smaller by so many, and no order of it is larger than what is left."""
    require_may_act(desk, consent)
    account = desk.account()
    position, contract = _choose(_held(desk, account), text)
    if by > abs(position.size):
        raise Misconfigured(
            f"--by {by}: {position.size:+d} {contract.name} is held; nothing was sent"
        )
    left = position.size - by if position.size > 0 else position.size + by
    plan = [
        f"will reduce {position.size:+d} {contract.name} ({contract.id}) by {by} at the market, "
        f"to {left:+d}",
        "the legs of its bracket survive with their size: they are listed afterwards",
    ]
    return _out(
        desk,
        account,
        position,
        contract,
        wanted=left,
        plan=plan,
        consent=consent,
        verb="px position reduce",
        send=lambda: desk.client.reduce_position(account.id, contract.id, by),
    )


def _out(
    desk: Gateway,
    account: Account,
    position: Position,
    contract: Contract,
    *,
    wanted: int,
    plan: list[str],
    consent: Consent,
    verb: str,
    send: Callable[[], None],
) -> int:
    """Sends it once, looks until the position is `wanted`, and shows what is left working."""
    if not is_agreed_to(desk, account, plan, consent):
        return 1
    answer = None
    with holding(desk, account, consent, verb=verb, is_way_out=True):
        try:
            send()
        except (OutcomeUnknown, Refused) as error:
            answer = str(error)
        try:
            size = desk.look_until(
                lambda: _size(desk, account, contract), lambda seen: seen == wanted
            )
            orders = _alive(desk, account, contract)
        except PxError as error:
            sent = answer or "it was sent"
            raise PxError(f"{sent}; what is held now is NOT KNOWN: {error}") from error
    return _show(
        desk, contract, position, size, orders, _problems(contract, size, wanted, orders, answer)
    )


def _problems(
    contract: Contract, size: int, wanted: int, orders: tuple[Order, ...], answer: str | None
) -> tuple[str, ...]:
    problems: list[str] = []
    if size != wanted:
        why = f" ({answer})" if answer else ""
        problems.append(f"{size:+d} {contract.name} is held, {wanted:+d} was wanted{why}")
    for order in orders:
        if order.size - order.filled_size > abs(size):
            problems.append(
                f"order {order.id} is alive and can open a new position: "
                f"`{_remedy(order, abs(size))}`"
            )
    return tuple(problems)


def _remedy(order: Order, left: int) -> str:
    if left == 0:
        return f"px order cancel {order.id}"
    return f"px order modify {order.id} --size {left}"


def _show(
    desk: Gateway,
    contract: Contract,
    position: Position,
    size: int,
    orders: tuple[Order, ...],
    problems: tuple[str, ...],
) -> int:
    left = msgspec.structs.replace(position, size=size)
    document: dict[str, Any] = {
        "position": position_document(left, contract),
        "orders_alive": [order_document(order, contract) for order in orders],
        "problems": problems,
    }
    held = f"{size:+d} {contract.name} is held" if size else f"nothing is held in {contract.name}"
    alive = [
        f"alive: {order_line(order, contract)}; `px order cancel {order.id}` cancels it"
        for order in orders
    ]
    desk.out.show(document, held, *alive)
    for problem in problems:
        desk.out.warn(problem)
    return 1 if problems else 0


Held = list[tuple[Position, Contract]]


def _held(desk: Gateway, account: Account) -> Held:
    held = [p for p in desk.client.positions(account.id, urgency=desk.urgency) if not p.is_flat]
    return [(p, desk.client.contract(p.contract_id, urgency=desk.urgency)) for p in held]


def _size(desk: Gateway, account: Account, contract: Contract) -> int:
    held = desk.client.positions(account.id, urgency=desk.urgency)
    return sum(p.size for p in held if p.contract_id == contract.id)


def _alive(desk: Gateway, account: Account, contract: Contract) -> tuple[Order, ...]:
    return tuple(
        o
        for o in desk.client.open_orders(account.id, urgency=desk.urgency)
        if o.contract_id == contract.id
    )


def _choose(held: Held, text: str | None) -> tuple[Position, Contract]:
    """The position meant. Raises Misconfigured, with what is held, when it is none or several.

    An expired contract counts as well: whoever holds it must get out.
    """
    listed = ", ".join(f"{p.size:+d} {c.name}" for p, c in held) or "nothing"
    if text is None:
        if len(held) == 1:
            return held[0]
        raise Misconfigured(f"which one? held: {listed}; nothing was sent")
    try:
        active = [msgspec.structs.replace(c, is_active=True) for _, c in held]
        chosen = choose_contract(text, active)
    except Misconfigured:
        raise Misconfigured(
            f"no one position is in {text!r}; held: {listed}; nothing was sent"
        ) from None
    return next((p, c) for p, c in held if c.id == chosen.id)
