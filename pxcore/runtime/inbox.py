"""The one queue between everything that happens and the engine.

Never dropped: orders, positions, fills, account, prints, answers, requests of people. A quote
may be passed over when the engine is behind and a newer one of its contract is queued already;
that is counted.
"""

import queue

from pxcore.engine.events import Event
from pxcore.model import Quote

_BEHIND = 200  # queued events from which on older quotes are passed over


class Inbox:
    """`put` from any thread, and from a signal handler; `take` from the engine's alone."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._newest: dict[str, Quote] = {}
        self.conflated_quotes = 0

    def put(self, event: Event) -> None:
        if type(event) is Quote:
            self._newest[event.contract_id] = event
        self._queue.put(event)

    def take(self, timeout_s: float) -> Event | None:
        """The next event, or None when there was none in time."""
        while True:
            try:
                event = self._queue.get(timeout=timeout_s)
            except queue.Empty:
                return None
            if (
                type(event) is Quote
                and self._queue.qsize() >= _BEHIND
                and self._newest[event.contract_id] is not event
            ):
                self.conflated_quotes += 1
                continue
            return event
