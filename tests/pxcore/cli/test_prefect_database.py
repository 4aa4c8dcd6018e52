"""When the database of Prefect's server is set aside, and when it is left where it is."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from pxcore.cli.prefect_database import DatabaseVerdict, judge, see_to_database

NOW = datetime(2026, 11, 20, 8, 30, 5)  # noqa: DTZ001
KNOWN = "9725c1cbee35"  # the version of Prefect's first tables


def made(
    path: Path, *, version: str | None = KNOWN, has_runs: bool = True, rows: int = 2000
) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        if has_runs:
            database.execute("CREATE TABLE flow_run (id INTEGER PRIMARY KEY, name TEXT)")
            names = (("run " * 50,) for _ in range(rows))
            database.executemany("INSERT INTO flow_run (name) VALUES (?)", names)
        if version is not None:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("INSERT INTO alembic_version VALUES (?)", (version,))


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, and longer than a header. " * 100)


def truncated(path: Path) -> None:
    made(path)
    path.write_bytes(path.read_bytes()[:20_000])


def malformed(path: Path) -> None:
    made(path)
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    path.write_bytes(data)


def of_another_prefect(path: Path) -> None:
    made(path, version="ffffffffffff")


def without_a_version(path: Path) -> None:
    made(path, version=None)


def without_its_tables(path: Path) -> None:
    made(path, has_runs=False)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        pytest.param(garbage, "is no SQLite database", id="garbage"),
        pytest.param(truncated, "is damaged", id="truncated"),
        pytest.param(malformed, "is damaged", id="malformed"),
        pytest.param(of_another_prefect, "is of a Prefect that is not installed", id="version"),
        pytest.param(without_a_version, "do not fit", id="no version"),
        pytest.param(without_its_tables, "do not fit", id="no tables"),
    ],
)
def test_database_that_no_server_can_read_is_set_aside_and_told(
    tmp_path: Path, damage: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "prefect.db"
    damage(path)
    (tmp_path / "prefect.db-wal").write_bytes(b"")
    held, told = path.read_bytes(), list[str]()
    assert see_to_database(path, NOW, tell=told.append).verdict is DatabaseVerdict.UNREADABLE
    there = tmp_path / "prefect.db.unreadable-20261120-083005"
    assert there.read_bytes() == held and there.with_name(f"{there.name}-wal").exists()
    assert not path.exists() and not (tmp_path / "prefect.db-wal").exists()
    (line,) = told
    assert why in line and f"set aside as {there.name}" in line
    assert see_to_database(path, NOW, tell=told.append).verdict is DatabaseVerdict.SOUND


@pytest.mark.parametrize("rows", [0, 5000])
def test_database_that_is_sound_missing_or_empty_is_left_alone(tmp_path: Path, rows: int) -> None:
    path, told = tmp_path / "prefect.db", list[str]()
    assert see_to_database(path, NOW, tell=told.append).verdict is DatabaseVerdict.SOUND
    path.touch()
    assert see_to_database(path, NOW, tell=told.append).verdict is DatabaseVerdict.SOUND
    made(path, rows=rows)
    held = path.read_bytes()
    assert see_to_database(path, NOW, tell=told.append).verdict is DatabaseVerdict.SOUND
    assert path.read_bytes() == held and told == []


def test_database_of_a_server_that_runs_or_was_killed_is_sound(tmp_path: Path) -> None:
    """Its last pages are beside it, in the -wal."""
    path, killed = tmp_path / "prefect.db", tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(path)) as server:
        server.execute("PRAGMA journal_mode=WAL")
        server.execute("CREATE TABLE log (text TEXT)")
        made(path)
        assert judge(path).verdict is DatabaseVerdict.SOUND
        for file in (path, path.with_name("prefect.db-wal")):
            shutil.copy(file, killed)
    assert (killed / "prefect.db-wal").stat().st_size
    assert judge(killed / "prefect.db").verdict is DatabaseVerdict.SOUND


def test_database_that_is_only_locked_is_left_alone_and_named(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    made(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = see_to_database(path, NOW, tell=pytest.fail)
    assert found.verdict is DatabaseVerdict.OTHER and "locked by another program" in found.why
    assert path.exists()


def test_database_that_cannot_be_opened_is_left_alone_and_named(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.symlink_to(path)
    found = see_to_database(path, NOW, tell=pytest.fail)
    assert found.verdict is DatabaseVerdict.OTHER and "cannot be read (Too many levels" in found.why
    assert path.is_symlink()


def test_folder_in_its_place_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").mkdir()
    found = see_to_database(tmp_path / "prefect.db", NOW, tell=pytest.fail)
    assert found.verdict is DatabaseVerdict.OTHER and "is a folder" in found.why


def test_database_that_takes_too_long_to_look_at_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    made(path, rows=50_000)
    assert judge(path, limit_s=0.0).verdict is DatabaseVerdict.SOUND
