"""The kill switch and the stop file: whatever is in them, they work."""

import os
import queue
import time
from datetime import timedelta

import pytest
from patience import patience

from pxcore.clock import WallClock
from pxcore.engine.events import Ask, Asked, KillSwitchSeen, OperatorSeen
from pxcore.runtime.kill_switch import KillSwitch, read_kill_file
from pxcore.runtime.lock import AccountBusy, AccountLock
from pxcore.runtime.watch import FileWatch

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


def test_watch_tells_both_files(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    (tmp_path / "KILL").write_text("news")
    (tmp_path / "a.stop").write_text("x")
    watch = FileWatch(
        lambda: read_kill_file(tmp_path / "KILL"),
        tmp_path / "a.stop",
        tmp_path / "HERE",
        clock=WallClock(),
        deliver=events.put,
    )
    first, second = events.get(timeout=patience(5)), events.get(timeout=patience(5))
    watch.stop()
    assert isinstance(first, KillSwitchSeen) and first.reason == "news"
    assert isinstance(second, Asked) and second.ask is Ask.STOP


def test_watch_tells_how_long_ago_a_person_was_there_and_each_time_anew(tmp_path):
    events: queue.SimpleQueue = queue.SimpleQueue()
    here = tmp_path / "HERE"
    here.touch()
    forty_s_ago = time.time() - 40
    os.utime(here, (forty_s_ago, forty_s_ago))
    watch = FileWatch(
        lambda: read_kill_file(tmp_path / "KILL"),
        tmp_path / "a.stop",
        here,
        clock=WallClock(),
        deliver=events.put,
    )
    first = events.get(timeout=patience(5))
    here.touch()
    second = events.get(timeout=patience(5))
    watch.stop()
    assert isinstance(first, OperatorSeen) and isinstance(second, OperatorSeen)
    assert first.seen_at.timestamp() == pytest.approx(forty_s_ago, abs=0.001)
    assert second.seen_at.timestamp() == pytest.approx(here.stat().st_mtime, abs=0.001)
    assert first.seen_at + timedelta(seconds=39) < second.seen_at <= second.at


def test_account_has_one_holder_who_is_named_and_is_free_afterwards(tmp_path):
    with (
        AccountLock(tmp_path, 7, holder="px-1"),
        pytest.raises(AccountBusy, match="px-1"),
        AccountLock(tmp_path, 7, holder="px-2"),
    ):
        raise AssertionError("two holders")
    with AccountLock(tmp_path, 7, holder="px-3"), AccountLock(tmp_path, 8, holder="px-4"):
        assert True


def test_wish_for_an_earlier_holder_is_not_heeded_by_the_next(tmp_path):
    lock = AccountLock(tmp_path, 7, holder="px-1")
    lock.ask_holder_to_stop()
    assert lock.stop_path.exists()
    with lock:
        assert not lock.stop_path.exists()


def test_kill_switch_that_is_a_pipe_is_engaged_and_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "KILL")

    assert "it is a pipe" in str(read_kill_file(tmp_path / "KILL"))
