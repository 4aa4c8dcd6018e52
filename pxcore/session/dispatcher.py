"""Carries the engine's commands to the venue, and answers as events.

Instructions go out one at a time in the engine's order, each once. One that finds nothing before it
leaves at once, on the thread that decided it, as long as nothing there has to wait: its connection
is open, a request is in hand, its intent is written within milliseconds. Everything else, and every
answer, is a worker's: one for instructions, one for questions, so that a slow look never delays a
cancel, and one that keeps what leaving at once needs. In shadow no instruction is sent. An entry,
and a stop of our own, leaves once no kill can take its intent away: it is on its slip, or its row
is with the operating system. A close or cancel does not wait for that.
"""

import queue
import threading
from collections.abc import Callable
from datetime import datetime

from loguru import logger

from pxcore.clock.clocks import Clock
from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    MoveStop,
    PlaceEntry,
    PlaceStop,
    tag_of,
)
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    Event,
    MoveAnswered,
    PlaceNotSent,
    SendOutcome,
)
from pxcore.journal.rows import RowKind
from pxcore.journal.writer import Journal
from pxcore.model import Contract
from pxcore.session.stamps import Stamps
from pxcore.venue.venue import Instruction, Question, Venue

_WRITTEN_WITHIN_S = 2.0
_AT_ONCE_S = 0.005  # the engine waits no longer for a row to be written

Job = Callable[[], Event | None]


class Dispatcher:
    """`stale_data_s` is asked for at each entry: the limit may have been tightened. `on_idle` is
    called on a worker's thread when everything was carried out and its answers are delivered.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        contract: Contract,
        journal: Journal,
        clock: Clock,
        deliver: Callable[[Event], None],
        on_crash: Callable[[BaseException], None],
        sends_orders: bool,
        stale_data_s: Callable[[], float],
        on_idle: Callable[[], None] = lambda: None,
        ready_every_s: float = 1.0,
    ) -> None:
        self._venue = venue
        self._ready_every_s = ready_every_s
        self._contract = contract
        self._journal = journal
        self._clock = clock
        self._deliver = deliver
        self._on_crash = on_crash
        self._sends_orders = sends_orders
        self._stale_data_s = stale_data_s
        self._on_idle = on_idle
        self._may_enter = True
        self._pending = {"orders": 0, "questions": 0}
        self._counting = threading.Lock()
        self._lanes = {name: queue.SimpleQueue[Job | None]() for name in self._pending}
        self._wants_ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(name,), name=f"rest-{name}", daemon=True)
            for name in self._lanes
        ]
        self._threads.append(
            threading.Thread(target=self._keep_ready, name="rest-ready", daemon=True)
        )
        for thread in self._threads:
            thread.start()

    def instruct(
        self, instruction: Instruction, seq: int, decided_at: datetime, stamps: Stamps
    ) -> None:
        """`seq` is the instruction's row in the journal; `decided_at` its event's time. Waits for
        nothing but the row, and for that not long.
        """
        stamps.dispatched()
        answer = self._at_once(instruction, seq, decided_at, stamps)
        self._journal.hurry()

        def finish() -> Event:
            event = answer() if answer else self._send(instruction, seq, decided_at)
            timing = stamps.answered(instruction, tag_of(instruction))
            self._journal.append(RowKind.TIMING, timing, at=decided_at)
            return event

        self._put("orders", finish)

    def ask(self, question: Question) -> None:
        self._put("questions", lambda: self._venue.ask(question))

    @property
    def is_idle(self) -> bool:
        """Everything was carried out, and every answer is delivered."""
        return not any(self._pending.values())

    def forbid_entries(self) -> None:
        """No entry leaves from here on, queued ones included: the session is leaving."""
        self._may_enter = False

    def abandon(self, timeout_s: float) -> None:
        """From here on nothing more is sent; waits, so long at most, for what is being sent."""
        self.forbid_entries()
        self._sends_orders = False
        self.stop(timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Finishes what is queued, for so long at most."""
        self._wants_ready.put(False)
        for lane in self._lanes.values():
            lane.put(None)
        for thread in self._threads:
            thread.join(timeout_s)

    def _send(self, instruction: Instruction, seq: int, decided_at: datetime) -> Event:
        why_not = self._why_not(
            instruction, decided_at, lambda: self._journal.wait_written(seq, _WRITTEN_WITHIN_S)
        )
        if why_not is not None:
            return self._not_sent(instruction, why_not)
        return self._venue.instruct(instruction, self._contract)

    def _at_once(
        self, instruction: Instruction, seq: int, decided_at: datetime, stamps: Stamps
    ) -> Callable[[], Event] | None:
        """How to get its answer, when it has left; None when nothing of it has."""
        if self._pending["orders"] or not self._sends_orders:
            return None
        ready = self._venue.at_once(instruction, self._contract)
        if ready is None:
            return None
        stamps.ready()
        journal = self._journal
        why_not = self._why_not(
            instruction,
            decided_at,
            lambda: (
                journal.note_intent(seq, instruction, decided_at)
                or journal.wait_written(seq, _AT_ONCE_S)
            ),
        )
        if why_not is not None:
            ready.call_off()
            return None
        stamps.written()
        answer = ready.send()
        if answer is not None:
            stamps.sent()
            self._wants_ready.put(True)  # for the one after it
        return answer

    def _why_not(
        self, instruction: Instruction, decided_at: datetime, is_noted: Callable[[], bool]
    ) -> str | None:
        """Why it must not leave; `is_noted` is asked whether its intent is safe from a kill."""
        if not self._sends_orders:
            return "nothing is sent: shadow, or the session is leaving"
        if not isinstance(instruction, PlaceEntry | PlaceStop):
            return None
        if not is_noted():
            return "its intent could not be written"
        if not (self._may_enter and self._sends_orders):
            return "the session is leaving"
        age_s = (self._clock.now() - decided_at).total_seconds()
        if age_s > self._stale_data_s():  # the engine, or this lane, was behind
            return f"decided {age_s:.1f} s ago, on stale data"
        return None

    def _not_sent(self, instruction: Instruction, why: str) -> Event:
        now = self._clock.now()
        match instruction:
            case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
                return PlaceNotSent(at=now, tag=tag, why=why)
            case CancelOrder(order_id=order_id):
                return CancelAnswered(at=now, order_id=order_id, answer=SendOutcome.NOT_SENT)
            case MoveStop(order_id=order_id):
                return MoveAnswered(at=now, order_id=order_id, answer=SendOutcome.NOT_SENT)
            case ClosePosition(contract_id=contract_id):
                return CloseAnswered(at=now, contract_id=contract_id, answer=SendOutcome.NOT_SENT)

    def _put(self, name: str, job: Job) -> None:
        with self._counting:
            self._pending[name] += 1
        self._lanes[name].put(job)

    def _work(self, name: str) -> None:
        while (job := self._lanes[name].get()) is not None:
            try:
                event = job()
                if event is not None:
                    self._deliver(event)
            except Exception as error:  # the edge of this thread: the session must flatten
                self._on_crash(error)
            with self._counting:
                self._pending[name] -= 1
            if self.is_idle:
                self._on_idle()

    def _keep_ready(self) -> None:
        """In shadow nothing is ever sent, and nothing need be ready."""
        while self._sends_orders:
            try:
                self._venue.keep_ready()
            except Exception as error:  # the edge of this thread: orders have the slower way
                logger.opt(exception=error).warning("orders leave more slowly from here on")
                return
            try:
                if not self._wants_ready.get(timeout=self._ready_every_s):
                    return
            except queue.Empty:
                continue
