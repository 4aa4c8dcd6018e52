"""When a runner is replaced, and what becomes of a run that one took and never began."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from patience import patience
from raw_http import RawHttp, answer
from stand_ins import RESTS, StandIns
from waiting import until

from pxcore.cli import runners as module
from pxcore.cli.runners import Runners
from pxcore.cli.upcoming import PrefectApi
from pxcore.config.paths import Paths
from pxcore.host.computing import computed_s
from pxcore.ownership.run_marks import run_marked

# As a tether and its runner; and with a run, whose process is the runner's child.
BELOW = "import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
IDLE = BELOW.format(child=RESTS)
BUSY = BELOW.format(child=IDLE)
DEPLOYMENTS = [
    {"id": "d1", "name": "trading-day", "tags": ["px", "session"], "last_polled": None},
    {"id": "d2", "name": "flatten", "tags": ["px"], "last_polled": None},
]


@pytest.fixture
def server() -> Iterator[RawHttp]:
    made = RawHttp()
    made.script("/api/csrf-token", answer(body={"token": "t"}))
    made.script("/api/deployments/filter", answer(body=DEPLOYMENTS))
    made.script("/api/flow_runs/filter", answer(body=[]))
    made.script("/api/flow_runs/r1/set_state", answer(body={"status": "ACCEPT"}))
    yield made
    made.close()


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIns]:
    made = StandIns()
    made.code = IDLE
    monkeypatch.setattr(module, "spawn", made.spawn)
    monkeypatch.setattr(module, "_LOST_LOOK_S", -1.0)  # each look looks for what is lost
    monkeypatch.setattr(module, "unit_s", lambda: 1.0)  # how long ago is the tests' to say
    yield made
    made.end()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def runners(
    server: RawHttp, stand_ins: StandIns, said: list[str], tmp_path: Path
) -> Iterator[Runners]:
    paths = Paths(tmp_path)
    paths.make()
    made = Runners(paths, PrefectApi(server.url, paths), {}, say=said.append)
    yield made
    made.end()


def started(runners: Runners, *, processes: int) -> None:
    """Each of the two, with so many processes."""
    for kept in runners.kept:
        process = kept.start()
        until(lambda pid=process.pid: len(computed_s([pid]) or ()) == processes)


def pids(runners: Runners) -> list[int]:
    return [kept.process.pid for kept in runners.kept if kept.process is not None]


def taken(deployment: str, *, ago_s: float, action: str = "") -> dict[str, Any]:
    since = datetime.now(UTC) - timedelta(seconds=ago_s)
    return {
        "id": "r1",
        "name": "flatten 20000001",
        "deployment_id": deployment,
        "parameters": {"order": {"action": action}} if action else {},
        "state": {"type": "PENDING", "timestamp": since.isoformat()},
    }


def states_set(server: RawHttp) -> list[Any]:
    return [request.body["state"] for request in server.asked("/api/flow_runs/r1/set_state")]


def test_stale_runner_without_a_run_is_replaced_once(runners, said):
    started(runners, processes=2)
    before = pids(runners)
    runners.look()
    assert pids(runners) == before, "nothing has harmed them"
    runners.mark_stale()
    runners.look()
    assert said == ["runner safety is replaced", "runner sessions is replaced"]
    assert not set(pids(runners)) & set(before)
    runners.look()
    assert len(said) == 2


def test_runner_whose_run_has_a_process_but_no_mark_yet_is_not_replaced(runners, stand_ins, said):
    stand_ins.code = BUSY
    started(runners, processes=3)
    runners.mark_stale()
    runners.look()
    assert said == []


def test_runner_with_a_marked_run_is_not_replaced_and_the_other_one_is(
    runners, said, tmp_path, monkeypatch
):
    started(runners, processes=2)
    monkeypatch.setenv(module.RUNNER, runners._name_of("sessions"))
    runners.mark_stale()
    with run_marked(tmp_path, run_id="r1", flow="trading-day", account_id=7):
        runners.look()
    assert said == ["runner safety is replaced"]


def test_run_that_is_over_has_its_last_word_before_its_runner_is_told_to_end(
    runners, stand_ins, monkeypatch
):
    """Prefect's runner would call it Cancelled: a day that ended flat, one that was left."""
    looks: list[int] = []

    def counted(pids: list[int]) -> Any:
        looks.append(1)
        return computed_s(pids)

    stand_ins.code = BUSY
    started(runners, processes=3)
    monkeypatch.setattr(module, "computed_s", counted)
    tethers = [psutil.Process(pid) for pid in pids(runners)]
    ending = threading.Thread(target=runners.end)
    ending.start()
    until(lambda: len(looks) >= 4)
    assert all(len(tether.children(recursive=True)) == 2 for tether in tethers)
    for tether in tethers:
        tether.children(recursive=True)[-1].kill()
    ending.join(patience(20))
    assert not ending.is_alive()


