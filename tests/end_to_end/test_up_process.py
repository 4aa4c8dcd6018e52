"""One `px up`, and everything that may end a session under it: the account is flat each time."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psutil
import pytest
from house import HOLDS, House, until
from patience import patience

from pxcore.calendar import CHICAGO
from pxcore.cli.orchestrator import prefect_environ
from pxcore.runtime import supervisor
from pxcore.runtime.paths import Paths
from tasks import run_watch

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up"),
]

SCHEDULED = {
    "preflight",
    "trading-day",
    "end-of-day",
    "safety-flatten",
    "sweep",
    "weekly-report",
    "housekeeping",
}
BY_HAND = {"flatten", "kill-switch"}
RUNNER_LOOKS_S = float(prefect_environ(Paths(Path()), 0)["PREFECT_RUNNER_POLL_FREQUENCY"])
BETWEEN_QUESTIONS_S = 2.0  # the venue answers so many a minute
ASLEEP_S = 0.6 * supervisor._SILENCE_S  # what stands still is not yet taken for hanging
AWAY_S = 15.0  # longer than a request of Prefect's waits before it is made again


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("up"), HOLDS)
    try:
        yield made.wait_until_up()
    finally:
        made.end()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """The house is everybody's, and starts processes anew: its own end sees that all are gone."""


@pytest.fixture
def held(house: House) -> Iterator[str]:
    """A trading day whose session holds a protected position: the id of its run."""
    run_id = house.start("trading-day", {"run": {"window": {"minutes": 30}}})
    house.holding()
    yield run_id
    house.ended(run_id)
    house.forgive()


# -- what it says, and what it registered -------------------------------------------------------


def test_first_screen_says_mode_account_gateway_next_runs_ui_and_how_to_stop(house):
    said = house.said()
    for word in ("PAPER", "20000001", "127.0.0.1", "Chicago", "px down", house.ui):
        assert word in said
    for name in SCHEDULED:
        assert name in said


def test_deployments_are_registered_with_their_schedules_in_chicago_time(house):
    there = {d["name"]: d for d in house.post("deployments/filter", {})}
    assert set(there) == SCHEDULED | BY_HAND
    for name in SCHEDULED:
        zones = {one["schedule"]["timezone"] for one in there[name]["schedules"]}
        assert zones == {CHICAGO.key}, name
    assert all(not there[name]["schedules"] for name in BY_HAND)
    assert all(d["concurrency_limit"] is None for d in there.values())


def test_second_px_up_refuses_and_names_the_first(house):
    second = house.px("up", "--port", "0")
    assert second.returncode == 2
    assert f"process {house.process.pid}" in second.stderr and house.ui in second.stderr


def test_registering_again_makes_no_second_automation_and_removes_a_stale_deployment(house):
    before = house.post("automations/filter", {})
    environ = house.environ | {"PREFECT_API_URL": f"{house.ui}/api"}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "deployments.register"],
            env=environ,
            cwd=house.folder,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert {f"registered {name}" for name in SCHEDULED} <= set(done.stdout.splitlines())
    after = house.post("automations/filter", {})
    assert sorted(a["name"] for a in after) == sorted(a["name"] for a in before)
    assert len(after) == 3


# -- a day, and by hand -------------------------------------------------------------------------


def test_manual_day_ends_completed_with_its_result_in_the_name_and_the_story_on_its_page(house):
    run_id = house.start(
        "trading-day",
        {
            "run": {
                "trades": {"strategy": "timed-entry", "every_s": 3},
                "stop_loss_ticks": 16,
                "take_profit_ticks": 20,
                "window": {"minutes": 0.4},
            }
        },
    )
    state = house.ended(run_id)
    assert state["type"] == "COMPLETED" and state["name"].startswith("Completed (flat, ")
    assert house.is_flat()
    made = {a["key"]: a for a in house.post("artifacts/filter", {})}
    account = house.facts["account_id"]
    assert "day P&L" in made[f"live-{account}"]["description"]
    assert "data:image/svg+xml" in made[f"daily-report-{account}"]["data"]
    assert "report.html" in made[f"report-page-{account}"]["data"]
    told = until(
        lambda: _events_of(house, {"px.session.started", "px.order.filled", "px.session.ended"}),
        what="the session's events",
    )
    assert told
    lines = house.post("logs/filter", {"logs": {}, "limit": 200})
    assert any("phase.protected" in line["message"] for line in lines)


def test_days_end_the_weeks_report_and_the_upkeep_run_to_their_ends(house):
    closed = house.ended(house.start("end-of-day"))
    assert closed["name"].startswith("Completed (reconciled"), closed
    week = house.ended(house.start("weekly-report"))
    assert week["type"] == "COMPLETED" and "20000001" in week["name"], week
    kept = house.ended(house.start("housekeeping"))
    assert kept["type"] == "COMPLETED" and "backups made" in kept["message"], kept
    assert list((house.home / "backups").glob("px-*.sqlite"))
    assert house.ended(house.start("sweep"))["name"] == "Completed (nothing to do)"


