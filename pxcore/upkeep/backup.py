"""A copy of a database while others write it: whole and checked, or not there at all.

SQLite's online backup gives the state of one moment, whoever writes meanwhile, and holds nobody
up where the database is in WAL mode, as ours and Prefect's are. What is killed in between leaves
a file with `.part` in its name, which the next copy takes away: one process at a time may copy.
"""

import os
import re
import shlex
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import URL

from pxcore.journal.operator import sync_folder
from pxcore.model import PxError

_LIMIT_S = 600.0
_LOCK_S = 5.0
_SPARE_BYTES = 256 << 20  # a session's journal must have room beside the copy


class NoBackup(PxError):
    """There is no new copy, and why; the earlier ones are as they were."""


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A database file, and what its copies are called: `px-20261124.sqlite`."""

    source: Path
    stem: str
    suffix: str

    def copy(self, folder: Path, now: datetime) -> Path:
        """Of that day, UTC."""
        return folder / f"{self.stem}-{now.astimezone(UTC):%Y%m%d}{self.suffix}"

    def surplus(self, folder: Path, now: datetime, *, keeps: int) -> list[tuple[Path, int]]:
        """The copies beyond the newest, that of the day counted whether it is there or not; and
        their bytes.
        """
        named = re.compile(rf"{re.escape(self.stem)}-\d{{8}}{re.escape(self.suffix)}")
        listed = os.scandir(folder) if folder.is_dir() else ()
        there = {folder / f.name: f.stat().st_size for f in listed if named.fullmatch(f.name)}
        newest_first = sorted({*there, self.copy(folder, now)}, reverse=True)
        return [(one, there[one]) for one in newest_first[keeps:] if one in there]


def back_up(
    source: Path,
    target: Path,
    *,
    limit_s: float = _LIMIT_S,
    lock_s: float = _LOCK_S,
    spare_bytes: int = _SPARE_BYTES,
) -> int:
    """`target` is the database `source` of this moment, in one file; its size in bytes.

    One of the same name gives way. Raises NoBackup when the source is damaged, is held by somebody
    for `limit_s`, or the copy would leave less than `spare_bytes` of room.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for begun in target.parent.glob("*.part*"):
            begun.unlink(missing_ok=True)
        _require_room(source, target.parent, spare_bytes)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _copy(source, part, limit_s=limit_s, lock_s=lock_s)
            _sync(part)
            size = part.stat().st_size
            part.replace(target)
        finally:
            _remove(part)
        sync_folder(target.parent)
    except sqlite3.Error as error:
        raise NoBackup(f"{source} is not backed up: {error}") from error
    except OSError as error:
        raise NoBackup(f"{source} is not backed up: {error.strerror or error}") from error
    return size


def dump_command(url: URL, now: datetime) -> str:
    """What a person runs to back up a server's database. Without the password, which `pg_dump`
    asks for, or finds in `~/.pgpass`.
    """
    host = url.host or url.query.get("host")
    options = {
        "--file": f"px-{now.astimezone(UTC):%Y%m%d}.dump",
        "--host": host if isinstance(host, str) else None,
        "--port": str(url.port) if url.port else None,
        "--username": url.username,
        "--dbname": url.database,
    }
    given = [f"{name}={value}" for name, value in options.items() if value]
    return shlex.join(["pg_dump", "--format=custom", *given])


def _copy(source: Path, part: Path, *, limit_s: float, lock_s: float) -> None:
    deadline = time.monotonic() + limit_s

    def give_up_late(status: int, remaining: int, total: int) -> None:
        if status != sqlite3.SQLITE_DONE and time.monotonic() > deadline:
            raise NoBackup(f"{source} is not backed up: it was held for {limit_s:g} s")

    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=lock_s)) as whole,
        closing(sqlite3.connect(part)) as copy,
    ):
        whole.backup(copy, pages=-1, progress=give_up_late)  # in one step: of one moment
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise NoBackup(f"{source} is DAMAGED, and not backed up: {found[0]}")


def _require_room(source: Path, folder: Path, spare_bytes: int) -> None:
    needed = sum(one.stat().st_size for one in (source, _wal(source)) if one.exists())
    free = shutil.disk_usage(folder).free
    if free < needed + spare_bytes:
        raise NoBackup(
            f"{source} is not backed up: {free:,} bytes are free, and the copy takes {needed:,} "
            f"of which {spare_bytes:,} must be left"
        )


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _remove(part: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        part.with_name(part.name + ending).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
