"""Feed a journal to a fresh engine: it must yield the commands that the session's engine did."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from pxcore.engine.commands import Command, Denied, Notice, TakeSnapshot
from pxcore.engine.engine import Engine
from pxcore.engine.events import Event
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.reader import decode_command, decode_event, decode_gap, read_opening, read_rows
from pxcore.journal.rows import Row, RowKind
from pxcore.model import ProtocolError
from pxcore.strategies import make_strategy
from pxcore.text.plain import plain


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first row that differs, and what the fresh engine would have said instead."""

    seq: int
    recorded: str
    replayed: str


class Replay:
    """A fresh engine over a session's journal. `run` once; `engine` then stands where it stopped.

    Raises ProtocolError for a journal that is damaged, has no terms, or lost rows on the way.
    """

    def __init__(self, path: Path) -> None:
        opening = read_opening(path)
        self.engine = Engine(
            opening.config, make_strategy(opening.strategy, opening.strategy_params)
        )
        self.trading_day = opening.trading_day
        self.events = 0
        self.seq = 0
        self.at: datetime | None = None  # of the last event
        self.is_whole = False  # to its last row
        self._path = path
        self._expected: list[Command] = []

    def run(self, *, until: Callable[[Row], bool] = lambda row: False) -> Divergence | None:
        """The first difference, if there is any. Stops before the first row that `until` says."""
        for row in read_rows(self._path):
            if until(row):
                return None
            found = self._take(row)
            if found is not None:
                return found
            self.seq = row.seq
        self.is_whole = True
        return None

    def _take(self, row: Row) -> Divergence | None:
        match row.kind:
            case RowKind.COMMAND:
                return self._compare(row, decode_command(row))
            case RowKind.GAP:
                lost = decode_gap(row)
                raise ProtocolError(
                    f"journal {self._path.name} row {row.seq}: {lost.rows} rows are missing before "
                    f"it ({lost.why}); up to there {self.events} events gave the same commands"
                )
            case RowKind.EVENT if self._expected:
                replayed = str(self._expected[0])
                return Divergence(seq=row.seq, recorded="no command", replayed=replayed)
            case RowKind.EVENT:
                event = decode_event(row)
                self._expected = self._stepped(row, event)
                self.at = event.at
                self.events += 1
            case _:
                pass
        return None

    def _stepped(self, row: Row, event: Event) -> list[Command]:
        """Raises ProtocolError for an event that no engine could have taken."""
        try:
            return self.engine.step(event)
        except DAMAGED as error:
            why = plain(str(error)) or type(error).__name__
            raise ProtocolError(f"journal {self._path.name} row {row.seq}: {why}") from error

    def _compare(self, row: Row, recorded: Command) -> Divergence | None:
        expected = self._expected
        if not expected or not _is_same(expected[0], recorded):
            replayed = str(expected[0]) if expected else "nothing"
            return Divergence(seq=row.seq, recorded=str(recorded), replayed=replayed)
        expected.pop(0)
        return None


def _is_same(expected: Command, recorded: Command) -> bool:
    """Is it the same decision? The wording of a notice, and why a look is taken, are for people and
    may be improved; a denial of an old journal has words where there are numbers now.
    """
    match expected, recorded:
        case Notice(), Notice():
            return (expected.level, expected.code) == (recorded.level, recorded.code)
        case TakeSnapshot(), TakeSnapshot():
            return (expected.request, expected.is_urgent) == (recorded.request, recorded.is_urgent)
        case Denied(), Denied(unit=None):
            return _of_denial(expected) == _of_denial(recorded)
        case _:
            return expected == recorded


def _of_denial(denied: Denied) -> tuple[object, ...]:
    return denied.gate, denied.side, denied.reason
