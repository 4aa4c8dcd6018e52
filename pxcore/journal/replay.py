"""Feed a journal to a fresh engine: it must yield the commands that the session's engine did."""

from pathlib import Path

import msgspec

from pxcore.engine import Engine
from pxcore.engine.commands import Command, Notice
from pxcore.journal.reader import decode_command, decode_event, decode_gap, read_opening, read_rows
from pxcore.journal.rows import RowKind
from pxcore.model import ProtocolError
from pxcore.strategies import make_strategy


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first row that differs, and what the fresh engine would have said instead."""

    seq: int
    recorded: str
    replayed: str


def replay(path: Path) -> tuple[int, Divergence | None]:
    """How many events were fed, and the first difference, if there is any.

    Raises ProtocolError for a journal that is damaged, has no terms, or lost rows on the way.
    """
    opening = read_opening(path)
    engine = Engine(opening.config, make_strategy(opening.strategy, opening.strategy_params))
    expected: list[Command] = []
    events = 0
    for row in read_rows(path):
        if row.kind is RowKind.COMMAND:
            recorded = decode_command(row)
            if not expected or _decision(expected[0]) != _decision(recorded):
                replayed = str(expected[0]) if expected else "nothing"
                return events, Divergence(seq=row.seq, recorded=str(recorded), replayed=replayed)
            expected.pop(0)
        elif row.kind is RowKind.GAP:
            lost = decode_gap(row)
            raise ProtocolError(
                f"journal {path.name} row {row.seq}: {lost.rows} rows are missing before it "
                f"({lost.why}); up to there {events} events gave the same commands"
            )
        elif row.kind is RowKind.EVENT:
            if expected:
                return events, Divergence(
                    seq=row.seq, recorded="no command", replayed=str(expected[0])
                )
            expected = engine.step(decode_event(row))
            events += 1
    return events, None


def _decision(command: Command) -> object:
    """What must be the same. The wording of a notice is for people and may be improved."""
    if isinstance(command, Notice):
        return command.level, command.code
    return command
