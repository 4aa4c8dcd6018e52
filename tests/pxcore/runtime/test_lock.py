"""Looking at who holds an account, without touching what the holder has."""

from pathlib import Path

from pxcore.runtime.lock import AccountLock, holder_of


def test_account_that_nobody_ever_held_has_no_holder_and_no_file(tmp_path: Path) -> None:
    assert holder_of(tmp_path, 1) is None
    assert list(tmp_path.iterdir()) == []


def test_holder_is_named_while_it_holds_and_not_afterwards(tmp_path: Path) -> None:
    with AccountLock(tmp_path, 1, holder="session px-1"):
        assert (holder_of(tmp_path, 1) or "").startswith("session px-1 (process ")
        assert holder_of(tmp_path, 2) is None
    assert holder_of(tmp_path, 1) is None


def test_look_leaves_the_wish_to_stop_and_lets_the_next_one_in(tmp_path: Path) -> None:
    lock = AccountLock(tmp_path, 1, holder="px flatten")
    with AccountLock(tmp_path, 1, holder="session px-1"):
        lock.ask_holder_to_stop()
        holder_of(tmp_path, 1)
        assert lock.stop_path.exists()
    holder_of(tmp_path, 1)
    assert lock.stop_path.exists()
    with lock:
        assert (holder_of(tmp_path, 1) or "").startswith("px flatten")
