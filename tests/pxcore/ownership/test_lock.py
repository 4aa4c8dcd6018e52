"""Who holds an account: one sender on this machine, found and asked whatever became of the disk."""

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from account_holder import SESSION, held
from broken_disks import BROKEN
from needs import mounts, two_users
from patience import patience
from waiting import until

from pxcore.host import courtesy
from pxcore.host.processes import Process, realm
from pxcore.model import Unavailable
from pxcore.ownership import account_lock as lock
from pxcore.ownership import control_socket
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.control_socket import Call, Wish, accounts_held, call
from pxcore.ownership.holders import _holder_of_file, find_holder, holder_of

broken = pytest.mark.parametrize("how", sorted(BROKEN))


def test_account_that_nobody_ever_held_has_no_holder_and_no_file(tmp_path: Path) -> None:
    assert holder_of(tmp_path, 1) is None
    assert list(tmp_path.iterdir()) == []


def test_holder_is_named_while_it_holds_and_not_afterwards(tmp_path: Path) -> None:
    with AccountLock(tmp_path, 1, holder="session px-1"):
        assert (holder_of(tmp_path, 1) or "").startswith("session px-1 (process ")
        assert holder_of(tmp_path, 2) is None
    assert holder_of(tmp_path, 1) is None


def test_account_has_one_holder_who_is_named_and_is_free_afterwards(tmp_path: Path) -> None:
    with (
        AccountLock(tmp_path, 7, holder="px-1"),
        pytest.raises(AccountBusy, match="px-1"),
        AccountLock(tmp_path, 7, holder="px-2"),
    ):
        raise AssertionError("two holders")
    with AccountLock(tmp_path, 7, holder="px-3"), AccountLock(tmp_path, 8, holder="px-4"):
        assert accounts_held(tmp_path) in ((7, 8), ())


def test_socket_is_free_as_soon_as_its_holder_lets_go(tmp_path: Path) -> None:
    for _ in range(200):
        with AccountLock(tmp_path, 7, holder="px-1"):
            assert accounts_held(tmp_path) in ((7,), ())


def test_look_leaves_the_wish_to_stop_and_the_files_as_they_are(tmp_path: Path) -> None:
    with AccountLock(tmp_path, 1, holder="session px-1") as lock:
        lock.stop_path.write_text("x")
        before = lock.path.read_text()
        holder_of(tmp_path, 1)
        assert (lock.path.read_text(), lock.stop_path.read_text()) == (before, "x")


SQUATTER = """
import os, socket, sys
os.setuid(65534)
bound = socket.socket(socket.AF_UNIX)
bound.bind("\\0" + sys.argv[1])
bound.listen()
print("there", flush=True)
while True:
    asking, _ = bound.accept()
    asking.recv(8192)
    asking.sendall(b'{"holder": "px-1 (process 1)", "is_taken": true}\\n')
    asking.close()
"""


@two_users
def test_name_that_another_user_has_taken_holds_nothing_and_keeps_nobody_out(
    tmp_path: Path,
) -> None:
    name = control_socket._name_of(tmp_path, 7).removeprefix("\0")
    squatter = subprocess.Popen(
        [sys.executable, "-c", SQUATTER, name], stdout=subprocess.PIPE, text=True
    )
    try:
        assert squatter.stdout is not None and squatter.stdout.readline() == "there\n"
        assert find_holder(tmp_path, 7) is None
        assert not AccountLock(tmp_path, 7, holder="px flatten").ask_holder_to_stop()
        with AccountLock(tmp_path, 7, holder="px-2"):
            assert (holder_of(tmp_path, 7) or "").startswith("px-2 ")
    finally:
        squatter.kill()
        squatter.wait()
        squatter.stdout.close()


