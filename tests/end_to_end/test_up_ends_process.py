"""One `px up`, and everything that may end a session under it: the account is flat each time."""

import os
import signal
import sqlite3
import threading
from contextlib import closing

import psutil
import pytest
from house import House, kill_at_once, until
from patience import patience

from pxcore.session import supervisor
from pxcore.store.live.leases import read_lease
from tasks import run_watch

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up, ends"),
]

BETWEEN_QUESTIONS_S = 2.0  # the venue answers so many a minute
ASLEEP_S = 1.3 * supervisor._SILENCE_S  # each would call the others silent, if it had been awake
GOES_ON_LOOPS = 30  # each half a second: longer than anybody's judgement takes
AWAY_S = 15.0  # longer than a request of Prefect's waits before it is made again


# -- what ends none -----------------------------------------------------------------------------


def test_session_outlives_a_second_one_those_that_spare_it_and_a_crash_called_by_mistake(
    house, held
):
    """As after an outage that cost its run's heartbeats: nobody wished it to end. Then the run is
    forced into CANCELLED, of which Prefect tells the process nothing: the task itself asks.
    """
    holder = house.holder()
    session = str(holder).split()[0]
    others = [
        house.start("trading-day"),
        house.start("flatten", {"order": {"session": "spared"}}),
        house.start("safety-flatten"),
    ]
    second, flatten, safety = [house.ended(run_id) for run_id in others]
    assert second["name"] == "Skipped (busy)" and session in second["message"]
    (startup,) = house.parts_of(others[0])
    assert startup["state"]["name"] == "Skipped (busy)", "no red run beside the grey one"
    assert (
        set(house.task_states(startup["id"])) == set(house.task_states(others[1])) == {"COMPLETED"}
    )
    assert flatten["name"] == "Skipped (busy)"
    assert safety["name"] == "Skipped (not due)"
    house.set_state(held, "CRASHED", force=True)
    house.goes_on_for(4 * run_watch._EVERY_S)  # so often has the task looked
    assert house.holder() == holder and not house.is_flat()
    house.set_state(held, "CANCELLED", force=True)
    house.released()


def test_session_outlives_its_runner_and_a_locked_store_enters_nothing_and_can_be_cancelled(
    house, held
):
    """Its flow lives, and asks the server itself: nothing of Prefect's would end it any more."""
    tether, runner = session_runner(house)
    runner.kill()
    wait_for_another(house, tether)
    log = house.home / "logs" / f"{str(house.holder()).split()[0]}.log"
    with closing(sqlite3.connect(house.home / "px.sqlite", timeout=patience(30))) as other:
        other.execute("BEGIN EXCLUSIVE")
        until(lambda: "asked.pause" in log.read_text(), what="no entries")
        house.goes_on_for(1.25 * supervisor._SILENCE_S)  # for longer than a session may hang
    until(lambda: "asked.resume" in log.read_text(), what="entries again")
    assert not house.is_flat()
    house.set_state(held, "CANCELLING")
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"


# -- what ends one ------------------------------------------------------------------------------


def test_cancel_from_the_ui_ends_flat_though_its_gateway_was_killed_just_before(house, held):
    log = house.home / "logs" / f"{str(house.holder()).split()[0]}.log"
    house.find("pxcore.paper").kill()
    until(lambda: "hub.down" in log.read_text(), what="the session noticed")
    house.set_state(held, "CANCELLING")
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"


