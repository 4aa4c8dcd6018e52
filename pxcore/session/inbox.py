"""The one queue between everything that happens and the engine.

Never dropped: orders, positions, fills, account, prints, answers, requests of people. A quote
may be skipped when the engine is behind and a newer one of its contract is queued already;
that is counted, and does not happen while the inbox `is_lossless`.
"""

import queue
import time
from collections import deque
from typing import NamedTuple

from pxcore.engine.events import Event
from pxcore.model import Quote

BEHIND = 200  # queued events from which on older quotes are skipped


class Came(NamedTuple):
    """When what brought an event arrived, when it was decoded, and when it was put here, in ns of
    `time.perf_counter_ns`.
    """

    received_ns: int
    decoded_ns: int
    queued_ns: int


class Queued(NamedTuple):
    event: Event
    came: Came


class Inbox:
    """`put` and `nudge` from any thread, and from a signal handler; `take` by one at a time."""

    def __init__(self) -> None:
        self.is_lossless = False
        self._queue: deque[Queued] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._newest: dict[str, Quote] = {}
        self.conflated_quotes = 0

    def put(self, event: Event) -> None:
        """Whoever waits is woken."""
        now_ns = time.perf_counter_ns()
        self.add(event, Came(now_ns, now_ns, now_ns))
        self._bell.put(None)

    def add(self, event: Event, came: Came) -> None:
        """Nobody is woken: whoever adds it takes it, or sees to it that somebody does."""
        if type(event) is Quote:
            self._newest[event.contract_id] = event
        self._queue.append(Queued(event, came))

    @property
    def is_empty(self) -> bool:
        return not self._queue

    def nudge(self) -> None:
        """Whoever waits looks around."""
        self._bell.put(None)

    def wait(self, timeout_s: float) -> bool:
        """True as soon as something was put or somebody nudged, False when the time is over."""
        is_rung = False
        try:
            self._bell.get(timeout=timeout_s)
            is_rung = True
            while True:  # what came since is taken together
                self._bell.get_nowait()
        except queue.Empty:
            return is_rung

    def take(self) -> Queued | None:
        """The next event, or None when there is none."""
        while self._queue:
            queued = self._queue.popleft()
            event = queued.event
            if (
                type(event) is Quote
                and not self.is_lossless
                and len(self._queue) >= BEHIND
                and self._newest[event.contract_id] is not event
            ):
                self.conflated_quotes += 1
                continue
            return queued
        return None
