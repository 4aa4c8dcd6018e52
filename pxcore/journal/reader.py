"""The journal's reading side: rows in order, their chain checked, over all files of a session."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from pxcore.engine.commands import Command
from pxcore.engine.events import Event
from pxcore.journal import segments
from pxcore.journal.chain import GENESIS, read_line
from pxcore.journal.rows import SCHEMA, Answer, Closing, Gap, Opening, Request, Row, RowKind
from pxcore.journal.seal import Seal, read_seal
from pxcore.model import ProtocolError

_PART = 1 << 16

_event: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_command: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_opening = msgspec.json.Decoder(Opening)
_closing = msgspec.json.Decoder(Closing)
_request = msgspec.json.Decoder(Request)
_answer = msgspec.json.Decoder(Answer)
_gap = msgspec.json.Decoder(Gap)


class Chain:
    """One reading of a journal. Iterate once; `rows`, `hash` and `torn` tell how far it came.

    From the file `first` on: with a later one the first row's number and hash are believed.
    """

    def __init__(self, path: Path, *, first: int = 1) -> None:
        self.path = path
        self.rows = 0
        self.hash: str | None = GENESIS if first == 1 else None
        self.files = 0
        self.torn = b""  # the last line, when it was not written to its end
        self._first = first

    def __iter__(self) -> Iterator[Row]:
        """Raises ProtocolError, naming the place, for any damage but a torn last line.

        A journal that was sealed before the reading began must end as its seal says.
        """
        seal = read_seal(self.path)
        for number, line_number, line in segments.lines_of(self.path, self._first):
            self.files = number
            if not line.endswith(b"\n"):
                self.torn = line
                break
            yield self.take(line, number, line_number)
        if seal is not None:
            self._compare(seal)

    def take(self, line: bytes, number: int, line_number: int) -> Row:
        """The row, when it is the next one. Raises ProtocolError, naming the place."""
        seq = None if self.hash is None else self.rows + 1
        try:
            row = read_line(line, before=self.hash, seq=seq)
            if row.v != SCHEMA:
                raise ProtocolError(f"is of schema {row.v}; this program reads {SCHEMA}")
            if row.session != segments.session_of(self.path):
                raise ProtocolError(f"is of session {row.session}")
        except ProtocolError as error:
            name = segments.segment(self.path, number).name
            raise ProtocolError(f"journal {name} line {line_number}: {error}") from error
        self.rows, self.hash = row.seq, row.hash
        return row

    def _compare(self, seal: Seal) -> None:
        if (self.rows, self.hash) != (seal.rows, seal.hash):
            raise ProtocolError(
                f"journal {self.path.name} was sealed with {seal.rows} rows and ends with row "
                f"{self.rows}" + ("" if self.rows != seal.rows else ", which is another")
            )


def read_rows(path: Path) -> Iterator[Row]:
    """Every whole row, in order. A torn last line (a process killed in mid-write) is left out.

    `path` is the session's first file by its plain name. Raises ProtocolError, naming the file
    and the line, for any other damage: a row that is bad, edited, missing or moved.
    """
    return iter(Chain(path))


def read_last_row(path: Path) -> Row | None:
    """The last whole row, its own hash believed; None when there is none. Cheap: reads the end.

    Raises ProtocolError when it is damaged, FileNotFoundError when there is no journal.
    """
    for number in reversed(segments.numbers_of(path) or [1]):
        with segments.open_segment(path, number) as file:
            line = _last_line(file, is_plain=segments.segment(path, number).exists())
        if line:
            return read_line(line, before=None, seq=None)
    return None


def _last_line(file: BinaryIO, *, is_plain: bool) -> bytes:
    """The last line that has its end, or nothing."""
    found = rest = b""
    if is_plain:
        size = file.seek(0, os.SEEK_END)
        while size and rest.count(b"\n") < 2:  # the second last one begins the last whole line
            begin = max(0, size - _PART)
            file.seek(begin)
            rest, size = file.read(size - begin) + rest, begin
        file = io.BytesIO(rest)
    for line in file:
        if line.endswith(b"\n"):
            found = line
    return found


def is_closed(path: Path) -> bool:
    """Does it end with the row that a session writes last?"""
    row = read_last_row(path)
    return row is not None and row.kind is RowKind.CLOSED


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


def decode_request(row: Row) -> Request:
    return _request.decode(row.body)


def decode_answer(row: Row) -> Answer:
    return _answer.decode(row.body)


def decode_gap(row: Row) -> Gap:
    return _gap.decode(row.body)