def test_paused_run_has_its_session_end_flat(house, held):
    house.set_state(held, "PAUSED", force=True)
    house.released()
    house.set_state(held, "CANCELLED", force=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
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


def session_runner(house: House) -> tuple[psutil.Process, psutil.Process]:
    """The process that ties it to `px up`, and the runner."""
    tether = house.find("host.tether", "serve", "sessions")
    return tether, next(p for p in tether.children() if "sessions" in " ".join(p.cmdline()))


def wait_for_another(house: House, tether: psutil.Process) -> None:
    def is_there() -> bool:
        new = house.seek("host.tether", "serve", "sessions")
        return new is not None and new.pid != tether.pid

    until(is_there, what="a new runner")


def test_stopped_session_runner_ends_flat_and_cancelled_and_is_started_anew(house, held):
    """It ends its runs itself, and the automation's flatten looks at the account at once."""
    before = house.runs_of("flatten")
    tether, runner = session_runner(house)
    runner.terminate()
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"
    wait_for_another(house, tether)
    (new,) = until(
        lambda: (house.runs_of("flatten") - before) or None, within_s=patience(60), what="a flatten"
    )
    assert house.ended(new)["name"] in ("Completed (flat already)", "Skipped (busy)")


def test_run_killed_together_with_its_runner_ends_flat_and_is_swept(house, held):
    tether, runner = session_runner(house)
    kill_at_once(runner, house.flow_process())
    house.released()
    wait_for_another(house, tether)
    swept = house.ended(house.start("sweep"))
    assert swept["type"] == "COMPLETED"
    assert house.state(held)["type"] == "CRASHED"


def test_flow_and_session_killed_at_once_are_flattened_after(house, held):
    """By the watchdog, or by the flatten that the automation starts, whichever is first there."""
    kill_at_once(house.session_process(), house.flow_process())
    until(lambda: not pause_s(BETWEEN_QUESTIONS_S) and house.is_flat(), what="flat again")


def pause_s(seconds: float) -> bool:
    return threading.Event().wait(seconds)


def test_flatten_from_its_form_is_flat_beside_a_session_that_hangs(house, held):
    session = house.session_process()
    session.suspend()
    state = house.ended(house.start("flatten"), within_s=patience(90))
    assert state["name"].startswith("Completed (flat"), state
    assert house.is_flat()
    until(lambda: not session.is_running() or session.status() == psutil.STATUS_ZOMBIE)


def test_session_of_a_machine_that_slept_goes_on_and_ends_as_it_should(house, held):
    """Everything stands still for longer than any silence that means a death, and goes on later:
    nobody takes the others for dead, the position stays under its bracket.
    """
    holder = house.holder()
    everybody = house.family()
    for process in everybody:
        process.suspend()
    house.goes_on_for(ASLEEP_S)
    market = house.find("pxcore.paper")  # goes on last, so that its time stands still for nobody
    for process in everybody:
        if process != market:
            process.resume()

    log = house.home / "logs" / f"{str(holder).split()[0]}.log"
    until(lambda: "clock.stood_still" in log.read_text(), what="it has noticed")
    market.resume()
    account_id = house.facts["account_id"]

    def loops() -> int:
        with house.store() as store:
            lease = read_lease(store, account_id)
        assert lease is not None
        return lease.loops

    from_here = loops()
    until(lambda: loops() >= from_here + GOES_ON_LOOPS, what="the session goes on")
    assert house.holder() == holder and not house.is_flat()
    assert house.state(held)["type"] == "RUNNING"
    house.start("flatten")
    house.released()


def test_server_killed_for_a_while_harms_no_session_and_its_runners_are_replaced(house):
    """The day is closed, its report made, before the server is back. And what a runner had taken,
    and not begun, is begun by its successor.
    """
    run_id = house.start("trading-day", {"run": {"window": {"minutes": 30}}})
    house.holding()
    holder = house.holder()
    session = house.session_process()
    taken = house.start("flatten", {"order": {"session": "spared"}}, state="PENDING")
    server = house.find("deployments.server")
    os.kill(server.pid, signal.SIGSTOP)  # away: it takes connections and answers nothing
    with pytest.raises(psutil.TimeoutExpired):
        session.wait(AWAY_S)
    os.kill(house.process.pid, signal.SIGSTOP)  # nobody replaces it
    os.kill(server.pid, signal.SIGKILL)
    try:
        assert house.px("flatten", "--yes").returncode == 0
        report = f"reports/{str(holder).split()[0]}/report.md"
        until(lambda: list(house.home.glob(report)), what="the report, without the server")
    finally:
        os.kill(house.process.pid, signal.SIGCONT)
    ended = house.ended(run_id, within_s=patience(90))
    assert ended["type"] == "COMPLETED", ended
    assert house.is_flat()
    until(lambda: "runner sessions is replaced" in house.said())
    until(lambda: "runner safety is replaced" in house.said(), within_s=patience(90))
    assert house.ended(taken, within_s=patience(90))["name"] == "Completed (flat already)"
