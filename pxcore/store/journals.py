"""The journals as the store's source: which there are, whose they are, how each is folded in."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec

from pxcore.journal import FlattenTerms, Opening, read_opening, read_rows, sessions_in
from pxcore.journal.bulk import Part, read_parts
from pxcore.journal.reader import read_last_row
from pxcore.journal.segments import day_ends_in, flattens_in, session_of
from pxcore.model import PxError
from pxcore.store.fold import DayFold, Told
from pxcore.store.report_rows import read_terms
from pxcore.store.session_fold import JournalFold

DAMAGED = (PxError, msgspec.MsgspecError, OSError, ValueError)  # the last: bytes that are no text

_flatten = msgspec.json.Decoder(FlattenTerms)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One journal of a session, a flatten or a day's end, and whose day it tells of."""

    path: Path
    account_id: int
    trading_day: date

    @property
    def name(self) -> str:
        return session_of(self.path)


class Unowned(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that does not say whose it is, and why; its day is its name's."""

    path: Path
    why: str

    @property
    def trading_day(self) -> date | None:
        try:
            return datetime.strptime(session_of(self.path).split("-")[1], "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            return None


def sources_in(folder: Path, *, trading_day: date | None = None) -> Iterator[Source | Unowned]:
    """Every journal in the folder, or that day's.

    One that was killed before it said so tells of nothing, and is left out.
    """
    for paths, owner in (
        (sessions_in(folder, trading_day=trading_day), _of_session),
        (flattens_in(folder, trading_day=trading_day), _of_flatten),
        (day_ends_in(folder, trading_day=trading_day), _of_day_end),
    ):
        for path in paths:
            try:
                if not _is_unborn(path):
                    account_id, day = owner(path)
                    yield Source(path=path, account_id=account_id, trading_day=day)
            except DAMAGED as error:
                yield Unowned(path=path, why=_named(path, error))


def last_hash(path: Path) -> str | None:
    """Of its last whole row; None where there is none that can be read."""
    try:
        row = read_last_row(path)
    except DAMAGED:
        return None
    return row.hash if row is not None else None


def _named(path: Path, error: Exception) -> str:
    said = str(error)
    return said if path.name in said else f"journal {path.name}: {said}"


def _is_unborn(path: Path) -> bool:
    return next(read_rows(path), None) is None


def _of_session(path: Path) -> tuple[int, date]:
    opening = read_opening(path)
    return opening.config.account_id, opening.trading_day


def _of_flatten(path: Path) -> tuple[int, date]:
    terms = _flatten.decode(next(read_rows(path)).body)
    return terms.account_id, terms.trading_day


def _of_day_end(path: Path) -> tuple[int, date]:
    terms = read_terms(path)
    return terms.account_id, terms.trading_day


def fold_journal(path: Path, day: DayFold, *, opening: Opening | None = None) -> None:
    """The journal's rows into the day's: all of them, or those before the first damage.

    Raises ProtocolError, naming the place, when there is damage.
    """
    try:
        day.take(_folded(read_parts(path), path, day, opening))
    except DAMAGED:
        _fold_slowly(path, day, opening)


def _folded(parts: Iterable[Part], path: Path, day: DayFold, opening: Opening | None) -> Told:
    told = Told(day.account_id, day.trading_day)
    fold = JournalFold(session_of(path), told, opening=opening)
    for part in parts:
        fold.read(part)
    return told


def _fold_slowly(path: Path, day: DayFold, opening: Opening | None) -> None:
    told = Told(day.account_id, day.trading_day)
    fold = JournalFold(session_of(path), told, opening=opening)
    try:
        for row in read_rows(path):
            fold.read(row)
    finally:
        day.take(told)
