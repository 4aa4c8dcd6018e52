"""Which orders a session may have sent without learning what became of them.

Read off its journal after it has died: an entry or a stop of our own whose answer it never saw
may still reach the venue, for as long as a request can be under way.
"""

from collections.abc import Iterable

from pxcore.engine.commands import Command, PlaceEntry, PlaceStop
from pxcore.engine.events import (
    Event,
    OrderSeen,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    SnapshotTaken,
    TagResolved,
)


def unanswered_tags(said: Iterable[Event | Command]) -> set[str]:
    """Tags of orders that were commanded and are neither answered nor seen at the venue.

    An answer that was lost is none.
    """
    waiting: set[str] = set()
    for one in said:
        match one:
            case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
                waiting.add(tag)
            case PlaceAccepted(tag=tag) | PlaceRefused(tag=tag) | PlaceNotSent(tag=tag):
                waiting.discard(tag)
            case OrderSeen(order=order):
                waiting.discard(order.tag or "")
            case TagResolved(tag=tag, order=order) if order is not None:
                waiting.discard(tag)
            case SnapshotTaken(snapshot=snapshot):
                waiting -= {order.tag for order in snapshot.orders if order.tag}
            case _:
                pass
    return waiting
