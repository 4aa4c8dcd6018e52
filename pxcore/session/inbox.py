"""The one queue between everything that happens and the engine.

Never dropped: orders, positions, fills, account, prints, answers, requests of people. A quote
may be skipped when the engine is behind and a newer one of its contract is queued already;
that is counted, and does not happen while the inbox `is_lossless`.
"""

import queue

from pxcore.engine.events import Event
from pxcore.model import Quote

_BEHIND = 200  # queued events from which on older quotes are skipped


class Inbox:
    """`put` from any thread, and from a signal handler; `take` from the engine's alone."""

    def __init__(self) -> None:
        self.is_lossless = False
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._newest: dict[str, Quote] = {}
        self.conflated_quotes = 0

    def put(self, event: Event) -> None:
        if type(event) is Quote:
            self._newest[event.contract_id] = event
        self._queue.put(event)

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    def nudge(self) -> None:
        """Whoever takes gets None, and looks around."""
        self._queue.put(None)

    def take(self, timeout_s: float) -> Event | None:
        """The next event, or None when there was none in time or somebody nudged."""
        while True:
            try:
                event = self._queue.get(timeout=timeout_s)
            except queue.Empty:
                return None
            if (
                type(event) is Quote
                and not self.is_lossless
                and self._queue.qsize() >= _BEHIND
                and self._newest[event.contract_id] is not event
            ):
                self.conflated_quotes += 1
                continue
            return event
