"""The watchdog with real sessions: whatever kills flow and session at once, the account is flat."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from broken_disks import BROKEN
from house import kill_at_once, until
from needs import mounts, nightly
from patience import patience
from test_flow_process import session_process
from typer.testing import CliRunner

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.app import app
from pxcore.cli.orchestrator import px_environ
from pxcore.clock.published import PublishedClock
from pxcore.flatten.watchdog import LOOK_S
from pxcore.host.spawn import end, spawn
from pxcore.store.database import Store
from pxcore.store.live.leases import read_lease, read_watchdogs

pytestmark = [pytest.mark.process, pytest.mark.e2e]

HOLDS = {
    "PX_STRATEGY": "trade-on-start",
    "PX_STRATEGY_PARAMS": "{}",
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_LOSS_USD_MAX": "900",
}


@pytest.fixture
def start_watchdog(tmp_path: Path) -> Iterator[Callable]:
    started = []

    def start(settings):
        environ = px_environ(os.environ, settings)
        process = spawn(
            "pxcore.cli",
            "watchdog",
            "--tied",
            stderr=tmp_path / "watchdog.err",
            stdout=tmp_path / "watchdog.out",
            environ=environ,
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process, patience=(patience(20), patience(5), patience(5)))


def until_proven(said: Path) -> None:
    """Once the watchdog has its proof."""
    until(lambda: "flat, verified by REST" in said.read_text(), what="the watchdog's proof")


def store_of(settings):
    return closing(Store(f"sqlite:///{settings['PX_HOME']}/px.sqlite"))


def halt_of(settings):
    day = trading_day_at(PublishedClock(Path(settings["PX_PAPER_CLOCK"])).now()).day
    with store_of(settings) as store:
        return store.latched(account_id=int(settings["PX_ACCOUNT_ID"]), trading_day=day)


def is_watched(settings):
    with store_of(settings) as store:
        return bool(read_watchdogs(store, int(settings["PX_ACCOUNT_ID"])))


def lease_of(settings):
    with store_of(settings) as store:
        return read_lease(store, int(settings["PX_ACCOUNT_ID"]))


def test_flow_and_session_killed_at_once_are_flattened_after_and_the_day_is_halted(
    start_paper, start_flow, start_watchdog, tmp_path
):
    paper, settings = start_paper(window_s=600.0)
    settings |= HOLDS
    flow = start_flow(settings)
    start_watchdog(settings)
    flow.until_code("phase.protected")
    until(lambda: is_watched(settings))
    session = session_process(flow.process.pid)
    kill_at_once(session, psutil.Process(flow.process.pid))
    until_proven(tmp_path / "watchdog.out")
    assert paper.is_flat()
    until(lambda: halt_of(settings) is not None)
    assert "watchdog" in halt_of(settings).reason
    until(lambda: not lease_of(settings).is_held)
    assert "flattening account" in (tmp_path / "watchdog.out").read_text()


@mounts
@pytest.mark.parametrize(
    "how", ["full", "read-only", "failing", pytest.param("hanging", marks=nightly)]
)
def test_what_was_killed_with_its_disk_broken_is_flattened(
    start_paper, start_flow, start_watchdog, tmp_path, how
):
    paper, settings = start_paper(window_s=600.0)
    settings |= HOLDS
    flow = start_flow(settings)
    watchdog = start_watchdog(settings)
    flow.until_code("phase.protected")
    until(lambda: is_watched(settings))
    session = session_process(flow.process.pid)
    with BROKEN[how](Path(settings["PX_HOME"])):
        kill_at_once(session, psutil.Process(flow.process.pid))
        until_proven(tmp_path / "watchdog.out")
    watchdog.terminate()  # the lease of the dead was not given back: it would stay for a while
    assert paper.is_flat()


def test_session_that_hangs_with_its_flow_is_killed_and_flattened(
    start_paper, start_flow, start_watchdog, tmp_path
):
    paper, settings = start_paper(window_s=600.0)
    settings |= HOLDS
    flow = start_flow(settings)
    start_watchdog(settings)
    flow.until_code("phase.protected")
    until(lambda: is_watched(settings))
    session = session_process(flow.process.pid)
    os.kill(session.pid, signal.SIGSTOP)
    os.kill(flow.process.pid, signal.SIGSTOP)
    try:
        until_proven(tmp_path / "watchdog.out")
        assert paper.is_flat()
        assert not psutil.pid_exists(session.pid) or session.status() == psutil.STATUS_ZOMBIE
    finally:
        os.kill(flow.process.pid, signal.SIGKILL)
    until(lambda: halt_of(settings) is not None)


def test_watchdog_that_protects_keeps_the_position_under_its_stop_and_outlives_its_parent(
    start_paper, start_flow, start_watchdog, tmp_path
):
    paper, settings = start_paper(window_s=600.0)
    settings |= HOLDS | {"PX_WATCHDOG": "protect"}
    flow = start_flow(settings)
    dog = start_watchdog(settings)
    flow.until_code("phase.protected")
    until(lambda: is_watched(settings))
    session = session_process(flow.process.pid)
    kill_at_once(session, psutil.Process(flow.process.pid))
    out = tmp_path / "watchdog.out"
    until(lambda: "kept under its stop" in out.read_text())
    assert not paper.is_flat()
    assert halt_of(settings) is not None
    dog.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):  # a position is held: it is needed
        dog.wait(3 * LOOK_S)
    dog.terminate()
    assert dog.wait(patience(10)) == 0
    assert CliRunner().invoke(app, ["flatten", "--yes"], env=settings).exit_code == 0