def test_run_that_is_not_over_is_not_waited_for_when_its_runner_ends(
    runners, stand_ins, tmp_path, monkeypatch
):
    stand_ins.code = BUSY
    started(runners, processes=3)
    monkeypatch.setattr(module, "computed_s", lambda pids: pytest.fail("it is waited for"))
    with run_marked(tmp_path, run_id="r1", flow="trading-day", account_id=7):
        runners.end()


@pytest.mark.parametrize(
    ("answered", "replaced"),
    [
        pytest.param(lambda: answer(body=[taken("d2", ago_s=1)]), ["sessions"], id="just taken"),
        pytest.param(lambda: answer(503), [], id="the server cannot tell"),
    ],
)
def test_runner_that_may_have_taken_a_run_is_not_replaced(
    runners, server, said, answered, replaced
):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answered())
    runners.mark_stale()
    runners.look()
    assert said == [f"runner {name} is replaced" for name in replaced]


def test_run_that_an_earlier_runner_took_and_never_began_is_given_to_this_one(
    runners, server, said
):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=300)]))
    runners.look()
    (state,) = states_set(server)
    assert state["type"] == "SCHEDULED"
    assert said == ["run flatten 20000001: its runner ended before it began; it begins again"]


def test_run_that_was_lost_too_long_ago_is_called_crashed_and_not_begun(runners, server, said):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=3600)]))
    runners.look()
    assert [state["type"] for state in states_set(server)] == ["CRASHED"]
    assert said == ["run flatten 20000001: its runner ended before it began: Crashed"]


@pytest.mark.parametrize(
    ("action", "state"), [("release", "CRASHED"), ("engage", "SCHEDULED")], ids=str
)
def test_lost_release_of_the_kill_switch_is_not_made_up_for_and_an_engagement_is(
    runners, server, action, state
):
    """Whoever asked for it may have engaged it again meanwhile."""
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=300, action=action)]))
    runners.look()
    assert [one["type"] for one in states_set(server)] == [state]


def test_run_that_the_server_does_not_take_back_is_not_said_to_begin(runners, server, said):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=300)]))
    server.script("/api/flow_runs/r1/set_state", answer(503))
    runners.look()
    runners.look()
    assert len(states_set(server)) == 2 and said == []


@pytest.mark.parametrize("ago_s", [1.0, -5.0])
def test_run_that_this_runner_may_begin_itself_is_left_to_it(runners, server, said, ago_s):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=ago_s)]))
    runners.look()
    assert states_set(server) == [] and said == []


def test_run_whose_process_lives_though_its_runner_is_gone_is_left_to_it(
    runners, server, said, tmp_path
):
    started(runners, processes=2)
    server.script("/api/flow_runs/filter", answer(body=[taken("d2", ago_s=300)]))
    with run_marked(tmp_path, run_id="r1", flow="flatten", account_id=7):
        runners.look()
    assert states_set(server) == [] and said == []
