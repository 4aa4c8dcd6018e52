"""The database of Prefect's server: can it be read, and away with it when it cannot.

It holds schedules, runs and their logs, and no money's state: journals and the store have that. One
that is no database any more keeps the server from starting for ever, so it is set aside, under a
name that says so, and the server begins a new one. That is decided on evidence in the file alone:
what is locked, not ours to read, or on a disk that fails is named and left where it is.
"""

import importlib.util
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

import msgspec

from pxcore.config.paths import Paths
from pxcore.host.bounded_files import read_start, read_text

_HEADER = b"SQLite format 3\0"  # Source: sqlite.org/fileformat2.html, 1.3, read November 2026
_BUSY_S = 1.0
_LOOK_S = 20.0  # at all its pages; one that takes longer is believed
_STEPS = 100_000  # of SQLite's machine, from look at the clock to look
_BESIDE = ("", "-wal", "-shm")
_UNREADABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_MIGRATIONS = Path("server") / "database" / "_migrations" / "versions" / "sqlite"


class DatabaseVerdict(Enum):
    SOUND = auto()
    UNREADABLE = auto()
    OTHER = auto()  # it is kept from being read by something else


class DatabaseState(msgspec.Struct, frozen=True, kw_only=True):
    """`why` is empty where it is sound."""

    verdict: DatabaseVerdict
    why: str = ""


_SOUND = DatabaseState(verdict=DatabaseVerdict.SOUND)


def database_of(paths: Paths) -> Path:
    return paths.prefect / "prefect.db"


def judge(path: Path, *, limit_s: float = _LOOK_S) -> DatabaseState:
    """What the file itself shows; one that was not made yet, or is empty, is sound. Read-only."""
    try:
        beginning = read_start(path, len(_HEADER))
    except FileNotFoundError:
        return _SOUND
    except IsADirectoryError:
        return _other(path, "is a folder")
    except OSError as error:
        return _other(path, f"cannot be read ({error.strerror or error})")
    if beginning and beginning != _HEADER:
        return _unreadable(path, "is no SQLite database")
    return _judge_pages(path, limit_s) if beginning else _SOUND


def _judge_pages(path: Path, limit_s: float) -> DatabaseState:
    try:
        with closing(_opened(path, limit_s)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                return _unreadable(path, f"is damaged ({said.splitlines()[0]})")
            return _judge_version(path, database)
    except sqlite3.DatabaseError as error:
        kind = error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else 0
        if kind in _UNREADABLE:
            return _unreadable(path, f"is damaged ({error})")
        if kind in _LOCKED:
            return _other(path, "is locked by another program")
        if kind == sqlite3.SQLITE_INTERRUPT:
            return _SOUND
        return _other(path, f"cannot be read ({error})")


def _opened(path: Path, limit_s: float) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
    until_s = time.monotonic() + limit_s
    database.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS)
    return database


def _judge_version(path: Path, database: sqlite3.Connection) -> DatabaseState:
    """Prefect makes its tables and notes their version, which a program of another one cannot
    use. A database without either is as good as a new one.
    """
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {str(name) for (name,) in rows}
    versions = []
    if "alembic_version" in tables:
        found = database.execute("SELECT version_num FROM alembic_version").fetchall()
        versions = [str(version) for (version,) in found]
    if bool(versions) != ("flow_run" in tables):
        return _unreadable(path, "has tables that do not fit the version it says it has")
    unknown = [version for version in versions if not _is_known(version)]
    if unknown:
        return _unreadable(path, f"is of a Prefect that is not installed here ({unknown[0]})")
    return _SOUND


def _is_known(version: str) -> bool:
    """By the migrations of the Prefect that is installed, read as files: each says its version.
    Where there are none, nothing is known against it.
    """
    spec = importlib.util.find_spec("prefect")
    folders = (spec.submodule_search_locations or ()) if spec is not None else ()
    files = [file for folder in folders for file in (Path(folder) / _MIGRATIONS).glob("*.py")]
    says = re.compile(rf"^revision\b.*['\"]{re.escape(version)}['\"]", re.MULTILINE)
    return not files or any(says.search(read_text(file)) for file in files)


def set_aside(path: Path, now: datetime) -> Path:
    """Its new place, with what SQLite keeps beside it. Raises OSError."""
    there = path.with_name(f"{path.name}.unreadable-{now:%Y%m%d-%H%M%S}")
    for suffix in reversed(_BESIDE):  # itself last: until then it is found to be unreadable again
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(there.with_name(there.name + suffix))
    return there


def see_to_database(path: Path, now: datetime, *, tell: Callable[[str], None]) -> DatabaseState:
    """Whatever cannot be read is set aside, and told; so is what keeps it from being read."""
    found = judge(path)
    if found.verdict is DatabaseVerdict.UNREADABLE:
        try:
            there = set_aside(path, now)
        except OSError as error:
            why = f"{found.why}, and cannot be set aside ({error.strerror or error})"
            return DatabaseState(verdict=DatabaseVerdict.OTHER, why=why)
        tell(
            f"Prefect's database {found.why}: set aside as {there.name}, and a new one begun. "
            "Past runs are in the UI no more; journals and reports have them"
        )
    return found


def _unreadable(path: Path, why: str) -> DatabaseState:
    return DatabaseState(verdict=DatabaseVerdict.UNREADABLE, why=f"{path.name} {why}")


def _other(path: Path, why: str) -> DatabaseState:
    return DatabaseState(verdict=DatabaseVerdict.OTHER, why=f"{path} {why}")
