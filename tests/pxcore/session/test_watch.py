"""The kill switch and the stop file: whatever is in them, they work."""

import os
import queue
import time
from datetime import timedelta

import pytest
from patience import patience
from waiting import until

from pxcore.clock.clocks import WallClock
from pxcore.day.kill_switch import KillSwitch, read_kill_file
from pxcore.engine.events import Ask, Asked, KillSwitchSeen, OperatorSeen
from pxcore.host.filelock import try_lock
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.control_socket import Call, Wish, call
from pxcore.session.watch import FileWatch

CONTENTS = [
    pytest.param(b"news", "news", id="plain"),
    pytest.param(b"", "the file KILL exists", id="empty"),
    pytest.param("stop\r\n".encode("utf-16"), "stop", id="as PowerShell writes it"),
    pytest.param(bytes(range(128, 256)), "", id="no text at all"),
]


@pytest.mark.parametrize(("content", "reason"), CONTENTS)
def test_kill_file_engages_whatever_is_in_it(tmp_path, content, reason):
    path = tmp_path / "KILL"
    path.write_bytes(content)
    found = read_kill_file(path)
    assert found is not None and found.flattens and reason in found.reason


def test_kill_file_that_says_so_keeps_entries_out_and_positions_open(tmp_path):
    path = tmp_path / "KILL"
    path.write_text("Entries only: news at ten\n")
    assert read_kill_file(path) == KillSwitch(reason="news at ten", flattens=False)


def test_kill_switch_is_released_without_a_file(tmp_path):
    assert read_kill_file(tmp_path / "KILL") is None


def test_kill_file_that_cannot_be_read_counts_as_engaged(tmp_path):
    (tmp_path / "KILL").mkdir()
    assert "cannot be read" in str(read_kill_file(tmp_path / "KILL"))


def watching(home, lock, events: queue.SimpleQueue) -> FileWatch:
    return FileWatch(
        lambda: read_kill_file(home / "KILL"),
        lock,
        home / "HERE",
        clock=WallClock(),
        deliver=events.put,
    )


