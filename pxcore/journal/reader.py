"""The journal's reading side: rows in order, their chain checked, over all files of a session.

Whatever a journal holds or is, whoever reads it gets rows or ProtocolError.
"""

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import zstandard

from pxcore.engine.commands import Command
from pxcore.engine.events import Event
from pxcore.host.decoding import Decoder, require_shallow
from pxcore.journal import segments
from pxcore.journal.chain import GENESIS, read_line
from pxcore.journal.rows import (
    SCHEMA,
    Answer,
    Closing,
    Gap,
    Opening,
    Request,
    Row,
    RowKind,
    Timing,
)
from pxcore.journal.seal import Seal, read_seal
from pxcore.model import ProtocolError
from pxcore.text.plain import plain

T = TypeVar("T")
_PART = 1 << 16

_event: Decoder[Event] = Decoder(Event)
_command: Decoder[Command] = Decoder(Command)
_opening: Decoder[Opening] = Decoder(Opening)
_closing: Decoder[Closing] = Decoder(Closing)
_request: Decoder[Request] = Decoder(Request)
_answer: Decoder[Answer] = Decoder(Answer)
_timing: Decoder[Timing] = Decoder(Timing)
_gap: Decoder[Gap] = Decoder(Gap)


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

    Raises ProtocolError when it is damaged or cannot be read.
    """
    for number in reversed(segments.numbers_of(path) or [1]):
        try:
            line = _last_line_in(path, number)
        except (OSError, zstandard.ZstdError) as error:
            raise segments.unread(path, number, error) from error
        if line:
            return read_line(line, before=None, seq=None)
    return None


def _last_line_in(path: Path, number: int) -> bytes:
    """The last line of that file that has its end, or nothing."""
    with segments.open_segment(path, number) as file:
        if file.seekable():
            return _last_line(_end_of(file))
    found = b""
    for _, _, lines in segments.blocks_in(path, number):  # packed, there is no way to its end
        found = _last_line(b"".join(lines)) or found
    return found


def _end_of(file: BinaryIO) -> bytes:
    """Bytes up to the end that hold the last whole line, if there is any."""
    end = b""
    size = file.seek(0, os.SEEK_END)
    while size and end.count(b"\n") < 2:  # the second last one begins the last whole line
        begin = max(0, size - max(_PART, len(end)))
        file.seek(begin)
        end, size = file.read(size - begin) + end, begin
        if len(end) > 2 * segments.LINE_BYTES_MAX:
            raise OSError(errno.EFBIG, f"no row ends in its last {len(end):,} bytes")
    return end


def _last_line(data: bytes) -> bytes:
    lines = [line for line in io.BytesIO(data).readlines() if line.endswith(b"\n")]
    return lines[-1] if lines else b""


def is_closed(path: Path) -> bool:
    """Does it end with the row that a session writes last?"""
    row = read_last_row(path)
    return row is not None and row.kind is RowKind.CLOSED


def read_opening(path: Path) -> Opening:
    """The session's terms. Raises ProtocolError when the journal does not begin with them."""
    for row in read_rows(path):
        if row.kind is RowKind.OPENED:
            return decode_opening(row)
        break
    raise ProtocolError(f"journal {path.name} does not begin with a session's terms")


def decode_opening(row: Row) -> Opening:
    opening = decode_body(row, _opening)
    try:
        require_shallow(opening.strategy_params)
    except ProtocolError as error:
        raise _named(row, error) from error
    return opening


def decode_event(row: Row) -> Event:
    return decode_body(row, _event)


def decode_command(row: Row) -> Command:
    return decode_body(row, _command)


def decode_closing(row: Row) -> Closing:
    return decode_body(row, _closing)


def decode_request(row: Row) -> Request:
    return decode_body(row, _request)


def decode_answer(row: Row) -> Answer:
    return decode_body(row, _answer)


def decode_timing(row: Row) -> Timing:
    return decode_body(row, _timing)


def decode_gap(row: Row) -> Gap:
    return decode_body(row, _gap)


def decode_body(row: Row, decoder: Decoder[T]) -> T:
    """Raises ProtocolError, naming the row."""
    try:
        return decoder.decode(row.body)
    except ProtocolError as error:
        raise _named(row, error) from error


def _named(row: Row, error: ProtocolError) -> ProtocolError:
    return ProtocolError(f"journal {plain(row.session)} row {row.seq}: {error}")
