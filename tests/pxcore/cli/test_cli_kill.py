"""`px kill`: what it says that it does, to sessions that begin and to those that run."""

import pytest
from paper_scenes import ACCOUNT
from px_runner import Px

from pxcore.config.settings import load_settings
from pxcore.day.kill_switch import kill_status
from pxcore.ownership.lease import take

ON = ("kill on", "--reason", "news", "--keep-position")
OFF = ("kill off", "--reason", "over", "--yes")


@pytest.fixture
def running(px: Px, monkeypatch: pytest.MonkeyPatch) -> str:
    """A session that has the account: its name."""
    for name, value in px.settings.items():
        monkeypatch.setenv(name, value)
    take(load_settings(), account_id=ACCOUNT, holder="px-of-today")
    return "px-of-today"


def verbs() -> list[str]:
    return [act.verb for act in kill_status(load_settings()).acts]


def test_off_says_that_a_session_that_runs_enters_nothing_more(px: Px, running: str) -> None:
    px(*ON)
    said = px(*OFF)
    assert said.status == 0
    assert "sessions that start from now on may enter" in said.out
    (line,) = [one for one in said.out.splitlines() if one.startswith(running)]
    assert f"account {ACCOUNT}, stays out until it ends" in line
    assert "px kill off --reason over --resume" in line
    assert verbs() == ["engage", "release"]


def test_off_with_resume_tells_those_that_run_and_says_so(px: Px, running: str) -> None:
    px(*ON)
    said = px(*OFF, "--resume")
    assert f"{running}, which has account {ACCOUNT}, may enter again" in said.out
    assert "resumed: running sessions may enter again" in said.out
    assert verbs() == ["engage", "release", "resume"]


def test_resume_can_be_said_later_and_without_a_session_says_that_none_runs(px: Px) -> None:
    px(*ON)
    px(*OFF)
    assert px(*OFF).status == 0 and "sessions" not in px(*OFF).out
    said = px(*OFF, "--resume")
    assert said.status == 0 and "no session is running" in said.out


def test_what_is_not_confirmed_releases_nothing_and_tells_nobody(px: Px, running: str) -> None:
    px(*ON)
    said = px("kill off --reason over --resume")
    assert said.status != 0
    assert verbs() == ["engage"]
    assert kill_status(load_settings()).is_engaged
