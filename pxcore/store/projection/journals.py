"""The journals as the store's source: which there are, whose they are, how each is folded in."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.journal.bulk import DAMAGED, Part, read_whole
from pxcore.journal.reader import (
    decode_body,
    decode_opening,
    read_last_row,
    read_opening,
    read_rows,
)
from pxcore.journal.rows import DayEndTerms, FlattenTerms, Opening, Row, RowKind
from pxcore.journal.segments import day_ends_in, flattens_in, session_of, sessions_in
from pxcore.model import ProtocolError
from pxcore.reports.record import Record
from pxcore.reports.recorder import Recorder
from pxcore.store.projection.fold import DayFold, Told
from pxcore.store.projection.session_fold import JournalFold
from pxcore.text.plain import plain

_flatten: Decoder[FlattenTerms] = Decoder(FlattenTerms)
_day_end: Decoder[DayEndTerms] = Decoder(DayEndTerms)


class JournalSource(msgspec.Struct, frozen=True, kw_only=True):
    """One journal of a session, a flatten or a day's end, and whose day it tells of. It `began`
    by our own clock: names do not sort by it, since a trading day goes over midnight UTC.
    """

    path: Path
    account_id: int
    trading_day: date
    began: datetime

    @property
    def name(self) -> str:
        return session_of(self.path)


class Unowned(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that does not say whose it is, and why."""

    path: Path
    why: str


def sources_in(
    folder: Path, *, trading_day: date | None = None
) -> Iterator[JournalSource | Unowned]:
    """Every journal in the folder, or that day's.

    One that was killed before it said so tells of nothing, and is left out.
    """
    for list_in in (sessions_in, flattens_in, day_ends_in):
        for path in list_in(folder, trading_day=trading_day):
            try:
                first = next(read_rows(path), None)
                if first is not None:
                    account_id, day = _owner(first)
                    yield JournalSource(
                        path=path, account_id=account_id, trading_day=day, began=first.wall
                    )
            except DAMAGED as error:
                yield Unowned(path=path, why=_named(path, error))


def owner_of(path: Path) -> tuple[int, date]:
    """Whose journal it is: account and trading day. Raises ProtocolError when it does not say."""
    first = next(read_rows(path), None)
    if first is None:
        raise ProtocolError(f"journal {path.name} has no rows")
    return _owner(first)


def last_hash(path: Path) -> str | None:
    """Of its last whole row; None where there is none that can be read."""
    try:
        row = read_last_row(path)
    except DAMAGED:
        return None
    return row.hash if row is not None else None


def _named(path: Path, error: Exception) -> str:
    said = plain(str(error)) or type(error).__name__
    return said if path.name in said else f"journal {path.name}: {said}"


def _owner(first: Row) -> tuple[int, date]:
    """By the first row. Raises ProtocolError when it is none that a journal begins with."""
    match first.kind:
        case RowKind.OPENED:
            opening = decode_opening(first)
            return opening.config.account_id, opening.trading_day
        case RowKind.FLATTEN:
            flatten = decode_body(first, _flatten)
            return flatten.account_id, flatten.trading_day
        case RowKind.DAY_END:
            end = decode_body(first, _day_end)
            return end.account_id, end.trading_day
        case _:
            raise ProtocolError("does not begin with whose it is")


def fold_session(path: Path, day: DayFold) -> tuple[Record, str | None]:
    """The session's rows into the day's, and its record, in one reading; with what is damaged."""
    opening = read_opening(path)
    both, damage = read_whole(path, lambda: _Both(_fold_of(path, day, opening), Recorder(opening)))
    day.take(both.fold.told)
    return both.recorder.finished(damage=damage), damage


def fold_flatten(path: Path, day: DayFold) -> str | None:
    """The flatten's rows into the day's; with what is damaged."""
    fold, damage = read_whole(path, lambda: _fold_of(path, day, None))
    day.take(fold.told)
    return damage


def _fold_of(path: Path, day: DayFold, opening: Opening | None) -> JournalFold:
    told = Told(day.account_id, day.trading_day)
    return JournalFold(session_of(path), told, opening=opening)


class _Both:
    def __init__(self, fold: JournalFold, recorder: Recorder) -> None:
        self.fold, self.recorder = fold, recorder

    def read(self, part: Part) -> None:
        self.fold.read(part)
        self.recorder.read(part)
