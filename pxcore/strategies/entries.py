"""How many positions were opened since the window's start, by the venue's own fills.

Fills come from the stream and from every snapshot, so neither a reconnect nor a session that is
started again forgets one. An entry that was made by hand counts as well.
"""

from pxcore.engine.events import Event, FillSeen, SnapshotTaken
from pxcore.engine.rounds import fold_rounds
from pxcore.engine.strategy import MarketView
from pxcore.model import Fill


class Entries:
    """Feed it every event."""

    __slots__ = ("_fills", "count")

    def __init__(self) -> None:
        self.count = 0
        self._fills: dict[int, Fill] = {}

    def see(self, event: Event, view: MarketView) -> bool:
        """True when this event shows an entry that was not known."""
        if type(event) is FillSeen:
            fills: tuple[Fill, ...] = (event.fill,)
        elif type(event) is SnapshotTaken:
            fills = event.snapshot.fills
        else:
            return False
        self._fills |= {
            fill.id: fill
            for fill in fills
            if fill.contract_id == view.contract.id and fill.happened_at >= view.window_start
        }
        before, self.count = self.count, len(fold_rounds(self._fills.values()))
        return self.count > before
