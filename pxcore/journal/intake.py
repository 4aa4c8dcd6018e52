"""The bounded queue between whoever has something to record and the one thread that writes it.

Order is the order of `append`, from whatever thread. What does not fit is counted where it would
have stood: memory has a bound, and the journal says where it has a hole.
"""

import threading
import time
from collections import deque
from datetime import datetime
from typing import NamedTuple

import msgspec

from pxcore.journal.rows import RowKind

QUEUED_MAX = 100_000  # rows: about a minute and a half of the open, some 60 MB


class Drops:
    """Rows that did not fit at this place; counted up until there is room again."""

    def __init__(self) -> None:
        self.rows = 0


class QueuedRow(NamedTuple):
    """`ticket` counts appends; `wall_ns` is our clock, `at` the session's, where it was given."""

    ticket: int
    kind: RowKind
    wall_ns: int
    at: datetime | None
    body: msgspec.Struct | Drops


class Intake:
    """`append` and `shut` from any thread, `take` from the writer's alone."""

    def __init__(self, queued_max: int = QUEUED_MAX) -> None:
        self.tickets = 0
        self.lost_from: int | None = None  # the first ticket that did not fit
        self.dropped = 0  # did not fit, or came after the last row
        self._max = queued_max
        self._queue: deque[QueuedRow] = deque()
        self._drops: Drops | None = None
        self._is_shut = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._queue)

    def append(self, kind: RowKind, body: msgspec.Struct, at: datetime | None) -> int:
        """The row's ticket. Costs about a microsecond: no row is looked at, nothing is waited for.

        Nothing comes after a `closed` row.
        """
        wall_ns = time.time_ns()
        with self._lock:
            self.tickets = ticket = self.tickets + 1
            if self._is_shut:
                self.dropped += 1
            elif self._has_room():
                self._queue.append(QueuedRow(ticket, kind, wall_ns, at, body))
            else:
                self._drop(ticket, wall_ns)
            if kind is RowKind.CLOSED:
                self._is_shut = True
        return ticket

    def take(self, rows_max: int) -> list[QueuedRow]:
        """The oldest rows, so many at most. The count of a hole is final once it is taken."""
        taken = []
        for _ in range(min(rows_max, len(self._queue))):
            entry = self._queue.popleft()
            if isinstance(entry.body, Drops):
                with self._lock:
                    if self._drops is entry.body:
                        self._drops = None
            taken.append(entry)
        return taken

    def has_rows(self) -> bool:
        return bool(self._queue)

    def waited_s(self, now_ns: int) -> float:
        """How long the oldest row has been waiting; zero when none is."""
        try:
            return (now_ns - self._queue[0].wall_ns) / 1e9
        except IndexError:  # the writer has just taken it
            return 0.0

    def _has_room(self) -> bool:
        """Once full, not before half of it is empty: one hole is better than a thousand."""
        if self._drops is None:
            return len(self._queue) < self._max
        if len(self._queue) > self._max // 2:
            return False
        self._drops = None
        return True

    def _drop(self, ticket: int, wall_ns: int) -> None:
        if self._drops is None:
            self._drops = Drops()
            self._queue.append(QueuedRow(ticket, RowKind.GAP, wall_ns, None, self._drops))
        if self.lost_from is None:
            self.lost_from = ticket
        self._drops.rows += 1
        self.dropped += 1
