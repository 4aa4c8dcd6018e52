"""`px status` and `px run` typed in another folder than the `px up` of the same home."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from px_runner import Px

from pxcore.cli import real_day
from pxcore.cli.output import steady_console
from pxcore.config.settings import Mode, Settings, load_settings
from pxcore.ownership.home_lock import HomeLock, Household, household_of, started_elsewhere


class NoDay:
    """In the place of the day that `px run` would trade."""

    def __init__(self, *given: Any, **named: Any) -> None:
        pass

    def run(self, prepare: Any) -> int:
        return 0


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder than the test's."""
    folder = tmp_path / "other"
    folder.mkdir()
    monkeypatch.setattr(real_day, "TerminalDay", NoDay)
    return folder


def told(folder: Path, mode: str) -> str:
    return (
        f"the `px up` of this home was started in {folder} (mode {mode}), with the .env there; "
        "this folder has its own settings"
    )


def test_status_in_another_folder_warns_and_is_no_problem(
    px: Px, tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HomeLock(tmp_path / "home", mode=Mode.SHADOW):
        here = px("status")
        monkeypatch.chdir(other)
        said = px("status")
        document = px("status --json").json
    assert here.err == ""
    assert said.status == 0
    assert said.problems == [f"px: {told(tmp_path, 'shadow')}"]
    assert document["warnings"] == [told(tmp_path, "shadow")] and document["problems"] == []


def test_run_in_another_folder_says_so(
    px: Px, tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HomeLock(tmp_path / "home", mode=Mode.PAPER):
        here = px("run")
        monkeypatch.chdir(other)
        said = px("run")
    assert (here.status, said.status) == (0, 0)
    assert "was started in" not in here.all
    assert told(tmp_path, "paper") in said.out.splitlines()


def test_run_says_so_before_it_asks(
    px: Px,
    tmp_path: Path,
    other: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in px.settings.items():
        monkeypatch.setenv(name, value)
    before: list[str] = []

    def refuses(screen: object, question: str) -> bool:
        before.append(capsys.readouterr().out)
        return False

    monkeypatch.setattr(real_day, "agrees", refuses)
    monkeypatch.setattr(Settings, "mode", property(lambda settings: Mode.LIVE))
    with HomeLock(tmp_path / "home", mode=Mode.PAPER), pytest.raises(typer.Abort):
        monkeypatch.chdir(other)
        real_day.run_day(load_settings(), steady_console(), is_agreed=False, json=None)
    assert told(tmp_path, "paper") in before[0].splitlines()


def test_px_up_of_an_earlier_version_says_no_folder_and_is_not_compared() -> None:
    assert started_elsewhere(Household(pid=1, ui="", since=datetime.now(UTC))) is None


def test_folder_that_is_gone_is_none(
    tmp_path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(other)
    other.rmdir()
    with HomeLock(tmp_path / "home", mode=Mode.PAPER):
        there = household_of(tmp_path / "home")
    assert there is not None and there.folder == ""
