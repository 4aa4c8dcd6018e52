"""A whole journal read quickly: its events in runs, decoded at once, everything else row by row.

Holds rows to all that `read_rows` does, but tells damage without its place and late: what was
handed out before is worth nothing then. Whoever reads so begins again with `read_rows`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec

from pxcore.engine.events import Event
from pxcore.host.decoding import Decoder
from pxcore.journal.chain import GENESIS, decode_row
from pxcore.journal.chain_check import ChainCheck, End
from pxcore.journal.reader import read_rows
from pxcore.journal.rows import SCHEMA, Moment, Row
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import blocks_of, session_of
from pxcore.model import ProtocolError, PxError
from pxcore.text.plain import plain


class EventRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A `Row` of an event, with the event itself."""

    v: Literal[2]
    seq: int
    kind: Literal["event"]
    session: str
    contract: str
    at: Moment | None
    wall: Moment
    body: Event
    hash: str


Part = Row | list[EventRow]
# What reading a journal can raise, and what taking in a row whose values have the right types and
# fit nothing else: moments without a zone, numbers that are none, keys that are nowhere.
DAMAGED = (PxError, OSError, ValueError, ArithmeticError, TypeError, LookupError)

_event_row: Decoder[EventRow] = Decoder(EventRow)


class Reader(Protocol):
    """Whoever makes something of a journal, part by part."""

    def read(self, part: Part) -> None: ...


R = TypeVar("R", bound=Reader)


def read_whole(path: Path, make: Callable[[], R]) -> tuple[R, str | None]:
    """A reader that has read all of the journal, and None; else one that has read what comes
    before the first damage, and what that is.
    """
    reader = make()
    try:
        for part in read_parts(path):
            reader.read(part)
        return reader, None
    except DAMAGED:
        return _read_by_rows(path, make())


def _read_by_rows(path: Path, reader: R) -> tuple[R, str | None]:
    """Slowly, to name the place."""
    try:
        for row in read_rows(path):
            reader.read(row)
    except DAMAGED as error:
        return reader, plain(str(error)) or type(error).__name__
    return reader, None


def read_parts(path: Path) -> Iterator[Part]:
    """Every whole row, in order; events that follow one another as one list, never an empty one.

    Raises ProtocolError for damage of any kind, at the end if not before.
    """
    seal = read_seal(path)
    end = End(0, GENESIS)
    with ChainCheck(path) as check:
        for _, _, lines in blocks_of(path):
            if not lines[-1].endswith(b"\n"):
                break
            for part in _parts(lines):
                end = _follow(end, [part] if isinstance(part, Row) else part, path)
                yield part
        if check.end() != end:
            raise ProtocolError(f"journal {path.name} is not what was written")
    if seal is not None and (seal.rows, seal.hash) != (end.rows, end.hash):
        raise ProtocolError(f"journal {path.name} does not end as it was sealed")


def _parts(lines: list[bytes]) -> Iterator[Part]:
    run = _events_alone(lines)
    if run is not None:
        yield run
        return
    run = []
    for line in lines:
        try:
            run.append(_event_row.decode(line))
        except ProtocolError:  # of another kind, or damaged: then this raises
            if run:
                yield run
                run = []
            yield decode_row(line)
    if run:
        yield run


def _events_alone(lines: list[bytes]) -> list[EventRow] | None:
    """At once, as most blocks of a busy day; None where another row is among them."""
    try:
        return _event_row.decode_lines(b"".join(lines))
    except ProtocolError:
        return None


def _follow(end: End, rows: list[Row] | list[EventRow], path: Path) -> End:
    """The end after these rows. Raises ProtocolError when they are not the next ones."""
    last = rows[-1]
    is_next = [row.seq for row in rows] == list(range(end.rows + 1, end.rows + 1 + len(rows)))
    is_ours = {row.session for row in rows} == {session_of(path)} and last.v == SCHEMA
    if not is_next or not is_ours:
        raise ProtocolError(f"journal {path.name} has rows that are not the next ones")
    return End(last.seq, last.hash)
