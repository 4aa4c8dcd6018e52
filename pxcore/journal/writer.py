"""The journal's writing side: rows are queued by the hot path, encoded and written by a thread.

Invariants: rows are written in the order of their numbers; a row is with the operating system
before `wait_written` says so, so that a killed process can always tell what it may have sent;
after the first failed write nothing more is written, and whoever waits is told no.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pxcore.journal.rows import RowKind


class Journal:
    """One session's journal. `on_fault` is called once, from the writer, when writing fails.

    Raises OSError when the file cannot be made: a session without a record does not start.
    """

    def __init__(self, path: Path, *, on_fault: Callable[[str], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows_dropped = 0
        self._file = path.open("xb", buffering=0)
        self._on_fault = on_fault
        self._queue: deque[tuple[int, RowKind, datetime, msgspec.Struct]] = deque()
        self._wake = threading.Condition()
        self._seq = 0
        self._written = 0
        self._failed: str | None = None
        self._is_closing = False
        self._encoder = msgspec.json.Encoder()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, kind: RowKind, body: msgspec.Struct) -> int:
        """Queues a row and returns its number. Called by the engine's thread alone."""
        self._seq += 1
        self._queue.append((self._seq, kind, datetime.now(UTC), body))
        return self._seq

    def wait_written(self, seq: int, timeout_s: float) -> bool:
        """True once that row is with the operating system; False on failure or time-out."""
        with self._wake:
            self._wake.notify_all()
            return self._wake.wait_for(
                lambda: self._written >= seq or self._failed is not None, timeout_s
            ) and (self._written >= seq)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Writes what is queued and closes the file. True when every row was written."""
        with self._wake:
            self._is_closing = True
            self._wake.notify_all()
        self._thread.join(timeout_s)
        return self._written == self._seq

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: bool(self._queue) or self._is_closing, timeout=0.05)
                is_last = self._is_closing
            self._write_batch()
            if is_last and not self._queue:
                self._file.close()
                return

    def _write_batch(self) -> None:
        rows = [self._queue.popleft() for _ in range(len(self._queue))]
        if not rows:
            return
        if self._failed is not None:
            self.rows_dropped += len(rows)
            return
        try:
            self._write_all(b"".join(self._line(*row) for row in rows))
        except Exception as error:  # the edge of this thread: whatever it is, no row is sure now
            self.rows_dropped += len(rows)
            cause = error.strerror if isinstance(error, OSError) else repr(error)
            with self._wake:
                self._failed = f"journal {self.path.name} cannot be written: {cause}"
                self._wake.notify_all()
            self._on_fault(self._failed)
            return
        with self._wake:
            self._written = rows[-1][0]
            self._wake.notify_all()

    def _line(self, seq: int, kind: RowKind, wall: datetime, body: msgspec.Struct) -> bytes:
        row = {"seq": seq, "kind": kind, "wall": wall, "body": body}
        return self._encoder.encode(row) + b"\n"

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
