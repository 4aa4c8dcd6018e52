"""Which of the day's fills the living session was told: by its start, its looks, and the stream.

A venue that keeps a fill to itself leaves nobody to blame for not counting it; a session that was
told has no excuse.
"""

from collections.abc import Collection, Iterable
from typing import Final

from pxcore.engine.events import Event, FillSeen, OrderSeen, SnapshotTaken
from pxcore.model import Fill, net_of

FLATTENS: Final = "flatten.round"  # the notice with which each round of a flatten begins


class ToldFills:
    """`by_looks` of the last look alone counts as told at the end: an engine may pass over one
    during which something moved.
    """

    def __init__(self) -> None:
        self._lasting: dict[int, Fill] = {}  # by the start and the stream
        self._looked: dict[int, Fill] = {}  # by any look
        self._last_look: tuple[Fill, ...] = ()
        self.orders: set[int] = set()  # that it was told of

    @property
    def fills(self) -> Collection[Fill]:
        """By the start and the stream."""
        return self._lasting.values()

    def start_over(self, opening: Iterable[Fill]) -> None:
        self._lasting = {f.id: f for f in opening}
        self._looked.clear()
        self._last_look = ()
        self.orders.clear()

    def learn(self, event: Event) -> None:
        if isinstance(event, FillSeen):
            self._lasting[event.fill.id] = event.fill
        elif isinstance(event, OrderSeen):
            self.orders.add(event.order.id)
        elif isinstance(event, SnapshotTaken):
            self._last_look = event.snapshot.fills
            self.orders |= {o.id for o in event.snapshot.orders}
            self._looked |= {f.id: f for f in event.snapshot.fills}

    def contradicted_in(self, look: SnapshotTaken) -> set[str]:
        """Contracts of which the look tells two things; or lists nothing, where all fills told of
        so far say that something is held. One that lists a position, and is only older than the
        fills of our own close, is no reason to keep that position's stop.
        """
        held = {p.contract_id for p in look.snapshot.positions if not p.is_flat}
        net = net_of((self._lasting | self._looked).values())
        itself = {d.contract_id for d in look.snapshot.disagreements()}
        return itself | {c for c, size in net.items() if size and c not in held}

    def has_all(self, fills: Iterable[Fill]) -> bool:
        """Could the session not but know each of these at its end?"""
        told = self._lasting.keys() | {f.id for f in self._last_look}
        return all(f.id in told for f in fills)

    def filled_among(self, order_ids: Collection[int]) -> int:
        """How many of these orders it could not but know to have filled."""
        return len({f.order_id for f in self._lasting.values()} & set(order_ids))
