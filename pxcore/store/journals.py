"""The journals as the store's source: which there are, whose they are, how each is folded in."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from pxcore.journal import FlattenTerms, Opening, read_opening, read_rows, sessions_in
from pxcore.journal.bulk import DAMAGED, Part, read_whole
from pxcore.journal.reader import read_last_row
from pxcore.journal.segments import day_ends_in, flattens_in, session_of
from pxcore.reports.record import Record
from pxcore.reports.recorder import Recorder
from pxcore.store.fold import DayFold, Told
from pxcore.store.report_rows import read_terms
from pxcore.store.session_fold import JournalFold

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
    """A journal that does not say whose it is, and why."""

    path: Path
    why: str


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
