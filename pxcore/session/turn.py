"""Whose turn it is at the engine: one thread at a time, and events in the inbox's order.

A price is judged, and the order that it leads to sent, on the thread that read it from the socket:
every hand-over to another thread would cost a wake-up. Where the engine is not free, the event
waits in the inbox, and whoever has the turn takes it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from pxcore.engine.events import Event
from pxcore.session.inbox import BEHIND, Came, Inbox

_TOGETHER = timedelta(seconds=2)
_CLOSE_S = 2.0  # for the one who has the turn: a strategy may hang in it


class EngineTurn:
    """`step` is called with one event at a time; what it raises on a reader's thread is handed to
    `on_crash`, and nothing is stepped any more.
    """

    def __init__(
        self,
        inbox: Inbox,
        step: Callable[[Event, Came], None],
        *,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._inbox = inbox
        self._step = step
        self._on_crash = on_crash
        self._free = threading.Lock()
        self._is_closed = False
        self._received_ns = 0
        self._decoded_ns = 0
        self._waits_for_all = False  # of what arrived together
        self._latest = datetime.min.replace(tzinfo=UTC)

    # -- the readers' threads -----------------------------------------------------------------

    def received(self) -> None:
        """Bytes have arrived from the market hub."""
        self._received_ns = time.perf_counter_ns()

    def decoded(self, records: int) -> None:
        """They are so many records. Where that is many we are behind: they are queued first, so
        that quotes which are old already need not be judged.
        """
        self._decoded_ns = time.perf_counter_ns()
        self._waits_for_all = records >= BEHIND

    def delivered(self) -> None:
        """All of them were brought."""
        if self._waits_for_all:
            self._waits_for_all = False
            self._work_off()

    def bring_price(self, event: Event) -> None:
        """For the market hub's reader alone."""
        if self._is_closed:
            return
        now_ns = time.perf_counter_ns()
        decoded_ns = max(self._decoded_ns, self._received_ns)
        self._inbox.add(event, Came(self._received_ns or now_ns, decoded_ns or now_ns, now_ns))
        if not self._waits_for_all:
            self._work_off()

    def _work_off(self) -> None:
        try:
            self.work()
        except Exception as error:  # the edge of the reader: the session must flatten
            self._is_closed = True
            self._on_crash(error)
            self._inbox.nudge()

    # -- any thread ---------------------------------------------------------------------------

    def work(self) -> None:
        """Steps what is queued, unless somebody is at it already, who will not leave it there."""
        while not (self._inbox.is_empty or self._is_closed) and self._free.acquire(blocking=False):
            try:
                while not self._is_closed and (queued := self._inbox.take()) is not None:
                    self._step(self._in_time(queued.event), queued.came)
            finally:
                self._free.release()

    def _in_time(self, event: Event) -> Event:
        """What arrived together was learned of at one moment; while it is judged, one by one,
        others come with later ones. Nothing is judged as of before what was judged already. Further
        back goes only a clock that was set, and that is for the engine to know.
        """
        latest = self._latest
        if event.at < latest and latest - event.at < _TOGETHER:
            return replace(event, at=latest)
        self._latest = event.at
        return event

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Nobody else steps meanwhile. What came is stepped afterwards."""
        with self._free:
            yield
        self.work()

    def close(self) -> None:
        """Nothing is stepped from here on; what is being stepped is done with when this returns,
        unless a strategy hangs in it.
        """
        self._is_closed = True
        if self._free.acquire(timeout=_CLOSE_S):
            self._free.release()
