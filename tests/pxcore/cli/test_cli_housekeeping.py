"""`px housekeeping`: it says first what it will do."""

import os
from pathlib import Path

import pytest
from px_runner import Px

from pxcore.host.filelock import try_lock

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def px(tmp_path: Path) -> Px:
    return Px({"PX_HOME": str(tmp_path / "home")})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """One that is old enough to go."""
    path = tmp_path / "home" / "logs" / "old.log"
    path.parent.mkdir(parents=True)
    path.write_text("x" * 2_500)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_dry_run_says_what_would_go_and_leaves_it(px: Px, log: Path) -> None:
    said = px("housekeeping --dry-run")

    assert (said.status, said.out) == (0, "will remove logs 2 kB: old.log\n")
    assert log.exists()


def test_what_will_go_is_said_before_what_has_gone(px: Px, log: Path) -> None:
    said = px("housekeeping")

    assert said.status == 0 and not log.exists()
    assert said.out.splitlines() == [
        "will remove logs 2 kB: old.log",
        "removed logs 2 kB: old.log",
    ]


def test_json_is_one_document_and_the_plan_goes_to_the_person(px: Px, log: Path) -> None:
    said = px("housekeeping --json")

    assert said.json["logs"] == {"names": ["old.log"], "bytes": 2_500}
    assert said.json["is_plan"] is False
    assert "will remove logs" in said.err


def test_home_with_nothing_in_it_is_no_error(px: Px) -> None:
    said = px("housekeeping")
    assert (said.status, said.out) == (0, "nothing to do\nnothing was done\n")


def test_what_could_not_be_done_exits_with_1(px: Px, tmp_path: Path) -> None:
    (tmp_path / "home" / "prefect").mkdir(parents=True)
    (tmp_path / "home" / "prefect" / "prefect.db").write_bytes(b"no database " * 100)

    said = px("housekeeping")

    assert said.status == 1
    assert "not backed up" in said.err


def test_run_beside_another_is_not_done(px: Px, log: Path) -> None:
    lock = log.parent.parent / "locks" / "housekeeping.lock"
    lock.parent.mkdir()
    with lock.open("a") as other:
        try_lock(other)
        said = px("housekeeping")
    assert said.status == 1 and log.exists()
    assert said.problems == ["px: housekeeping is running already; nothing was done"]
