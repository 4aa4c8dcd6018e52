"""What a start finds on the account: whose it is, and what is to be done about it."""

from collections.abc import Collection, Iterable
from enum import StrEnum

import msgspec

from pxcore.engine.foreign import is_of
from pxcore.model import Fill, Foreign, Leftovers, Order, Position, Snapshot


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is alive, or a position."""

    contract_id: str
    is_ours: bool
    is_position: bool
    text: str


class OrphanRemedy(StrEnum):
    NOTHING = "nothing"
    ADOPT = "adopt"
    FLATTEN = "flatten"
    REFUSE = "refuse"


def found_in(
    snapshot: Snapshot, orders: Iterable[Order], *, sessions: Collection[str]
) -> tuple[Item, ...]:
    """Each order alive and each position, and whether one of these sessions made it.

    `sessions` are those whose journals are here: a tag like ours may be of another machine's, which
    perhaps lives. `orders` are those of the trading day. A position is ours when every order that
    opened it is; one whose fills are not there cannot be told, and counts as a stranger's.
    """
    ours = {o.id for o in (*orders, *snapshot.orders) if is_of(o, sessions)}
    items = [
        Item(
            contract_id=o.contract_id,
            is_ours=o.id in ours or o.parent_id in ours,
            is_position=False,
            text=f"order {o.id} ({o.type} {o.side} {o.size} {o.contract_id})",
        )
        for o in snapshot.orders
    ]
    for position in snapshot.positions:
        if not position.is_flat:
            opened_by = _opened_by(position, snapshot.fills)
            items.append(
                Item(
                    contract_id=position.contract_id,
                    is_ours=bool(opened_by) and opened_by <= ours,
                    is_position=True,
                    text=f"{position.size:+d} {position.contract_id}",
                )
            )
    listed = {item.contract_id for item in items if item.is_position}
    for one in snapshot.disagreements():
        if one.contract_id not in listed:
            made_by = {f.order_id for f in snapshot.fills if f.contract_id == one.contract_id}
            items.append(
                Item(
                    contract_id=one.contract_id,
                    is_ours=made_by <= ours,
                    is_position=True,
                    text=str(one),
                )
            )
    return tuple(items)


def remedy_for(
    found: Iterable[Item],
    *,
    contract_id: str,
    leftovers: Leftovers,
    foreign: Foreign,
    may_adopt: bool,
) -> OrphanRemedy:
    """The strictest that any of it asks for. `may_adopt` is false while orders of a session that
    died may still arrive: what is there is not yet all of it.
    """
    left = [i for i in found if foreign is not Foreign.IGNORE or i.contract_id == contract_id]
    if not left:
        return OrphanRemedy.NOTHING
    wanted = {_wish(i, leftovers, foreign) for i in left}
    if OrphanRemedy.REFUSE in wanted:
        return OrphanRemedy.REFUSE
    is_guardable = all(i.contract_id == contract_id for i in left)
    has_position = any(i.is_position for i in left)
    if OrphanRemedy.FLATTEN not in wanted and may_adopt and is_guardable and has_position:
        return OrphanRemedy.ADOPT
    # what cannot be adopted: ours is flattened, a stranger's is not touched unasked
    is_asked = all(i.is_ours or foreign is Foreign.FLATTEN for i in left)
    return OrphanRemedy.FLATTEN if is_asked else OrphanRemedy.REFUSE


def _wish(item: Item, leftovers: Leftovers, foreign: Foreign) -> OrphanRemedy:
    if item.is_ours:
        return OrphanRemedy(leftovers.value)
    return OrphanRemedy.REFUSE if foreign is Foreign.IGNORE else OrphanRemedy(foreign.value)


def _opened_by(position: Position, fills: Iterable[Fill]) -> set[int]:
    """Orders whose fills, since the contract was last flat, are on the position's side."""
    net, orders = 0, set[int]()
    for fill in sorted(fills, key=lambda f: (f.happened_at, f.id)):
        if fill.contract_id != position.contract_id or fill.is_voided:
            continue
        before, net = net, net + fill.signed_size
        if net * before < 0 or before == 0:
            orders = {fill.order_id}
        elif fill.signed_size * net > 0:
            orders.add(fill.order_id)
        if net == 0:
            orders = set()
    return orders if net == position.size else set()
