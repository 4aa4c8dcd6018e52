"""The journal's writing side: rows are queued by whoever has them, encoded and written by a thread.

Invariants: rows are numbered and written in the order of `append`; a row is with the operating
system before `wait_written` says so, so that a killed process can always tell what it may have
sent; after the first row that was lost nobody is told that a later one is written, so that no
entry leaves any more. What is lost is a `gap` row as soon as writing works again.
"""

import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pxcore.engine.commands import Command
from pxcore.journal.encoding import Encoded, Head, encode_batch
from pxcore.journal.files import SEGMENT_BYTES, Files
from pxcore.journal.intake import QUEUED_MAX, Intake, QueuedRow
from pxcore.journal.rows import RowKind
from pxcore.journal.seal import Seal, write_seal
from pxcore.journal.segments import session_of
from pxcore.journal.slip import Slip

_EVERY_S = 0.05  # how long a row may wait for company
_LEAST_S = 0.002
_COMPANY = 16  # rows that wait together: more would make an intent wait behind them
_BATCH = 512  # rows in one write: an intent waits behind so many at most
_RETRY_S = 1.0
_LATE_S = 5.0
_PROMPT_S = 0.5  # a row that waits for longer: the disk is slow, and may not come back
_LATE_EVERY = 32  # appends between two looks at how late the writer is


class _Wait:
    """For one row. A bare lock is the cheapest thing to be woken by."""

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket
        self.is_over = threading.Lock()
        self.is_over.acquire()


def _pause_s(rows: int, took_s: float) -> float:
    """Until about `_COMPANY` rows wait again, as they came in the last stretch."""
    return max(_LEAST_S, min(_EVERY_S, took_s * _COMPANY / max(rows, 1)))