def _seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _events_of(house, names) -> bool:
    found = house.post("events/filter", {"filter": {"event": {"name": sorted(names)}}})
    return {e["event"] for e in found["events"]} >= names


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"size": 0}, id="size"),
        pytest.param({"trades": {"strategy": "timed-entry", "every_s": -5}}, id="of its strategy"),
    ],
)
def test_run_with_a_parameter_out_of_range_is_refused_by_the_form(house, wish):
    answer = house._session.post(
        f"{house.ui}/api/deployments/{house.deployment('trading-day')['id']}/create_flow_run",
        json={"parameters": {"run": wish}, "state": {"type": "SCHEDULED"}},
        timeout=patience(5),
    )
    assert answer.status_code in (409, 422)


def test_run_that_would_loosen_something_fails_at_its_start(house):
    """What else is a loosening is in the quick tests of a run's parameters."""
    state = house.ended(house.start("trading-day", {"run": {"limits": {"loss_usd_max": 60000}}}))
    assert state["type"] == "FAILED" and "loosen" in state["message"]


def test_session_that_lives_is_left_alone_by_a_second_one_and_by_those_that_spare_it(house, held):
    """Then it is forced into CANCELLED, of which Prefect tells the process nothing: the task itself
    asks.
    """
    session = str(house.holder()).split()[0]
    others = [
        house.start("trading-day"),
        house.start("flatten", {"order": {"session": "spared"}}),
        house.start("safety-flatten"),
    ]
    second, flatten, safety = [house.ended(run_id) for run_id in others]
    assert second["name"] == "Skipped (busy)" and session in second["message"]
    assert flatten["name"] == "Skipped (busy)"
    assert safety["name"] == "Skipped (not due)"
    assert not house.is_flat() and session in str(house.holder())
    house.set_state(held, "CANCELLED", force=True)
    house.released()


def test_flatten_by_hand_starts_at_the_runners_next_look_and_ends_a_live_session_flat(house, held):
    run_id = house.start("flatten")
    run = until(
        lambda: (r := house.get(f"flow_runs/{run_id}"))["start_time"] and r,
        what="the flatten's code runs",
    )
    waited = _seconds(run["created"], run["start_time"])
    state = house.ended(run_id)
    assert state["name"] == "Completed (flat)", state
    assert house.is_flat()
    assert waited < RUNNER_LOOKS_S + 4 * import_s(house), "the runner's look, the flow's process"
    assert house.ended(held)["name"].startswith("Completed (flat")


def import_s(house: House) -> float:
    """What a process of Prefect's with this flow takes to begin, on this machine at this moment."""
    began = time.monotonic()
    command = [sys.executable, "-c", "import prefect.engine, flows.flatten"]
    subprocess.run(command, env=house.environ, check=True, timeout=patience(30))
    return time.monotonic() - began


def test_kill_switch_from_the_form_flattens_and_keeps_the_next_session_out(house, held):
    engaged = house.ended(
        house.start("kill-switch", {"order": {"action": "engage", "reason": "news"}})
    )
    assert engaged["name"] == "Completed (engaged)"
    house.released()
    house.ended(held)
    state = house.ended(house.start("trading-day"))
    assert state["name"] == "Skipped (kill switch)", state
    released = house.ended(
        house.start("kill-switch", {"order": {"action": "release", "reason": "over"}})
    )
    assert released["name"] == "Completed (released)"
    assert "news" in house.px("kill", "status").stdout


# -- whatever ends a session ----------------------------------------------------------------------


def test_cancel_from_the_ui_ends_flat(house, held):
    house.set_state(held, "CANCELLING")
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"


def test_run_that_is_called_crashed_by_mistake_has_its_session_go_on(house, held):
    """As after an outage that cost its heartbeats: nobody wished it to end."""
    holder = house.holder()
    house.set_state(held, "CRASHED", force=True)
    house.goes_on_for(4 * run_watch._EVERY_S)  # so often has the task looked
    assert house.holder() == holder and not house.is_flat()
    house.set_state(held, "CANCELLED", force=True)
    house.released()


def test_paused_run_has_its_session_end_flat(house, held):
    house.set_state(held, "PAUSED", force=True)
    house.released()
    house.set_state(held, "CANCELLED", force=True)


ENDS = [
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    pytest.param(signal.SIGINT, id="SIGINT"),
    pytest.param(signal.SIGKILL, id="SIGKILL"),
]


