"""A start from the terminal, of a day or of `px up`: waited for, and named when it hangs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from raw_http import RawHttp, answer
from rich.console import Console
from stand_ins import HANG_UNITS, PROGRESS, RESTS, StandIns

from pxcore.cli import day, runners, terminal_day
from pxcore.cli import schedule as schedules
from pxcore.cli.day import FlowProcess, NoDay
from pxcore.cli.runners import TAGS
from pxcore.cli.schedule import Schedule
from pxcore.cli.screen import Screen
from pxcore.cli.terminal_day import Prepared, TerminalDay
from pxcore.cli.upcoming import PrefectApi
from pxcore.config.accounts import NamedAccount
from pxcore.config.began_with import refuse_others
from pxcore.config.paths import Paths
from pxcore.host.starting import Hangs, Step
from pxcore.model import Misconfigured, Unavailable

Flow = Callable[[str], FlowProcess]


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    """A flow that runs this code instead."""
    stand_ins = StandIns()
    monkeypatch.setattr(day, "Step", partial(Step, units=HANG_UNITS))
    monkeypatch.setattr(day, "spawn", stand_ins.spawn)

    def made(code: str) -> FlowProcess:
        stand_ins.code = code
        return FlowProcess(Paths(tmp_path), port=1, environ={}, cwd=tmp_path)

    yield made
    stand_ins.end()


@pytest.fixture
def screen() -> Screen:
    return Screen(Console(quiet=True), "test")


def test_start_of_which_nothing_comes_is_a_hang_of_the_session(flow: Flow, screen: Screen) -> None:
    running = flow(RESTS)
    with pytest.raises(Hangs, match=r"^the session hangs: nothing from it .*flow\.log$"):
        running.follow(screen, running.starting(screen, idle_s=0))


def test_session_that_runs_is_judged_by_no_start_any_more(flow: Flow, screen: Screen) -> None:
    """It is silent for longer than a start may be: what it may not be is for its flow to judge."""
    silent_s = HANG_UNITS + 1
    running = flow(f"import time; print({PROGRESS!r}, flush=True); time.sleep({silent_s})")
    with pytest.raises(NoDay):
        running.follow(screen, running.starting(screen, idle_s=0))


class Hanging:
    """A flow whose start hangs; asked to stop, it ends."""

    process = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.acts: list[str] = []

    def starting(self, screen: Screen, *, idle_s: float) -> str:
        return f"the start, which may rest for {idle_s:g} s"

    def follow(self, screen: Screen, step: str | None = None) -> dict[str, Any]:
        if step is not None:
            raise Hangs("the session hangs: nothing from it for 40 s")
        raise NoDay(1, ("it was asked to stop",))

    def ask_to_stop(self) -> None:
        self.acts.append("asked to stop")

    def end(self) -> None:
        self.acts.append("ended")


@pytest.mark.parametrize("is_flat", [True, False])
def test_day_whose_start_hangs_is_stopped_looked_at_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_flat: bool
) -> None:
    monkeypatch.setattr(terminal_day, "FlowProcess", Hanging)
    monkeypatch.setattr(TerminalDay, "_server_port", lambda self, stack: 1)
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    made = TerminalDay(Paths(tmp_path), console, title="test", json=None)

    def prepare(stack: ExitStack) -> Prepared:
        return Prepared(
            account="account 7", idle_s=31, environ={}, cwd=tmp_path, is_flat=lambda: is_flat
        )

    assert made.run(prepare) == 1
    said = console.export_text()
    assert "the session hangs: nothing from it for 40 s" in said
    assert ("account 7 is flat" in said, "NOT FLAT" in said) == (is_flat, not is_flat)
    assert made._flow.acts == ["asked to stop", "ended"]


# -- px up ------------------------------------------------------------------------------------


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    """`px up` has its code run instead of whatever it starts."""
    made = StandIns()
    for module in (schedules, runners):
        monkeypatch.setattr(module, "Step", partial(Step, units=HANG_UNITS))
        monkeypatch.setattr(module, "spawn", made.spawn)
    yield made
    made.end()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def schedule(stand_ins: StandIns, said: list[str], tmp_path: Path) -> Iterator[Schedule]:
    paths = Paths(tmp_path)
    paths.make()
    made = Schedule(paths, 1, say=said.append, tell=pytest.fail)
    yield made
    made.end_runners()


@pytest.fixture
def registering(schedule: Schedule, stand_ins: StandIns) -> Callable[[str], None]:
    def register(code: str) -> None:
        stand_ins.code = code
        schedule._register_all()

    return register


def test_registering_that_is_refused_says_every_problem_of_this_time(registering) -> None:
    refused = "import sys; print('one\\ntwo', file=sys.stderr); sys.exit(2)"
    for _ in range(2):
        with pytest.raises(Misconfigured) as caught:
            registering(refused)
        assert caught.value.problems == ("one", "two")


def test_registering_that_fails_says_its_last_line(registering) -> None:
    with pytest.raises(Unavailable, match="could not be registered: two"):
        registering("import sys; print('one\\ntwo', file=sys.stderr); sys.exit(1)")


def test_registering_of_which_nothing_comes_any_more_hangs_and_is_named(registering) -> None:
    with pytest.raises(Hangs, match=r"^the registration of the deployments hangs: nothing from it"):
        registering(f"print('registered preflight', flush=True); {RESTS}")


def test_registering_is_done_when_it_has_said_all(registering) -> None:
    registering("print('registered preflight', flush=True)")


BEGAN = datetime(2026, 11, 29, 14, 0, tzinfo=UTC)


def served(name: str, *tags: str, polled: str | None) -> dict[str, Any]:
    return {"name": name, "tags": tags, "last_polled": polled}


def test_runner_is_at_work_once_it_has_asked_for_each_of_its_deployments(tmp_path: Path) -> None:
    before, after = "2026-11-29T13:59:59.900000Z", "2026-11-29T14:00:03.100000Z"
    there = [
        served("trading-day", "px", "session", polled=after),
        served("flatten", "px", polled=after),
        served("sweep", "px", polled=before),
        served("preflight", "px", polled=None),
        served("of somebody else", polled=None),
    ]
    server = RawHttp()
    server.script("/api/csrf-token", answer(body={"token": "t"}))
    server.script("/api/deployments/filter", answer(raw=msgspec.json.encode(there)))
    api = PrefectApi(server.url, Paths(tmp_path))
    assert api.unpolled(BEGAN, **TAGS["sessions"]) == []
    assert api.unpolled(BEGAN, **TAGS["safety"]) == ["sweep", "preflight"]
    server.close()


def test_runner_that_ends_at_its_start_is_started_again_and_then_told(
    schedule: Schedule, stand_ins: StandIns, said: list[str]
) -> None:
    stand_ins.code = "import sys; sys.exit(1)"
    with pytest.raises(Unavailable, match=r"^runner sessions ended at its start with status 1; "):
        schedule._runners.start()
    assert [one.partition(";")[0] for one in said] == [
        "runner sessions ended at its start with status 1"
    ] * 2


def test_runner_that_hangs_at_its_start_is_named_and_not_started_again(
    schedule: Schedule, stand_ins: StandIns, said: list[str]
) -> None:
    stand_ins.code = RESTS
    with pytest.raises(Hangs, match=r"^runner sessions hangs: nothing from it for "):
        schedule._runners.start()


def test_server_that_cannot_tell_says_of_no_runner_that_it_is_at_work(tmp_path: Path) -> None:
    server = RawHttp()
    server.script("/api/csrf-token", answer(body={"token": "t"}))
    server.script("/api/deployments/filter", answer(503))
    assert PrefectApi(server.url, Paths(tmp_path)).unpolled(BEGAN, wanted="px") is None
    server.close()


def test_what_is_registered_and_served_is_told_the_accounts_of_px_up(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.make()
    known = (NamedAccount(id=11, label="main"),)
    made = Schedule(paths, 1, say=print, tell=pytest.fail, accounts=known)
    refuse_others(known, made._environ())
    with pytest.raises(Misconfigured, match="px down"):
        refuse_others((NamedAccount(id=12, label="main"),), made._environ())
