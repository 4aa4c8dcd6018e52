"""Has somebody else closed what we hold, or locked the account? Then the day is over for us.

The venue liquidates with untagged market orders, at its flat time, at its own loss limits, or as
its risk desk likes, and may lock the account; a person at the platform looks the same
(gateway reference, 6.7; no recording exists). Whoever it was did not mean us to go on.
"""

from pxcore.engine.events import Event, OrderSeen
from pxcore.engine.foreign import is_ours
from pxcore.engine.state import State
from pxcore.model import Order, OrderType


def taken_away(state: State, event: Event) -> str | None:
    """Why nothing more is to be opened today, or None. Not to be asked while we close ourselves:
    a close of ours carries no tag either.
    """
    account = state.book.account
    if account is not None and not account.can_trade:
        return "the venue has locked the account: it may not trade"
    if isinstance(event, OrderSeen) and _closes_ours(event.order, state):
        return (
            f"order {event.order.id}, which is not ours, closed {event.order.filled_size} of the "
            "position: the venue did it, or a person by hand"
        )
    return None


def _closes_ours(order: Order, state: State) -> bool:
    """A market order against the position, sent after what opened it, and by nobody here."""
    entry = state.entry
    if entry is None or entry.newest_order_id is None or order.id <= entry.newest_order_id:
        return False
    is_against = order.side is entry.side.opposite and order.filled_size > 0
    is_close = order.type is OrderType.MARKET and order.parent_id is None and not is_ours(order)
    return is_close and is_against and order.contract_id == state.config.contract.id
