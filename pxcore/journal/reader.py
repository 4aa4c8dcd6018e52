"""The journal's reading side."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pxcore.engine.commands import Command
from pxcore.engine.events import Event
from pxcore.journal.rows import Closing, Opening, Row, RowKind
from pxcore.model import ProtocolError

_row = msgspec.json.Decoder(Row)
_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_command: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_opening = msgspec.json.Decoder(Opening)
_closing = msgspec.json.Decoder(Closing)


def read_rows(path: Path) -> Iterator[Row]:
    """Every whole row, in order. A torn last line (a process killed in mid-write) is left out.

    Raises ProtocolError, naming the line, for any other damage: a bad row or a gap in numbers.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                row = _row.decode(line)
            except msgspec.DecodeError as error:
                raise ProtocolError(f"journal {path.name} line {number}: {error}") from error
            if row.seq != number:
                raise ProtocolError(f"journal {path.name} line {number} has number {row.seq}")
            yield row


def read_opening(path: Path) -> Opening:
    """The session's terms. Raises ProtocolError when the journal does not begin with them."""
    for row in read_rows(path):
        if row.kind is RowKind.OPENED:
            return _opening.decode(row.body)
        break
    raise ProtocolError(f"journal {path.name} does not begin with a session's terms")


def decode_event(row: Row) -> Event:
    return _event.decode(row.body)


def decode_command(row: Row) -> Command:
    return _command.decode(row.body)


def decode_closing(row: Row) -> Closing:
    return _closing.decode(row.body)