def test_lock_of_a_process_of_another_container_is_not_broken(tmp_path: Path) -> None:
    """Its number means nothing here: whether it lives is for the lock of the system to say."""
    number = 4_190_000  # nobody's here
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        elsewhere = f"px-1 (process {number})\nstarted 5\nin pid:[1] another\n"
        lock.path.write_text(elsewhere)
        found_there = _holder_of_file(lock.path)
        assert found_there is not None and not found_there.is_gone
        with pytest.raises(ProcessLookupError):
            found_there.process.send(signal.SIGTERM)
        with lock.path.open("rb") as file:
            other = AccountLock(tmp_path, 7, holder="px-2")
            with pytest.raises(AccountBusy, match=str(number)):
                other._refuse_or_break(file)
        lock.path.write_text(elsewhere.replace("pid:[1] another", realm()))
        there = _holder_of_file(lock.path)
        assert there is not None and there.is_gone, "here it is known to have ended"


def test_lock_that_a_disk_gives_when_nobody_waits_for_it_any_more_is_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, has_it = threading.Event(), threading.Event()
    locked = AccountLock._file_locked

    def late(self: AccountLock) -> object:
        goes_on.wait()
        file = locked(self)
        has_it.set()
        return file

    told: list[str] = []
    quick = partial(courtesy.bounded, limit_s=patience(0.1))
    with monkeypatch.context() as disk:
        disk.setattr(AccountLock, "_file_locked", late)
        disk.setattr(lock, "bounded", quick)
        with AccountLock(tmp_path, 7, holder="px watchdog", on_trouble=told.append):
            assert "going on without it" in told[0]
        goes_on.set()
        assert has_it.wait(patience(10))
    until(lambda: find_holder(tmp_path, 7) is None, what="nobody has it")
    with AccountLock(tmp_path, 7, holder="px-2"):
        assert "px-2" in (holder_of(tmp_path, 7) or "")


def test_name_that_dribbles_its_answer_is_not_waited_for(tmp_path: Path) -> None:
    """A byte now and then, from one of the same user: as little as one that says nothing."""
    name = control_socket._name_of(tmp_path, 7)
    over = threading.Event()
    with closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(name)
        bound.listen()

        def dribble() -> None:
            asking, _ = bound.accept()
            with closing(asking), suppress(OSError):
                while not over.wait(patience(0.1)):
                    asking.sendall(b" ")

        threading.Thread(target=dribble, daemon=True).start()
        began = time.monotonic()
        peer = call(tmp_path, 7, Call(wish=Wish.STOP))
        took_s = time.monotonic() - began
        over.set()
    assert peer is not None and not peer.is_taken
    assert took_s < control_socket._ANSWER_S + patience(2)


# -- a holder that has died ------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["sleeps", "execs"])
def test_lock_dies_with_its_holder_though_a_child_of_it_lives(tmp_path: Path, more: str) -> None:
    with held(tmp_path, "forks", more) as process:
        assert holder_of(tmp_path, 7) is not None
        process.kill()
        process.wait()
        until(lambda: holder_of(tmp_path, 7) is None)
        with AccountLock(tmp_path, 7, holder="px-2") as lock:
            assert lock.problem() is None


def test_lock_that_a_child_keeps_by_its_descriptor_is_broken(tmp_path: Path) -> None:
    """As a library's fork does, which tells Python nothing."""
    with held(tmp_path, "listens", holder="px-1") as process:
        pid = process.pid
        lock = AccountLock(tmp_path, 7, holder="px-2")
        child = subprocess.Popen(["sleep", "3600"], start_new_session=True)
        text = lock.path.read_text().replace(str(pid), str(child.pid))
    child.kill()
    child.wait()
    with lock.path.open("w") as kept:
        kept.write(text)
        kept.flush()
        keeper = _keeping(lock.path)
        try:
            assert find_holder(tmp_path, 7) is None, "the one that it names has gone"
            with lock:
                assert lock.problem() is None
        finally:
            keeper.kill()
            keeper.communicate()


