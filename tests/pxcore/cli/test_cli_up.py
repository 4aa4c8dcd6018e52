"""How the start of a `px up` is broken off."""

import io
import math
import shutil
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from needs import linux
from patience import patience
from rich.console import Console

from pxcore.cli.signals import BrokenOff, Signals
from pxcore.cli.up import _second_screen, _stop_sessions, _watch
from pxcore.config.paths import Paths
from pxcore.host.bounded_files import write_file
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership import control_socket, home_lock
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.control_socket import Call, Wish
from pxcore.ownership.holders import holder_of
from pxcore.ownership.home_lock import HomeLock, Stop, ask_to_stop, find_household, household_of

UNTIL_BROKEN_OFF_S = patience(30)


@pytest.fixture
def by_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are no sockets without a file: not on Linux."""
    monkeypatch.setattr(control_socket, "IS_THERE", False)


by_its_file = pytest.mark.usefixtures("by_file")


@by_its_file
def test_px_down_breaks_a_start_off_as_a_signal_does(tmp_path: Path) -> None:
    with HomeLock(tmp_path) as lock, Signals() as asked:
        with pytest.raises(BrokenOff), asked.breaking_off(lock.wish):
            there = household_of(tmp_path)
            assert there is not None
            ask_to_stop(tmp_path, there, Stop.FLATTEN)
            threading.Event().wait(UNTIL_BROKEN_OFF_S)
        with pytest.raises(BrokenOff), asked.breaking_off(lambda: None):
            signal.raise_signal(signal.SIGINT)
        with asked.breaking_off(lambda: None):
            pass
        signal.raise_signal(signal.SIGINT)  # it is up: noted, and no more
        assert asked.count == 3


def test_one_that_starts_is_named_without_the_address_that_it_has_not_got(tmp_path: Path) -> None:
    with HomeLock(tmp_path) as lock:
        there = household_of(tmp_path)
        assert there is not None and there.text.endswith("which is still starting")
        with pytest.raises(Misconfigured, match="still starting runs here already"):
            HomeLock(tmp_path).__enter__()
        lock.tell("http://127.0.0.1:4200")
        there = household_of(tmp_path)
        assert there is not None and there.text.endswith(", http://127.0.0.1:4200")


@pytest.mark.parametrize(
    "text", ["", "leave", "leave 1 2026\n", "flatten", "flatten inf", "leave soon 1 2026\n"]
)
def test_wish_that_is_cut_off_or_for_another_one_is_none(tmp_path: Path, text: str) -> None:
    with HomeLock(tmp_path) as lock:
        (tmp_path / "locks" / "up.stop").write_text(text)
        assert lock.wish() is None


@by_its_file
def test_wish_to_leave_that_cannot_be_written_is_refused_and_never_taken_for_a_flatten(
    tmp_path: Path,
) -> None:
    with HomeLock(tmp_path) as lock:
        there = household_of(tmp_path)
        assert there is not None
        (tmp_path / "locks" / "up.stop").mkdir()
        with pytest.raises(Unavailable, match="cannot be told to leave"):
            ask_to_stop(tmp_path, there, Stop.LEAVE)
        assert lock.wish() is None


@by_its_file
def test_wish_to_leave_that_a_disk_takes_when_it_was_refused_already_is_not_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written by itself after its time, as a thread does that a disk gives back at last."""
    hangs, is_written = threading.Event(), threading.Event()

    def late(path: Path, data: bytes) -> None:
        hangs.wait()
        write_file(path, data)
        is_written.set()

    monkeypatch.setattr(home_lock, "write_file", late)
    monkeypatch.setattr(home_lock, "BOUND_S", 0.2)
    with HomeLock(tmp_path) as lock:
        there = household_of(tmp_path)
        assert there is not None
        with pytest.raises(Unavailable, match="cannot be told to leave"):
            ask_to_stop(tmp_path, there, Stop.LEAVE)
        hangs.set()
        assert is_written.wait(UNTIL_BROKEN_OFF_S)
        assert "leave" in (tmp_path / "locks" / "up.stop").read_text()
        assert lock.wish() is None


@by_its_file
def test_wish_to_flatten_holds_for_as_long_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HomeLock(tmp_path) as lock:
        there = household_of(tmp_path)
        assert there is not None
        at_the_end_of_days = SimpleNamespace(monotonic=lambda: math.inf)
        for stop in Stop:
            ask_to_stop(tmp_path, there, stop)
            assert lock.wish() is stop
            with monkeypatch.context() as later:
                later.setattr(home_lock, "time", at_the_end_of_days)
                assert lock.wish() is (Stop.FLATTEN if stop is Stop.FLATTEN else None)


