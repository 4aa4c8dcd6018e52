"""Has somebody else closed what we hold, or locked the account? Then the day is over for us.

The venue liquidates with untagged market orders, at its flat time, at its own loss limits, or as
its risk desk likes, and may lock the account; a person at the platform looks the same
(gateway reference, 6.7; no recording exists). Whoever it was did not mean us to go on.

Told by the order that closed, or by its fill where the order's report was lost or came while we
were not connected: one that is neither of the two legs, once both are known and the fills leave
nothing. While such an order still fills, a close of ours beside it would close too much.
"""

from collections.abc import Iterable

from pxcore.engine.events import Event, FillSeen, OrderSeen, SnapshotTaken
from pxcore.engine.foreign import is_ours
from pxcore.engine.state import State
from pxcore.model import Fill, Order, OrderType, net_of

_LEGS = 2


def taken_away(state: State, event: Event) -> str | None:
    """Why nothing more is to be opened today, or None. Not to be asked while we close ourselves:
    a close of ours carries no tag either.
    """
    account, fills = state.book.account, tuple[Fill, ...]()
    left = state.book.holding.by_fills
    match event:
        case OrderSeen(order=order) if _closes_ours(order, state):
            return _told(order.id, order.filled_size)
        case FillSeen(fill=fill):
            fills = (fill,)
        case SnapshotTaken(snapshot=snapshot):  # believed otherwise or not: these are facts
            account, fills = snapshot.account, snapshot.fills
            left = net_of(fills).get(state.config.contract.id, 0)
        case _:
            pass
    if account is not None and not account.can_trade:
        return "the venue has locked the account: it may not trade"
    strange = next((fill for fill in fills if _took_ours(fill, state)), None)
    return None if strange is None or left else _told(strange.order_id, strange.size)


def _told(order_id: int, size: int) -> str:
    return (
        f"order {order_id}, which is not ours, closed {size} of the "
        "position: the venue did it, or a person by hand"
    )


def _closes_ours(order: Order, state: State) -> bool:
    """A market order against the position, sent after what opened it, and by nobody here."""
    entry = state.entry
    if entry is None or entry.newest_order_id is None or order.id <= entry.newest_order_id:
        return False
    is_against = order.side is entry.side.opposite and order.filled_size > 0
    is_close = order.type is OrderType.MARKET and order.parent_id is None and not is_ours(order)
    return is_close and is_against and order.contract_id == state.config.contract.id


def taken_meanwhile(state: State, fills: Iterable[Fill], *, closes_made: int) -> str | None:
    """As `taken_away`, when a flatten of ours is proven: more orders have closed, or turned, what
    we held than it can have sent itself.
    """
    strange = {f.order_id: f for f in fills if _is_strange(f, state)}
    if len(strange) <= closes_made:
        return None
    first = strange[min(strange)]
    return (
        f"{len(strange)} orders closed the position and only {closes_made} were ours: the venue "
        f"did it, or a person by hand (order {first.order_id} is the first)"
    )


def _took_ours(fill: Fill, state: State) -> bool:
    entry = state.entry
    return entry is not None and fill.side is entry.side.opposite and _is_strange(fill, state)


def _is_strange(fill: Fill, state: State) -> bool:
    """Of an order after what opened the position that nobody here sent. An order that was never
    seen may be a leg, or a stop of our own, until those are known.
    """
    entry, own = state.entry, state.own_stop
    if entry is None or entry.order_id is None or len(entry.leg_ids) < _LEGS:
        return False
    if own is not None and own.order_id is None:
        return False
    ours = entry.leg_ids if own is None else entry.leg_ids | {own.order_id}
    is_later = fill.order_id > entry.order_id and fill.order_id not in ours
    is_here = fill.contract_id == state.config.contract.id
    return is_later and is_here and not fill.is_voided
