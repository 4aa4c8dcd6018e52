"""What is old is let go, compressed or copied: journals, logs, reports, databases.

Nothing here is needed for trading, and nothing of the current trading day is touched, so that it
may run beside a session. Each step can be killed anywhere and done again: a day's journals go
when the store holds them and was copied, by a list that the next run ends; a copy or a compressed
file takes its name when it is whole; a report is moved aside before it is taken apart.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store, store_file
from pxcore.host.filelock import try_lock
from pxcore.journal.retirement import end_begun, take_away
from pxcore.model import PxError
from pxcore.store.database import store_url
from pxcore.upkeep.backup import Database, NoBackup, back_up, dump_command
from pxcore.upkeep.old_files import old_logs, old_reports, remove_file, remove_folder
from pxcore.upkeep.old_journals import Held, OldDay, OldJournals, pack, put_into

T = TypeVar("T")
_STORE_S = 300.0  # a day of millions of events takes a quarter of a minute


class FileGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one kind, by name, and how many bytes they are, or were."""

    names: tuple[str, ...] = ()
    bytes: int = 0


class Housekept(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, or when it `is_plan` what is about to be.

    `journals` are removed, by their days; `packed` counts the bytes that compressing saved, none
    before it is done; `backups` are made, `old_backups` removed. `held` are journals that are old
    enough and stay, `problems` what could not be done, `notes` what is left to a person.
    """

    is_plan: bool
    journals: FileGroup = FileGroup()
    packed: FileGroup = FileGroup()
    logs: FileGroup = FileGroup()
    reports: FileGroup = FileGroup()
    backups: FileGroup = FileGroup()
    old_backups: FileGroup = FileGroup()
    held: tuple[Held, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Busy(PxError):
    """Housekeeping is running already; nothing was done here."""


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    days: tuple[OldDay, ...]
    packs: tuple[Path, ...]
    held: tuple[Held, ...]


def plan_of(settings: Settings, *, now: datetime) -> Housekept:
    """What `housekeep` would do now. Changes nothing."""
    return _announced(settings, _planned(settings, now), now)


def housekeep(
    settings: Settings, *, now: datetime, tell: Callable[[Housekept], None] | None = None
) -> Housekept:
    """What was done. `now` is our own clock, UTC; `tell` gets the plan first.

    What fails is among the `problems`, and keeps nothing else from being done. Raises Busy when
    another process is at it, and OSError where the folder of the locks cannot be written.
    """
    with _alone(Paths(settings.home).home):
        work = _Work(settings, now)
        work.end_begun()
        plan = _planned(settings, now)
        if tell is not None:
            tell(_announced(settings, plan, now))
        return work.done(plan)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    path = home / "locks" / "housekeeping.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        try:
            try_lock(file)
        except OSError as error:
            raise Busy("housekeeping is running already; nothing was done") from error
        yield


def _planned(settings: Settings, now: datetime) -> _Plan:
    """Reads every journal that is to go or to be compressed."""
    current = frozenset(trading_day_at(at).day for at in (now, settings.clock.now()))
    journals = OldJournals(Paths(settings.home), current=current)
    days: tuple[OldDay, ...] = ()
    packs: tuple[Path, ...] = ()
    if (moment := _before(now, settings.keep_journals_days)) is not None:
        days = tuple(journals.days_before(moment))
    if (moment := _before(now, settings.pack_journals_days)) is not None:
        going = frozenset(one.day for one in days)
        packs = tuple(journals.plain_before(moment, going))
    return _Plan(days=days, packs=packs, held=tuple(journals.held.values()))


def _announced(settings: Settings, plan: _Plan, now: datetime) -> Housekept:
    paths = Paths(settings.home)
    going = frozenset(name for day in plan.days for name in day.hashes)
    databases = _databases(settings)
    folder = paths.backups
    surplus = [
        old for one in databases for old in one.surplus(folder, now, keeps=settings.keep_backups)
    ]
    return Housekept(
        is_plan=True,
        journals=FileGroup(
            names=tuple(f"{one.day}" for one in plan.days),
            bytes=sum(one.bytes for one in plan.days),
        ),
        packed=FileGroup(names=tuple(path.name for path in plan.packs)),
        logs=_group(old_logs(paths.logs, _before(now, settings.keep_logs_days))),
        reports=_group(old_reports(paths, _before(now, settings.keep_logs_days), going)),
        backups=FileGroup(names=tuple(one.copy(folder, now).name for one in databases)),
        old_backups=_group(surplus),
        held=plan.held,
        notes=_notes(settings, now),
    )


class _Work:
    """The steps, in an order that matters: room first, and a copy before what it stands for."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings = settings
        self._paths = Paths(settings.home)
        self._now = now
        self._problems: list[str] = []
        self._ended = FileGroup()

    def end_begun(self) -> None:
        """What an earlier run began to take away."""
        try:
            ended = tuple(f"{day}" for day in end_begun(self._paths.journals))
            self._ended = FileGroup(names=ended)
        except (OSError, PxError) as error:
            self._problems.append(f"a removal that was begun is not ended: {error}")

    def done(self, plan: _Plan) -> Housekept:
        cutoff = _before(self._now, self._settings.keep_logs_days)
        logs = self._each(old_logs(self._paths.logs, cutoff), remove_file)
        days = [day for day in plan.days if self._is_in_store(day)]
        backups, surplus, is_copied = self._backed_up()
        if days and not is_copied:
            self._problems.append("old journals stay: the store that holds them was not copied")
            days = []
        journals = self._each(((day, day.bytes) for day in days), self._take_away, _name_of_day)
        packed = self._packed(plan.packs)
        reports = self._each(old_reports(self._paths, cutoff, frozenset()), remove_folder)
        return Housekept(
            is_plan=False,
            journals=FileGroup(names=self._ended.names + journals.names, bytes=journals.bytes),
            packed=packed,
            logs=logs,
            reports=reports,
            backups=backups,
            old_backups=self._each(surplus, remove_file),
            held=plan.held,
            problems=tuple(self._problems),
            notes=_notes(self._settings, self._now),
        )

    def _each(
        self,
        things: Iterable[tuple[T, int]],
        act: Callable[[T], None],
        name: Callable[[T], str] = lambda one: str(getattr(one, "name", one)),
    ) -> FileGroup:
        """Those that it could be done to, and their bytes. The rest is a problem each."""
        names, size = [], 0
        for one, its_bytes in things:
            try:
                act(one)
            except OSError as error:
                self._problems.append(f"{name(one)}: {error.strerror or error}")
                continue
            names.append(name(one))
            size += its_bytes
        return FileGroup(names=tuple(names), bytes=size)

    def _take_away(self, day: OldDay) -> None:
        take_away(self._paths.journals, day.day, day.files)

    def _packed(self, paths: Iterable[Path]) -> FileGroup:
        names, saved = [], 0
        for path in paths:
            try:
                saved += pack(path)
            except OSError as error:
                self._problems.append(f"{path.name} is not compressed: {error.strerror or error}")
                continue
            names.append(path.name)
        return FileGroup(names=tuple(names), bytes=saved)

    def _is_in_store(self, day: OldDay) -> bool:
        try:
            lack = ask_store(
                self._settings,
                lambda store: put_into(store, self._paths.journals, day),
                limit_s=_STORE_S,
            )
        except PxError as error:
            lack = str(error).splitlines()[0]
        if lack is not None:
            self._problems.append(f"the journals of {day.day} stay: {lack}")
        return lack is None

    def _backed_up(self) -> tuple[FileGroup, list[tuple[Path, int]], bool]:
        """The copies, those that are too many now, and whether the store lost nothing by it: it
        has its copy, or none is wanted here.
        """
        names, size, is_copied = [], 0, True
        surplus: list[tuple[Path, int]] = []
        folder, keeps = self._paths.backups, self._settings.keep_backups
        for one in _databases(self._settings):
            target = one.copy(folder, self._now)
            try:
                size += back_up(one.source, target)
            except NoBackup as error:
                self._problems.append(str(error))
                is_copied &= one.source != store_file(self._settings)
                continue
            names.append(target.name)
            surplus += one.surplus(folder, self._now, keeps=keeps)
        return FileGroup(names=tuple(names), bytes=size), surplus, is_copied


def _databases(settings: Settings) -> list[Database]:
    """Those that are files and are there; none where no copies are wanted."""
    if settings.keep_backups == 0:
        return []
    store = store_file(settings)
    prefect = Database(
        source=Paths(settings.home).prefect / "prefect.db", stem="prefect", suffix=".db"
    )
    ours = [] if store is None else [Database(source=store, stem="px", suffix=".sqlite")]
    return [one for one in (*ours, prefect) if one.source.exists()]


def _notes(settings: Settings, now: datetime) -> tuple[str, ...]:
    if store_file(settings) is not None:
        return ()
    command = dump_command(store_url(settings.database_url.get_secret_value()), now)
    return (f"the store is a server's, and its backup is yours: {command}",)


def _before(now: datetime, days: int) -> datetime | None:
    """What is older than that has lasted so many days; None when all is kept."""
    return now - timedelta(days=days) if days else None


def _name_of_day(day: OldDay) -> str:
    return f"{day.day}"


def _group(things: Iterable[tuple[Path, int]]) -> FileGroup:
    listed = list(things)
    return FileGroup(
        names=tuple(one.name for one, _ in listed), bytes=sum(size for _, size in listed)
    )