@by_its_file
def test_wish_to_flatten_that_cannot_be_written_is_a_signal(tmp_path: Path) -> None:
    with HomeLock(tmp_path) as lock, Signals() as asked:
        there = household_of(tmp_path)
        assert there is not None
        (tmp_path / "locks" / "up.stop").mkdir()
        with pytest.raises(BrokenOff), asked.breaking_off(lock.wish):
            ask_to_stop(tmp_path, there, Stop.FLATTEN)
            threading.Event().wait(UNTIL_BROKEN_OFF_S)
        assert asked.is_term


@linux
@pytest.mark.parametrize("stop", list(Stop))
def test_px_up_is_found_and_told_though_its_home_was_deleted(tmp_path: Path, stop: Stop) -> None:
    home = tmp_path / "home"
    with HomeLock(home) as lock:
        lock.tell("http://127.0.0.1:4200")
        shutil.rmtree(home)
        there = find_household(home)
        assert there is not None and there.ui == "http://127.0.0.1:4200"
        with pytest.raises(Misconfigured, match=f"process {there.pid}"):
            HomeLock(home).__enter__()
        ask_to_stop(home, there, stop)
        assert lock.wish() is stop
        ask_to_stop(home, there, Stop.FLATTEN)
        ask_to_stop(home, there, Stop.LEAVE)
        assert lock.wish() is Stop.FLATTEN, "the stricter of what was asked for"
    assert find_household(home) is None


class Keeps:
    """What `px up` has at work: nothing but the session of this test."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def holders(self) -> dict[int, str]:
        holder = holder_of(self.home, 7)
        return {} if holder is None else {7: holder}

    def runs(self) -> list[str]:
        return []

    def look_after_gateways(self) -> None:
        """There are none."""


@linux
def test_session_that_was_asked_to_leave_is_asked_to_flatten_when_that_is_wished_after(
    tmp_path: Path,
) -> None:
    heard: list[Wish] = []
    lets_go, is_leaving = threading.Event(), threading.Event()

    def take(call: Call) -> None:
        heard.append(call.wish)
        (lets_go if call.wish is Wish.STOP else is_leaving).set()

    def session() -> None:
        with AccountLock(tmp_path, 7, holder="px-1") as lock:
            lock.listen(take)
            there.set()
            lets_go.wait()

    there, said = threading.Event(), list[str]()
    holding = threading.Thread(target=session)
    holding.start()
    there.wait()
    crew: Any = Keeps(tmp_path)
    _stop_sessions(crew, Paths(tmp_path), Stop.LEAVE, said.append, is_to_flatten=is_leaving.is_set)
    holding.join()
    assert heard[0] is Wish.LEAVE and heard[-1] is Wish.STOP
    assert "stays under its bracket" in said[0] and "flatten and end" in said[1]


class Watches:
    """A session lives all the time. Whoever sits there agrees at the second look."""

    ui, troubles, happened, is_schedule_due = "", (), (), False

    def __init__(self, asked: Signals) -> None:
        self._asked = asked
        self.looks = 0

    def holders(self) -> dict[int, str]:
        return {7: "session px-1"}

    def look(self) -> None:
        self.looks += 1
        if self.looks == 2:
            self._asked.count += 1


def test_ctrl_c_while_the_schedule_begins_asks_first_where_a_session_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was noted before anybody watched: it is no more than a first one."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    asked = Signals()
    asked.count = 1
    crew: Any = Watches(asked)
    screen = Console(record=True)
    with HomeLock(tmp_path) as lock:
        assert _watch(crew, lock, asked, screen) is Stop.FLATTEN
    assert crew.looks == 2
    assert "held by session px-1" in screen.export_text()


def test_wish_that_came_while_the_schedule_begins_is_heeded_before_anything_else(
    tmp_path: Path,
) -> None:
    asked = Signals()
    asked.is_term = True
    crew: Any = Watches(asked)
    with HomeLock(tmp_path) as lock:
        assert _watch(crew, lock, asked, Console()) is Stop.FLATTEN
    assert crew.looks == 0


def test_start_whose_server_plans_no_run_says_so() -> None:
    """Seen with Prefect 3.9.1 and `whenever` 0.10.5: schedules, no runs, and "ready"."""
    console, said = Console(record=True, file=io.StringIO()), list[str]()
    crew: Any = SimpleNamespace(next_runs=list)
    _second_screen(console, crew, None, said.append)
    shown = console.export_text()
    assert shown.startswith("next     no run is planned")
    assert "logs/prefect-server.log" in shown
    assert said == ["ready"]