def test_watch_tells_both_files(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    (tmp_path / "KILL").write_text("news")
    lock = AccountLock(tmp_path, 7, holder="px-1")
    with lock:
        lock.stop_path.write_text(f"stop {lock.text}\n")
        watch = watching(tmp_path, lock, events)
        first, second = events.get(timeout=patience(5)), events.get(timeout=patience(5))
        watch.stop()
    assert isinstance(first, KillSwitchSeen) and first.reason == "news"
    assert isinstance(second, Asked) and second.ask is Ask.STOP


class Told:
    """A watch whose switch is what the test says it is, and its kill switch events."""

    def __init__(self, home, lock) -> None:
        self.switch: KillSwitch | None = KillSwitch(reason="news", flattens=False)
        self.resumes = 0
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self.watch = FileWatch(
            lambda: self.switch,
            lock,
            home / "HERE",
            clock=WallClock(),
            deliver=self._events.put,
            resumes=lambda: self.resumes,
        )

    def next(self) -> tuple[str | None, bool]:
        event = self._events.get(timeout=patience(5))
        assert isinstance(event, KillSwitchSeen)
        self.why = event.why
        return event.reason, event.resumes


@pytest.fixture
def told(tmp_path):
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        made = Told(tmp_path, lock)
        assert made.next() == ("news", False)
        yield made
        made.watch.stop()


def test_release_resumes_nothing_and_a_word_in_the_store_does(told):
    told.switch = None
    assert told.next() == (None, False)
    told.resumes += 1
    assert told.next() == (None, True)


def test_word_to_resume_that_comes_before_the_release_is_seen_waits_for_it(told):
    told.resumes += 1
    told.switch = None
    assert told.next() == (None, True)


def test_word_to_resume_comes_by_the_socket_too(told, tmp_path):
    told.switch = None
    assert told.next() == (None, False)
    peer = call(tmp_path, 7, Call(wish=Wish.RESUME, why="over"))
    if peer is not None:  # elsewhere than on Linux nobody is found this way
        assert peer.is_taken and told.next() == (None, True) and told.why == "over"


def test_switch_that_is_engaged_anew_takes_the_word_to_resume_back(told, tmp_path):
    told.resumes += 1
    told.switch = KillSwitch(reason="worse", flattens=False)
    assert told.next() == ("worse", False)
    told.switch = None
    assert told.next() == (None, False)


def test_who_is_there_is_heard_also_after_the_clock_was_set_back(tmp_path):
    """Each touch has an older stamp than the one before it, for an hour."""
    events: queue.SimpleQueue = queue.SimpleQueue()
    here = tmp_path / "HERE"
    here.touch()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        watch = watching(tmp_path, lock, events)
        events.get(timeout=patience(5))
        an_hour_ago = time.time() - 3600
        os.utime(here, (an_hour_ago, an_hour_ago))
        again = events.get(timeout=patience(5))
        watch.stop()
    assert isinstance(again, OperatorSeen)


def test_watch_tells_how_long_ago_a_person_was_there_and_each_time_anew(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    here = tmp_path / "HERE"
    here.touch()
    forty_s_ago = time.time() - 40
    os.utime(here, (forty_s_ago, forty_s_ago))
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        watch = watching(tmp_path, lock, events)
        first = events.get(timeout=patience(5))
        here.touch()
        second = events.get(timeout=patience(5))
        watch.stop()
    assert isinstance(first, OperatorSeen) and isinstance(second, OperatorSeen)
    assert first.seen_at.timestamp() == pytest.approx(forty_s_ago, abs=0.001)
    assert second.seen_at.timestamp() == pytest.approx(here.stat().st_mtime, abs=0.001)
    assert first.seen_at + timedelta(seconds=39) < second.seen_at <= second.at


def test_wish_that_came_between_lock_and_first_look_is_heard(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        lock.stop_path.write_text(f"leave {lock.text}\n")
        watch = watching(tmp_path, lock, events)
        heard = events.get(timeout=patience(5))
        watch.stop()
    assert isinstance(heard, Asked) and heard.ask is Ask.LEAVE


def test_who_asked_by_the_file_is_told_by_name(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        AccountLock(tmp_path, 7, holder="flatten: by hand").ask_holder_to_stop()
        watch = watching(tmp_path, lock, events)
        heard = events.get(timeout=patience(5))
        watch.stop()
    assert isinstance(heard, Asked) and heard.why == "asked by flatten: by hand"


def test_wish_to_stop_after_one_to_leave_is_heard_and_none_after_that(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        watch = watching(tmp_path, lock, events)
        heard = []
        for wish in ("leave", "leave", "stop", "leave", "stop"):
            lock.stop_path.write_text(f"{wish} {lock.text}\n")
            watch._look_for_wish()
        watch.stop()
        while not events.empty():
            heard.append(events.get().ask)
    assert heard == [Ask.LEAVE, Ask.STOP]


@pytest.mark.parametrize(
    "text", ["", "stop", "leave px-1 (process", "stop px-0 (process 1)\n", "x px-1\n"]
)
def test_wish_that_is_cut_off_or_for_another_is_none(tmp_path, text):
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        lock.stop_path.write_text(text)
        assert lock.wish() is None


def test_look_that_fails_is_told_once_and_keeps_the_others_from_nothing(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()

    def broken() -> None:
        raise RuntimeError("torn")

    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        watch = FileWatch(broken, lock, tmp_path / "HERE", clock=WallClock(), deliver=events.put)
        assert "torn" in events.get(timeout=patience(5)).what
        (tmp_path / "HERE").touch()
        assert isinstance(events.get(timeout=patience(5)), OperatorSeen)
        watch.stop()
    assert events.empty()


def test_lock_whose_file_was_deleted_is_taken_again_and_the_gap_is_seen(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        lock.path.unlink()
        assert "was deleted" in str(lock.problem())
        watch = watching(tmp_path, lock, events)
        until(lambda: watch.lock_problem is None and lock.path.exists())
        watch.stop()
        assert lock.problem() is None and events.empty()


def test_lock_that_another_took_anew_is_left_to_it(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        lock.path.unlink()
        with lock.path.open("a+") as other:
            other.write(f"px-2 (process {os.getpid()})\n")
            other.flush()
            try_lock(other)
            watch = watching(tmp_path, lock, events)
            heard = events.get(timeout=patience(5))
            watch.stop()
    assert isinstance(heard, Asked) and heard.ask is Ask.LEAVE and "px-2" in heard.why


def test_kill_switch_that_is_a_pipe_is_engaged_and_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "KILL")

    assert "it is a pipe" in str(read_kill_file(tmp_path / "KILL"))
