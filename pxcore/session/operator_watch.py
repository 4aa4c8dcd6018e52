"""A thread that watches the operator's journal: what a person tightens, a session heeds at once."""

import threading
from collections.abc import Callable

from pxcore.clock.clocks import Clock
from pxcore.engine.events import Event, LimitsTightened, ShellFault
from pxcore.journal.operator import OperatorJournal, OperatorRow, Tightened
from pxcore.model import ProtocolError

_EVERY_S = 0.5


class OperatorWatch:
    """Looks every half second; tells each tightening once, in order, after the first `rows_known`.

    A re-arm tells a running session nothing: nothing loosens it. Damage stops its entries, once
    two looks have found the same: one look may fall into the middle of a write.
    """

    def __init__(
        self,
        journal: OperatorJournal,
        *,
        rows_known: int,
        clock: Clock,
        deliver: Callable[[Event], None],
    ) -> None:
        self._journal = journal
        self._rows_told = rows_known
        self._clock = clock
        self._deliver = deliver
        self._damage: str | None = None
        self._is_damage_told = False
        self._seen: object = object()  # unlike any state: the first look is always taken
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="operator-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            self._look()
            if self._stopped.wait(_EVERY_S):
                return

    def _look(self) -> None:
        state = _state_of(self._journal)
        if state == self._seen and self._damage is None:
            return
        try:
            rows = self._journal.rows()
            if len(rows) < self._rows_told:
                raise ProtocolError(f"{len(rows)} acts of {self._rows_told} are left")
        except ProtocolError as error:
            self._note_damage(str(error))
            return
        self._seen, self._damage = state, None
        for row in rows[self._rows_told :]:
            self._tell(row)
        self._rows_told = len(rows)

    def _tell(self, row: OperatorRow) -> None:
        if isinstance(row.act, Tightened):
            why = f"{row.who}: {row.reason}"
            event = LimitsTightened(at=self._clock.now(), bounds=row.act.after, why=why)
            self._deliver(event)

    def _note_damage(self, what: str) -> None:
        if what == self._damage and not self._is_damage_told:
            self._is_damage_told = True
            self._deliver(ShellFault(at=self._clock.now(), what=what))
        self._damage = what


def _state_of(journal: OperatorJournal) -> object:
    """Changes with every act; None while there is no file. An act never leaves both the same."""
    try:
        found = journal.path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