class Journal:
    """One session's journal; the file's name is the session's. `on_fault` is called once, when
    rows are lost or late: from the writer's thread or from one that appends.

    With `notes_intents` it has a slip, where there can be one.

    Raises OSError when the file cannot be made: a session without a record does not start.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_fault: Callable[[str], None],
        is_packed: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
        queued_max: int = QUEUED_MAX,
        notes_intents: bool = False,
    ) -> None:
        self.path = path
        self.head = Head(session=session_of(path))
        self._on_fault = on_fault
        self._fault_once = threading.Lock()
        self._intake = Intake(queued_max)
        self._files = Files(
            path, segment_bytes=segment_bytes, is_packed=is_packed, on_fault=self._tell_fault
        )
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._waiting: list[_Wait] = []
        self._lock = threading.Lock()
        self._written = 0  # the last ticket whose row is with the operating system
        self._lost_from: int | None = None  # the first one that the writer lost
        self._lost = 0
        self._retry_at = 0.0
        self._is_closing = False
        self._is_sealed = False
        self._slip = Slip.beside(path) if notes_intents else None
        self._slipped = 0  # the ticket of the intent on it
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, kind: RowKind, body: msgspec.Struct, *, at: datetime | None = None) -> int:
        """Queues a row and returns its ticket, for `wait_written`. From any thread.

        `at` is for bodies that do not hold it; a command has that of the event before it.
        """
        ticket = self._intake.append(kind, body, at)
        if ticket % _LATE_EVERY == 0:
            self._judge_delay()
        return ticket

    def hurry(self) -> None:
        """What is queued is written now, not in company: something is about to be sent."""
        self._bell.put(None)

    @property
    def has_slip(self) -> bool:
        return self._slip is not None

    def note_intent(self, ticket: int, command: Command, at: datetime) -> bool:
        """True once a kill cannot take this intent away, though its row is not written yet. Waits
        for nothing: False when rows are lost or late, or the intent before it has no row yet.
        """
        slip = self._slip
        if slip is None or self._lost_at(ticket) or self._written < self._slipped:
            return False
        if self._intake.waited_s(time.time_ns()) > _PROMPT_S:
            return False
        if not slip.put(command, at=at, wall=datetime.now(UTC)):
            return False
        self._slipped = ticket
        return True

    def wait_written(self, ticket: int, timeout_s: float) -> bool:
        """True once that row is with the operating system; False on loss or time-out."""
        wait = _Wait(ticket)
        with self._lock:
            if self._lost_at(ticket) or self._written >= ticket:
                return not self._lost_at(ticket)
            self._waiting.append(wait)
        self._bell.put(None)
        wait.is_over.acquire(timeout=timeout_s)
        with self._lock:
            if wait in self._waiting:
                self._waiting.remove(wait)
            return self._written >= ticket and not self._lost_at(ticket)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Writes what is queued, seals the journal and closes it. True when every row is in it."""
        deadline = time.monotonic() + timeout_s
        self._is_closing = True
        self._bell.put(None)
        self._thread.join(timeout_s)
        self._files.join(max(0.0, deadline - time.monotonic()))
        if self._slip is not None and self._is_sealed:
            self._slip.remove()
            self._slip = None
        return self._is_sealed and self.rows_dropped == 0

    def look(self) -> None:
        """Tells a fault when the file was deleted or replaced: what is written is nowhere then."""
        problem = None if self._is_closing else self._files.problem()
        if problem is not None:
            self._tell_fault(f"was taken away: {problem}")

    @property
    def queued(self) -> int:
        """Rows that wait to be written."""
        return len(self._intake)

    @property
    def rows_dropped(self) -> int:
        return self._lost + self._intake.dropped

    def _lost_at(self, ticket: int) -> bool:
        firsts = (self._lost_from, self._intake.lost_from)
        return any(first is not None and first <= ticket for first in firsts)

    def _judge_delay(self) -> None:
        waited_s = self._intake.waited_s(time.time_ns())
        if self._intake.lost_from is not None:
            self._tell_fault("cannot keep up: rows are dropped, the disk is too slow")
        elif waited_s > _LATE_S:
            self._tell_fault(f"is {waited_s:.0f} s behind: the disk is too slow")

    def _tell_fault(self, what: str) -> None:
        if self._fault_once.acquire(blocking=False):  # and never given back
            self._on_fault(f"journal {self.path.name} {what}")

    # -- the writer's thread ------------------------------------------------------------------

    def _run(self) -> None:
        wait_s, begun_s = _EVERY_S, time.monotonic()
        while True:
            self._rest(wait_s)
            is_last = self._is_closing
            rows = 0
            while batch := self._intake.take(_BATCH):
                self._write(batch)
                rows += len(batch)
            if is_last:
                self._finish()
                return
            now_s = time.monotonic()
            wait_s, begun_s = _pause_s(rows, now_s - begun_s), now_s

    def _rest(self, wait_s: float) -> None:
        try:
            self._bell.get(timeout=wait_s)
            while True:  # whoever rang besides is served as well
                self._bell.get_nowait()
        except queue.Empty:
            return

    def _write(self, batch: list[QueuedRow]) -> None:
        """All of it at once, or nothing. After a failure it is tried again a second later, and
        at the end without waiting: the last row is worth it.
        """
        if time.monotonic() < self._retry_at and not self._is_closing:
            self._lose(batch, "")
            return
        try:
            encoded = encode_batch(self.head, batch)
            self._files.write(encoded.data)
        except Exception as error:  # the edge of this thread: whatever it is, no row is sure now
            self._retry_at = time.monotonic() + _RETRY_S
            cause = error.strerror or str(error) if isinstance(error, OSError) else repr(error)
            self._lose(batch, cause)
            self._tell_fault(f"cannot be written: {cause}")
            return
        self._settle(encoded, batch[-1].ticket)
        try:
            self._files.rotate_if_full()
        except OSError as error:
            self._tell_fault(f"cannot begin another file: {error.strerror}")

    def _settle(self, encoded: Encoded, ticket: int) -> None:
        self.head = encoded.head
        with self._lock:
            if encoded.unfit is not None:
                self._lost += 1
                self._lost_from = self._lost_from or encoded.unfit
            self._written = ticket
            self._tell_waiting()
        if encoded.unfit is not None:
            self._tell_fault(f"cannot be written: {encoded.unfit_why}")

    def _lose(self, batch: list[QueuedRow], why: str) -> None:
        rows = sum(entry.kind is not RowKind.GAP for entry in batch)
        self.head = self.head.losing(batch, why)
        with self._lock:
            self._lost += rows
            self._lost_from = self._lost_from or batch[0].ticket
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        """Those whose row is written, or lost."""
        still = []
        for wait in self._waiting:
            if self._written >= wait.ticket or self._lost_at(wait.ticket):
                wait.is_over.release()
            else:
                still.append(wait)
        self._waiting = still

    def _tell_last_hole(self) -> None:
        if not self.head.lost:
            return
        try:
            encoded = encode_batch(self.head, [], is_last=True)
            self._files.write(encoded.data)
        except OSError:
            return  # told already; what was written of the journal stands
        self.head = encoded.head

    def _finish(self) -> None:
        """The end is on the disk, and said in the seal; a hole before it is told first."""
        self._tell_last_hole()
        head = self.head
        seal = Seal(
            session=head.session,
            rows=head.rows,
            hash=head.hash,
            files=self._files.number,
            is_closed=head.kind is RowKind.CLOSED,
            sealed_at=datetime.now(UTC),
        )
        try:
            self._files.sync()
            write_seal(self.path, seal)
            self._is_sealed = True
        except OSError as error:
            self._tell_fault(f"cannot be sealed: {error.strerror}")
        self._files.close()
