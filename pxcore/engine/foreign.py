"""Orders and positions that this session did not make: recognised, said once, perhaps adopted.

Ours carry our tags, or the parent of one that does. A market order without a tag may be the close
that we sent ourselves, so a stranger's is recognised by the position that it makes.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from msgspec.structs import replace

from pxcore.engine.commands import Level
from pxcore.engine.events import (
    Event,
    FillSeen,
    OrderSeen,
    PositionSeen,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.state import State
from pxcore.model import Foreign, Order, OrderType, Scope

Notify = Callable[[Level, str, str], None]

_OURS = re.compile(r"px-[A-Za-z0-9-]+")  # entries, their legs, and stops of our own
_ANNOUNCED_MAX = 1000


def is_ours(order: Order) -> bool:
    """By its tag alone. A leg without one is told by its parent: see `Watch`."""
    return order.tag is not None and _OURS.fullmatch(order.tag) is not None


def is_of(order: Order, sessions: Collection[str]) -> bool:
    """Does its tag name one of these sessions?"""
    tag = order.tag or ""
    return is_ours(order) and any(tag.startswith(f"{session}-") for session in sessions)


def concerns_us(event: Event, scope: Scope) -> bool:
    """False for what a stranger's trade in a contract that we ignore says of its money."""
    return not isinstance(event, FillSeen) or scope.holds(event.fill.contract_id)


def narrowed(event: Event, scope: Scope) -> Event | None:
    """The event without the orders and positions of other contracts; None when nothing is left.

    Fills stay: the limits count the account's money, whoever makes it.
    """
    match event:
        case OrderSeen(order=order) if not scope.holds(order.contract_id):
            return None
        case PositionSeen(position=position) if not scope.holds(position.contract_id):
            return None
        case SnapshotTaken(snapshot=snapshot):
            return replace(event, snapshot=snapshot.only(scope))
        case SnapshotFailed():
            return replace(event, **_parts_of(event, scope))
        case _:
            return event


def _parts_of(failed: SnapshotFailed, scope: Scope) -> dict[str, Any]:
    """What it could read, of the scope; None stays None: not read."""
    orders, positions, net = failed.orders, failed.positions, failed.fills_net
    return {
        "fills_net": net and {c: size for c, size in net.items() if scope.holds(c)},
        "orders": orders and tuple(o for o in orders if scope.holds(o.contract_id)),
        "positions": positions and tuple(p for p in positions if scope.holds(p.contract_id)),
    }


class Watch:
    """Says once of each order and each position that it is not ours. Owned by the engine."""

    def __init__(self, state: State, notify: Notify) -> None:
        self._state = state
        self._notify = notify
        self._said: set[int | str] = set()

    def look(self, event: Event) -> None:
        """After the book has taken the event in."""
        match event:
            case OrderSeen(order=order):
                self._judge_order(order)
            case SnapshotTaken(snapshot=snapshot):
                for order in snapshot.orders:
                    self._judge_order(order)
                self._judge_positions()
            case PositionSeen() | FillSeen():
                self._judge_positions()
            case _:
                pass

    def may_adopt(self) -> bool:
        """Is there a position on our contract that nothing of ours opened, to be taken over?"""
        state, config = self._state, self._state.config
        holding = state.book.holding
        if state.entry is not None or not holding.exposure or not holding.is_settled:
            return False
        opening = config.adopts_opening
        is_less = 0 < holding.exposure * opening <= opening * opening  # a leg may have filled
        is_opening = is_less and not state.was_flat
        return is_opening or config.foreign is Foreign.ADOPT

    def _judge_order(self, order: Order) -> None:
        if not order.is_alive or order.type is OrderType.MARKET or is_ours(order):
            return
        entry = self._state.entry
        is_leg = entry is not None and (entry.is_adopted or order.parent_id == entry.order_id)
        parent = self._state.book.orders.get(order.parent_id or 0)
        if is_leg or (parent is not None and is_ours(parent)):
            return
        level = order.limit_ticks if order.limit_ticks is not None else order.stop_ticks
        at = f" at {level} ticks" if level is not None else ""
        what = f"{order.type} {order.side} {order.size} {order.contract_id}{at}"
        self._say(order.id, f"order {order.id}, {what}, is not ours")

    def _judge_positions(self) -> None:
        state = self._state
        for contract_id, holding in state.book.holdings.items():
            size = holding.exposure
            is_other = contract_id != state.config.contract.id
            if not size:
                self._said.discard(contract_id)
            elif is_other or (state.entry is None and holding.is_settled):
                self._say(contract_id, f"a position of {size:+d} {contract_id} is not ours")

    def _say(self, what: int | str, text: str) -> None:
        if what in self._said or len(self._said) >= _ANNOUNCED_MAX:
            return
        self._said.add(what)
        policy = self._state.config.foreign
        self._notify(Level.ALARM, "foreign", f"{text} (PX_FOREIGN={policy})")