def _keeping(path: Path) -> "subprocess.Popen[str]":
    code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.flock(f, 2); print(1, flush=True)"
    keeper = subprocess.Popen(
        [sys.executable, "-c", f"{code}; sys.stdin.read()", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None and keeper.stdout.readline() == "1\n"
    return keeper


def test_number_that_is_another_process_by_now_is_not_signalled() -> None:
    with subprocess.Popen(["sleep", "3600"]) as stranger:
        old = Process(pid=stranger.pid, started="1")
        assert not old.is_alive
        with pytest.raises(ProcessLookupError):
            old.send(signal.SIGKILL)
        assert stranger.poll() is None
        stranger.kill()


# -- asking it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", ["stop", "leave"])
def test_holder_is_asked_by_its_socket_and_hears_it_each_time(tmp_path: Path, wish: str) -> None:
    asking = AccountLock(tmp_path, 7, holder="px flatten")
    with held(tmp_path) as process:
        for _ in range(2):
            assert asking.ask_holder_to_stop() if wish == "stop" else asking.ask_holder_to_leave()
            assert process.stdout is not None
            assert process.stdout.readline() == f"{wish} asked by px flatten\n"


def test_holder_that_does_not_listen_finds_a_wish_of_its_own_in_the_file(tmp_path: Path) -> None:
    with AccountLock(tmp_path, 7, holder="px-1") as lock:
        assert AccountLock(tmp_path, 7, holder="px flatten").ask_holder_to_leave()
        assert lock.wish() == ("leave", "asked by px flatten")
    with AccountLock(tmp_path, 7, holder="px-2") as later:
        assert later.wish() is None, "it was for the one before"


def test_session_that_neither_listens_nor_has_a_disk_is_signalled(tmp_path: Path) -> None:
    asking = AccountLock(tmp_path, 7, holder="px flatten")
    with held(tmp_path, "deaf") as process:
        asking.stop_path.mkdir()
        assert asking.ask_holder_to_stop()
        assert process.wait() == -signal.SIGTERM


def test_nobody_else_is_signalled(tmp_path: Path) -> None:
    asking = AccountLock(tmp_path, 7, holder="px flatten")
    with held(tmp_path, "deaf", holder="px flatten") as process:
        asking.stop_path.mkdir()
        assert not asking.ask_holder_to_stop()
        assert process.poll() is None


def test_holder_that_was_stopped_is_found_and_does_not_hold_up_who_asks(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            assert (holder_of(tmp_path, 7) or "").startswith(SESSION)
        peer = call(tmp_path, 7, Call(wish=Wish.STOP))
        assert peer is not None and not peer.is_taken and peer.process.pid == process.pid


# -- broken disks ----------------------------------------------------------------------------------


@mounts
@broken
def test_lock_that_the_disk_refuses_is_told_and_gone_without(how: str, tmp_path: Path) -> None:
    told: list[str] = []
    home = tmp_path / "home"
    home.mkdir()
    with (
        BROKEN[how](home),
        AccountLock(home, 7, holder="px flatten", on_trouble=told.append),
        pytest.raises(AccountBusy, match="px flatten"),
        AccountLock(home, 7, holder="px-2", on_trouble=told.append),
    ):
        raise AssertionError("two holders")
    assert told, "the disk has the lock, or nobody was told"


@mounts
@broken
def test_who_opens_positions_does_not_go_on_without_the_lock(how: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with (
        BROKEN[how](home),
        pytest.raises(Unavailable, match="cannot be had"),
        AccountLock(home, 7, holder="px-1"),
    ):
        raise AssertionError("it went on")


@mounts
@broken
def test_holder_is_found_and_asked_though_its_disk_is_broken(how: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with held(home) as process, BROKEN[how](home):
        assert (holder_of(home, 7) or "").startswith(SESSION)
        with pytest.raises(AccountBusy, match=SESSION), AccountLock(home, 7, holder="px-2"):
            raise AssertionError("two holders")
        assert AccountLock(home, 7, holder="px flatten").ask_holder_to_stop()
        assert process.stdout is not None
        assert process.stdout.readline() == "stop asked by px flatten\n"
