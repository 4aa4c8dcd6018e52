"""One `px up` a home, processes that are restarted, and runs that are seen to live."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from broken_disks import hanging
from needs import mounts
from patience import patience
from waiting import until

from pxcore.config.paths import Paths
from pxcore.host.keep import KeptProcess
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership import control_socket
from pxcore.ownership.control_socket import Call, Wish, call
from pxcore.ownership.home_lock import HomeLock, Stop, ask_to_stop, household_of
from pxcore.ownership.run_marks import LivingRuns, dead_runs, forget_run, living_runs, run_marked

MARKED = """
import sys, os
from pathlib import Path
from pxcore.ownership.run_marks import run_marked
with run_marked(Path(sys.argv[1]), run_id="r1", flow="trading-day", account_id=7):
    print("marked", flush=True)
    sys.stdin.read()
"""


class Time:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def child(status: int = 0) -> "subprocess.Popen[str]":
    code = f"import sys; sys.stdin.read(); sys.exit({status})"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, text=True)


def test_home_has_one_household_which_is_named_and_gone_with_its_holder(tmp_path):
    assert household_of(tmp_path) is None
    with HomeLock(tmp_path) as lock:
        lock.tell("http://127.0.0.1:4200")
        there = household_of(tmp_path)
        assert there is not None and (there.pid, there.ui) == (os.getpid(), "http://127.0.0.1:4200")
        with pytest.raises(Misconfigured, match=f"process {os.getpid()}"), HomeLock(tmp_path):
            pass
        assert lock.wish() is None
        ask_to_stop(tmp_path, there, Stop.LEAVE)
        assert lock.wish() is Stop.LEAVE
    assert household_of(tmp_path) is None
    with HomeLock(tmp_path) as lock:
        assert lock.wish() is None, "a wish for an earlier one is forgotten"


@pytest.mark.parametrize("by_socket", [True, False], ids=["by socket", "by file"])
def test_household_says_what_of_it_does_not_work_and_what_was_mended(
    tmp_path, monkeypatch, by_socket
):
    monkeypatch.setattr(control_socket, "IS_THERE", by_socket and control_socket.IS_THERE)
    with HomeLock(tmp_path) as lock:
        lock.tell("http://127.0.0.1:4200")
        for number in range(3):
            troubles = tuple(f"{number}, and much more. " * 100 for _ in range(number * 20))
            lock.report(troubles, ("mended",))
            there = household_of(tmp_path)
            assert there is not None and there.happened == ("mended",)
            assert len(there.troubles) == min(8, number * 20), "what a reply has room for"
            assert there.ui == "http://127.0.0.1:4200"


def test_process_that_ends_is_started_anew_later_and_later():
    said: list[str] = []
    clock = Time()
    kept = KeptProcess("it", child, say=said.append, now_s=clock, patience=(5.0, 5.0, 5.0))
    kept.start()
    first = kept._process
    for number, wait_s in ((1, 2.0), (2, 5.0)):
        assert kept._process is not None
        kept._process.communicate("")
        kept.look()
        assert not kept.is_alive
        clock.now_s += wait_s - 0.1
        kept.look()
        assert not kept.is_alive, "not before its time"
        clock.now_s += 0.2
        kept.look()
        assert kept.is_alive and len(said) == number
    assert kept._process is not first
    kept.end()
    assert not kept.is_alive


def test_process_that_does_not_start_is_said_and_tried_again():
    said: list[str] = []
    clock = Time()
    tries = iter((Unavailable("not yet"), None))

    def start() -> "subprocess.Popen[str]":
        error = next(tries)
        if error is not None:
            raise error
        return child()

    kept = KeptProcess("it", start, say=said.append, now_s=clock)
    kept.look()
    assert said == ["it does not start: not yet"] and not kept.is_alive
    clock.now_s += 60
    kept.look()
    assert kept.is_alive
    kept.end()


def test_run_lives_while_its_process_does_whatever_ends_that(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", MARKED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "marked\n"
    (mark,) = living_runs(tmp_path)
    assert (mark.run_id, mark.flow, mark.account_id, mark.pid) == (
        "r1",
        "trading-day",
        7,
        process.pid,
    )
    assert dead_runs(tmp_path) == ()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert living_runs(tmp_path) == () and dead_runs(tmp_path) == (mark,)
    forget_run(tmp_path, "r1")
    assert dead_runs(tmp_path) == ()


def test_run_that_ends_takes_its_mark_away(tmp_path):
    with run_marked(tmp_path, run_id="r2", flow="flatten", account_id=None):
        pass
    assert living_runs(tmp_path) == () and dead_runs(tmp_path) == ()


@mounts
def test_px_up_on_a_disk_that_hangs_hears_its_socket_and_waits_for_no_list(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with HomeLock(home) as lock, hanging(home):
        runs = LivingRuns(home)
        began_s = time.monotonic()
        assert lock.wish() is None and runs.look() is None
        assert call(Paths(home).home, "up", Call(wish=Wish.STOP)) is not None
        assert until(lock.wish) is Stop.FLATTEN
        assert runs.look() is None
        assert time.monotonic() - began_s < patience(10)