@pytest.mark.parametrize("number", ENDS)
def test_signal_to_the_flow_ends_flat_and_its_run_crashed(house, held, number):
    """And the automation starts a flatten, which finds it flat or spares whoever has it."""
    before = house.runs_of("flatten")
    house.flow_process().send_signal(number)
    house.released()
    assert house.ended(held)["type"] in ("CRASHED", "FAILED")
    (new,) = until(
        lambda: (house.runs_of("flatten") - before) or None, within_s=patience(60), what="a flatten"
    )
    assert house.ended(new)["name"] in ("Completed (flat already)", "Skipped (busy)")


def test_killed_session_is_flattened_by_its_flow_and_the_day_is_told(house, held):
    house.session_process().kill()
    state = house.ended(held)
    assert state["type"] == "COMPLETED" and house.is_flat()


def session_runner(house: House) -> tuple[psutil.Process, psutil.Process]:
    """The process that ties it to `px up`, and the runner."""
    tether = house.find("runtime.tether", "serve", "sessions")
    return tether, next(p for p in tether.children() if "sessions" in " ".join(p.cmdline()))


def wait_for_another(house: House, tether: psutil.Process) -> None:
    def is_there() -> bool:
        new = house.seek("runtime.tether", "serve", "sessions")
        return new is not None and new.pid != tether.pid

    until(is_there, what="a new runner")


def test_stopped_session_runner_ends_flat_is_started_anew_and_its_run_is_swept(house, held):
    tether, runner = session_runner(house)
    runner.terminate()
    house.released()
    wait_for_another(house, tether)
    swept = house.ended(house.start("sweep"))
    assert swept["type"] == "COMPLETED"
    assert house.state(held)["type"] == "CRASHED"


def test_session_whose_runner_was_killed_goes_on_and_can_still_be_cancelled(house, held):
    """Its flow lives, and asks the server itself: nothing of Prefect's would end it any more."""
    tether, runner = session_runner(house)
    runner.kill()
    wait_for_another(house, tether)
    assert house.holder() is not None and not house.is_flat()
    house.set_state(held, "CANCELLING")
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"


def test_flow_and_session_killed_at_once_are_flattened_after(house, held):
    """By the watchdog, or by the flatten that the automation starts, whichever is first there."""
    flow, session = house.flow_process(), house.session_process()
    os.kill(flow.pid, signal.SIGKILL)
    os.kill(session.pid, signal.SIGKILL)
    until(lambda: not pause_s(BETWEEN_QUESTIONS_S) and house.is_flat(), what="flat again")


def pause_s(seconds: float) -> bool:
    return threading.Event().wait(seconds)


def test_machine_that_slept_ends_its_session_as_it_should(house, held):
    """Everything stands still, and goes on later."""
    everybody = [*house.tree(), house.session_process()]
    for process in everybody:
        process.suspend()
    house.goes_on_for(ASLEEP_S)
    for process in everybody:
        process.resume()
    house.start("flatten")
    house.released()


def test_store_that_is_locked_keeps_entries_out_and_harms_no_session(house, held):
    log = house.home / "logs" / f"{str(house.holder()).split()[0]}.log"
    with closing(sqlite3.connect(house.home / "px.sqlite", timeout=patience(30))) as other:
        other.execute("BEGIN EXCLUSIVE")
        until(lambda: "asked.pause" in log.read_text(), what="no entries")
        house.goes_on_for(1.25 * supervisor._SILENCE_S)  # for longer than a session may hang
    until(lambda: "asked.resume" in log.read_text(), what="entries again")
    assert not house.is_flat()
    house.set_state(held, "CANCELLING")
    house.released()


def test_gateway_that_is_killed_is_started_anew_and_the_session_ends_flat(house, held):
    log = house.home / "logs" / f"{str(house.holder()).split()[0]}.log"
    house.find("pxcore.paper").kill()
    until(lambda: "hub.down" in log.read_text(), what="the session noticed")
    house.set_state(held, "CANCELLING")
    house.released()


def test_server_killed_for_a_while_harms_no_session_and_its_runners_are_replaced(house):
    """And what one of them had taken, and not begun, is begun by its successor."""
    run_id = house.start("trading-day", {"run": {"window": {"minutes": 30}}})
    house.holding()
    session = house.session_process()
    taken = house.start("flatten", {"order": {"session": "spared"}}, state="PENDING")
    server = house.find("prefect", "server", "start")
    os.kill(server.pid, signal.SIGSTOP)  # away: it takes connections and answers nothing
    with pytest.raises(psutil.TimeoutExpired):
        session.wait(AWAY_S)
    os.kill(server.pid, signal.SIGKILL)
    assert house.px("flatten", "--yes").returncode == 0
    assert house.ended(run_id, within_s=patience(90))["type"] == "COMPLETED"
    assert house.is_flat()
    until(lambda: "runner sessions is replaced" in house.said())
    until(lambda: "runner safety is replaced" in house.said(), within_s=patience(90))
    assert house.ended(taken, within_s=patience(90))["name"] == "Completed (flat already)"
