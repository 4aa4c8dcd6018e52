"""One session an account over all machines, and what a session hears of the store meanwhile."""

import queue
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from patience import patience
from sqlalchemy import delete
from waiting import until

from pxcore.config.settings import load_settings
from pxcore.day import kill_switch as switch
from pxcore.day.store_access import open_store
from pxcore.model import Account, Misconfigured, Unavailable
from pxcore.ownership import kill_acts
from pxcore.ownership import lease as module
from pxcore.ownership.account_lock import AccountBusy
from pxcore.ownership.lease import LeaseKeeper, require_free, require_unleased, take
from pxcore.store.live.latch_tables import LeaseRow
from pxcore.store.live.leases import read_lease

ACCOUNT = 77


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Two home folders that share one store: two machines."""
    monkeypatch.setenv("PX_DATABASE_URL", f"sqlite:///{tmp_path}/shared.sqlite")
    monkeypatch.setattr(module, "_BEATEN_WITHIN_S", patience(3))  # who lives may be slow here
    monkeypatch.chdir(tmp_path)

    def at(name: str):
        monkeypatch.setenv("PX_HOME", str(tmp_path / name))
        return load_settings()

    return at("a"), at("b")


def lease(settings):
    with closing(open_store(settings)) as store:
        return read_lease(store, ACCOUNT)


def keep(settings, holder, lost):
    return LeaseKeeper(settings, account_id=ACCOUNT, holder=holder, on_lost=lost.put)


def test_second_machine_is_refused_with_the_holders_name_while_the_first_beats(places):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        with pytest.raises(AccountBusy, match="px-here"):
            require_unleased(there, ACCOUNT)
        with pytest.raises(AccountBusy, match="px-here"):
            take(there, account_id=ACCOUNT, holder="px-there")
    finally:
        keeper.stop()
    require_unleased(there, ACCOUNT)
    take(there, account_id=ACCOUNT, holder="px-there")
    assert lease(there).holder == "px-there"


def test_lease_of_a_machine_that_fell_silent_is_taken_after_a_while_and_its_session_told(places):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    take(there, account_id=ACCOUNT, holder="px-there", gone_s=0.6)
    assert lease(here).holder == "px-there"
    keeper = keep(here, "px-here", lost)
    try:
        assert "px-there" in lost.get(timeout=patience(5))
    finally:
        keeper.stop()
    assert lease(here).holder == "px-there" and lease(here).is_held


def test_start_up_is_refused_before_it_touches_an_account_that_lives_on_another_machine(places):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    account = Account(
        id=ACCOUNT, name="A", balance_usd=Decimal(50_000), can_trade=True, is_simulated=True
    )
    try:
        with pytest.raises(AccountBusy, match="px-here"):
            require_free(there, account)
    finally:
        keeper.stop()
    require_free(there, account)


def test_lease_that_vanished_with_its_store_is_taken_again_by_who_lives(places):
    here, _ = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        until(lambda: lease(here).beat > 1)
        with closing(open_store(here)) as store, store.session() as session:
            session.execute(delete(LeaseRow))
        until(lambda: lease(here) is not None and lease(here).holder == "px-here")
        beat = lease(here).beat
        until(lambda: lease(here).beat > beat)
    finally:
        keeper.stop()
    assert lost.empty()


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_store_that_goes_under_its_session_is_opened_again_and_its_latch_heard(
    places, tmp_path, how
):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        until(lambda: lease(here).beat > 1)
        for path in tmp_path.glob("shared.sqlite*"):
            path.rename(path.with_name(f"old-{path.name}")) if how == "replaced" else path.unlink()
        kill_acts.engage(there, reason="news", flattens=True, who="ann")  # makes the new one
        until(lambda: keeper.switch is not None)
        until(lambda: lease(here) is not None and lease(here).holder == "px-here")
        until(lambda: keeper.trouble is None)
    finally:
        keeper.stop()
    assert "news" in keeper.switch.reason and lost.empty()


def test_lease_of_a_dead_session_of_this_machine_is_taken_at_once(places):
    here, _ = places
    take(here, account_id=ACCOUNT, holder="px-dead")
    take(here, account_id=ACCOUNT, holder="px-next")
    assert lease(here).holder == "px-next"


def test_beats_tell_how_far_the_engine_is_and_the_latch_is_heard(places):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        keeper.note(phase="protected", exposure=2)
        until(lambda: lease(here).loops == 1)
        beat = lease(here).beat
        until(lambda: lease(here).beat > beat)
        assert (lease(here).loops, lease(here).exposure) == (1, 2)
        kill_acts.engage(there, reason="news", flattens=False, who="ann")
        until(lambda: keeper.switch is not None, units=2)
        assert not keeper.switch.flattens and "news" in keeper.switch.reason
        kill_acts.release(there, reason="over")
        until(lambda: keeper.switch is None, units=2)
    finally:
        keeper.stop()


def test_word_to_enter_again_is_heard_once_and_only_when_it_came_after_the_switch(places):
    here, there = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    kill_acts.engage(there, reason="yesterday", flattens=False)
    kill_acts.release(there, reason="over")
    kill_acts.resume(there, reason="of another day")
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        until(lambda: lease(here).beat > 1)
        kill_acts.engage(there, reason="news", flattens=False)
        until(lambda: keeper.switch is not None, units=2)
        kill_acts.release(there, reason="over")
        until(lambda: keeper.switch is None, units=2)
        assert keeper.resumes == 0
        kill_acts.resume(there, reason="it is over")
        until(lambda: keeper.resumes == 1, units=2)
        assert keeper.said.startswith("it is over (")
        beat = lease(here).beat
        until(lambda: lease(here).beat > beat + 1)
        assert keeper.resumes == 1
    finally:
        keeper.stop()
    assert [a.verb for a in switch.kill_status(here).acts][-3:] == ["engage", "release", "resume"]


def test_silence_of_the_store_is_noticed_and_ends_with_it(places, tmp_path):
    here, _ = places
    lost: queue.SimpleQueue = queue.SimpleQueue()
    take(here, account_id=ACCOUNT, holder="px-here")
    keeper = keep(here, "px-here", lost)
    try:
        until(lambda: lease(here).beat > 1)
        with closing(sqlite3.connect(tmp_path / "shared.sqlite")) as other:
            other.execute("BEGIN EXCLUSIVE")
            until(lambda: keeper.silent_s > 2)
        beat = lease(here).beat
        until(lambda: keeper.silent_s < 1)
        until(lambda: lease(here).beat > beat)
    finally:
        keeper.stop()
    assert lost.empty()


# -- the kill switch ------------------------------------------------------------------------------


def test_switch_is_engaged_by_file_or_latch_and_release_of_with_both(places):
    here, there = places
    assert switch.kill_switch(here) is None
    assert kill_acts.engage(here, reason="news", flattens=True, who="ann").is_kept
    assert "news" in str(switch.kill_switch(here))
    assert "news" in str(switch.kill_switch(there)), "the other machine has no file, but the latch"
    assert kill_acts.release(here, reason="over")
    assert switch.kill_switch(here) is None and switch.kill_switch(there) is None
    assert not kill_acts.release(here, reason="again")


def test_switch_engaged_by_a_persons_file_alone_is_released_and_recorded(places, tmp_path):
    here, _ = places
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "KILL").write_text("by hand")
    assert str(switch.kill_switch(here)) == "by hand"
    assert kill_acts.release(here, reason="over", who="ann")
    assert switch.kill_switch(here) is None
    assert [a.verb for a in switch.kill_status(here).acts] == ["engage", "release"]


def test_switch_is_engaged_by_its_file_when_the_store_is_away(places, tmp_path):
    here, _ = places
    (tmp_path / "shared.sqlite").mkdir()
    engaged = kill_acts.engage(here, reason="news", flattens=True)
    assert engaged.is_kept and "not in the store" in engaged.problems[0]
    assert "news" in str(switch.kill_switch(here))
    with pytest.raises(Unavailable):
        kill_acts.release(here, reason="over")
    assert "news" in str(switch.kill_switch(here))


def test_store_that_is_away_is_not_a_switch_that_is_off(places, tmp_path):
    here, _ = places
    (tmp_path / "shared.sqlite").mkdir()
    with pytest.raises(Unavailable):
        switch.kill_switch(here)


def test_setting_cannot_be_released_by_a_command(places, monkeypatch):
    monkeypatch.setenv("PX_KILL_SWITCH", "holiday")
    settings = load_settings()
    with pytest.raises(Misconfigured, match="PX_KILL_SWITCH"):
        kill_acts.release(settings, reason="over")
