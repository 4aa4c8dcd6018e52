"""Two home folders are not two senders: an account is held for its user, whatever the home."""

import os
from pathlib import Path

import pytest
from needs import linux

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.own_home import default_home
from pxcore.ownership import control_socket
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.control_socket import Call, Wish, World
from pxcore.ownership.holders import find_holder, holder_of
from pxcore.ownership.kill_acts import engage
from pxcore.ownership.world import world_of
from pxcore.venue.connect import connect, ledger_of

pytestmark = linux

REAL = {"gateway": "topstepx", "account_id": 7, "username": "me", "api_key": "k"}


def settings(home: Path, **more: object) -> Settings:
    return Settings(_env_file=None, home=home, **more)


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "one", tmp_path / "other"


def test_account_that_is_held_in_one_home_is_busy_in_the_other(homes):
    one, other = homes
    world = world_of(settings(one, **REAL))
    assert world == world_of(settings(other, **REAL)) is not None
    with AccountLock(one, 7, holder="px-1", world=world):
        assert (holder_of(other, 7, world) or "").startswith("px-1 ")
        with (
            pytest.raises(AccountBusy, match="px-1"),
            AccountLock(other, 7, holder="px-2", world=world),
        ):
            pass
        with AccountLock(other, 8, holder="px-3", world=world):
            pass
    with AccountLock(other, 7, holder="px-2", world=world):
        pass
    assert find_holder(one, 7, world) is None


def test_holder_in_another_home_hears_a_wish(homes):
    one, other = homes
    world = world_of(settings(one, **REAL))
    heard: list[Call] = []
    with AccountLock(one, 7, holder="px-1", world=world) as lock:
        lock.listen(heard.append)
        assert AccountLock(other, 7, holder="px flatten", world=world).ask_holder_to_stop()
    assert [call.wish for call in heard] == [Wish.STOP]


def test_kill_switch_reaches_the_sessions_of_every_home_once(homes):
    world = world_of(settings(homes[0], **REAL))
    heard: list[Call] = []
    with AccountLock(homes[0], 7, holder="px-1", world=world) as lock:
        lock.listen(heard.append)
        for home in homes:
            heard.clear()
            told = engage(settings(home, **REAL), reason="news", flattens=True).told
            assert [text.split()[0] for text in told] == ["px-1"], home
            assert {call.wish for call in heard} == {Wish.KILL}


def test_two_paper_gateways_are_two_worlds_though_their_accounts_have_one_number(homes):
    one, other = homes
    worlds = [
        world_of(settings(home, account_id=7, paper_url=f"http://127.0.0.1:{port}"))
        for home, port in zip(homes, (50001, 50002), strict=True)
    ]
    with (
        AccountLock(one, 7, holder="px-1", world=worlds[0]),
        AccountLock(other, 7, holder="px-2", world=worlds[1]),
    ):
        pass
    assert world_of(settings(one)) is None  # nobody knows where it would be


def test_name_of_a_stranger_holds_nothing(tmp_path):
    """Another user may take a name of theirs, which is not ours."""
    mine = World(user=os.getuid(), gateway="https://a", folder=tmp_path)
    theirs = World(user=os.getuid() + 1, gateway="https://a", folder=tmp_path)
    with AccountLock(tmp_path / "a", 7, holder="px-1", world=theirs):
        assert find_holder(tmp_path / "b", 7, mine) is None


def test_requests_are_counted_for_the_user_whatever_the_home(homes, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for home in homes:
        ledger_of(settings(home, **REAL)).change(lambda usage: usage.rest.append(1e12))
    counted = ledger_of(settings(homes[0], **REAL)).change(lambda usage: len(usage.rest))
    assert counted == 2
    assert list((default_home() / "budget").glob("*.json"))
    assert not any((home / "budget").exists() for home in homes)


def test_service_without_a_folder_of_its_own_counts_in_its_home(homes, monkeypatch, tmp_path):
    (tmp_path / "data").write_text("a file")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    ledger_of(settings(homes[0], **REAL)).change(lambda usage: usage.rest.append(1e12))
    assert list((homes[0] / "budget").glob("*.json"))
    connect(settings(homes[0], **REAL)).close()


def test_where_names_need_files_another_home_is_kept_out_by_one(homes, monkeypatch, tmp_path):
    """As on systems without names in the kernel."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(control_socket, "IS_THERE", False)
    one, other = homes
    world = world_of(settings(one, **REAL))
    with AccountLock(one, 7, holder="px-1", world=world):
        assert (holder_of(other, 7, world) or "").startswith("px-1 ")
        assert holder_of(other, 7) is None, "of its own home, nobody"
        with (
            pytest.raises(AccountBusy, match="px-1"),
            AccountLock(other, 7, holder="px-2", world=world),
        ):
            pass
    with AccountLock(other, 7, holder="px-2", world=world):
        pass
    assert holder_of(one, 7, world) is None
    own = Paths(default_home()).home
    with AccountLock(own, 7, holder="px-3", world=world_of(settings(own, **REAL))):
        assert (holder_of(own, 7, world) or "").startswith("px-3 ")
