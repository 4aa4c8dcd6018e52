"""Which journals may go, which may be compressed, and which stay and why.

A trading day goes as a whole or stays as a whole, over all accounts: the store is made by the
day. Old enough are its date and the moment of each seal, both: a paper market plays days of long
ago. Whatever is not sealed, or not what was sealed, stays, and its day with it.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec

from pxcore.calendar.hours import trading_day
from pxcore.config.paths import Paths
from pxcore.journal.files import finish
from pxcore.journal.operator import OperatorRow, read_operator
from pxcore.journal.retirement import days_named_in, files_of, journals_of, operators_of
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import numbers_of, packed, segment, session_of
from pxcore.journal.verify import Soundness, verify
from pxcore.model import ProtocolError
from pxcore.reports.daily import reported_hash
from pxcore.store.database import Store
from pxcore.store.projection.history import bring_in, holds_day
from pxcore.store.projection.journals import JournalSource, sources_in


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that is old enough and stays."""

    name: str
    why: str


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that is what was sealed, and when (our own clock, UTC) that was."""

    path: Path
    hash: str
    sealed_at: datetime


class OldDay(msgspec.Struct, frozen=True, kw_only=True):
    """One whose journals may go. `hashes` are the journals' last ones, `acts` the number of the
    operator's by account: what the store must hold first.
    """

    day: date
    hashes: dict[str, str]
    acts: dict[int, int]
    files: tuple[Path, ...]
    bytes: int


class OldJournals:
    """Of one look at the folder. Each journal is read once."""

    def __init__(self, paths: Paths, *, current: frozenset[date]) -> None:
        self.held: dict[str, Held] = {}
        self._paths = paths
        self._folder = paths.journals
        self._current = current
        self._seen: dict[Path, Sound | Held] = {}

    def days_before(self, moment: datetime) -> Iterator[OldDay]:
        """Days all of which was over and sealed by then."""
        for day in self._dates_before(moment):
            found = [self._look_at(path) for path in journals_of(self._folder, day)]
            sound = [one for one in found if isinstance(one, Sound)]
            held = [one for one in found if isinstance(one, Held)] + self._strange(day, sound)
            acts, damaged = self._acts_of(day)
            held += damaged
            self._hold(held)
            words = [rows[-1].wall for rows in acts.values() if rows]
            if not held and all(one < moment for one in (*words, *(s.sealed_at for s in sound))):
                yield self._old(day, sound, acts)

    def plain_before(self, moment: datetime, going: frozenset[date]) -> Iterator[Path]:
        """Journals that were sealed by then and lie there uncompressed, but for days that go."""
        for day in self._dates_before(moment):
            if day in going:
                continue
            for path in journals_of(self._folder, day):
                if not any(True for _ in _plain_in(path)):
                    continue
                found = self._look_at(path)
                if isinstance(found, Held):
                    self._hold([found])
                elif found.sealed_at < moment:
                    yield path

    def _dates_before(self, moment: datetime) -> Iterator[date]:
        for day in days_named_in(self._folder):
            if day not in self._current and trading_day(day).closes_at < moment:
                yield day

    def _hold(self, held: list[Held]) -> None:
        self.held |= {one.name: one for one in held}

    def _look_at(self, path: Path) -> Sound | Held:
        if path not in self._seen:
            self._seen[path] = _judged(path, reported_hash(self._paths.report(session_of(path))))
        return self._seen[path]

    def _strange(self, day: date, sound: list[Sound]) -> list[Held]:
        """Sound ones that are of another day than their name says, or do not say of which."""
        sources = sources_in(self._folder, trading_day=day)
        own = {s.path for s in sources if isinstance(s, JournalSource) and s.trading_day == day}
        return [
            Held(name=session_of(one.path), why="it does not tell of the day in its name")
            for one in sound
            if one.path not in own
        ]

    def _acts_of(self, day: date) -> tuple[dict[int, tuple[OperatorRow, ...]], list[Held]]:
        found, damaged = {}, []
        for path in operators_of(self._folder, day):
            try:
                account_id, rows = read_operator(path)
                found[account_id] = rows
            except ProtocolError as error:
                damaged.append(Held(name=path.stem, why=str(error)))
        return found, damaged

    def _old(
        self, day: date, sound: list[Sound], acts: dict[int, tuple[OperatorRow, ...]]
    ) -> OldDay:
        files = [file for one in sound for file in files_of(one.path)]
        files += operators_of(self._folder, day)
        return OldDay(
            day=day,
            hashes={session_of(one.path): one.hash for one in sound},
            acts={account_id: len(rows) for account_id, rows in acts.items()},
            files=tuple(files),
            bytes=sum(one.stat().st_size for one in files),
        )


def put_into(store: Store, journals: Path, day: OldDay) -> str | None:
    """The store holds all of the day, or why it does not."""
    unread = bring_in(store, journals, day.day, day.day)
    if unread:
        return unread[0]
    if not holds_day(store, day.day, hashes=day.hashes, acts=day.acts):
        return "the store does not hold all of it"
    return None


def pack(path: Path) -> int:
    """The journal's files are compressed; how many bytes that saved. Killed in between, each is
    there in at least one form. Raises OSError.

    The time of its last change stays: others read from it when the session wrote last.
    """
    saved = 0
    for plain in list(_plain_in(path)):
        before = plain.stat()
        finish(plain, is_packed=True)
        os.utime(packed(plain), ns=(before.st_atime_ns, before.st_mtime_ns))
        saved += before.st_size - packed(plain).stat().st_size
    return saved


def _plain_in(path: Path) -> Iterator[Path]:
    every = (segment(path, number) for number in numbers_of(path))
    return (one for one in every if one.exists())


def _judged(path: Path, expected_hash: str | None) -> Sound | Held:
    name = session_of(path)
    try:
        seal = read_seal(path)
        if seal is None:
            why = f"it is not sealed: its session died, see `px journal verify {name} --repair`"
            return Held(name=name, why=why)
        found = verify(path, expected_hash=expected_hash)
    except (ProtocolError, OSError) as error:
        return Held(name=name, why=str(error))
    if found.soundness is not Soundness.SOUND:
        return Held(name=name, why=f"it is damaged: {found.problem}")
    if found.torn_bytes:
        return Held(name=name, why=f"{found.torn_bytes} bytes follow its last row")
    return Sound(path=path, hash=found.hash, sealed_at=seal.sealed_at)
