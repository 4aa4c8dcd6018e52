"""How long an order of a session that died may be under way, whatever is done to the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_scenes import CONFIG

from pxcore.clock.own_time import steady_s
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import PlaceEntry
from pxcore.flatten import lost_orders
from pxcore.flatten.lost_orders import LostOrders
from pxcore.journal.rows import SCHEMA, Opening, RowKind
from pxcore.journal.seal import seal_path
from pxcore.journal.writer import Journal
from pxcore.model import Side
from pxcore.venue.connect import connect

pytestmark = pytest.mark.damages_journal  # an order that no engine sent

ENTRY = PlaceEntry(
    tag="px-20261120-143000-ab12-0001",
    contract_id=CONFIG.contract.id,
    side=Side.BUY,
    size=1,
    bracket=CONFIG.bracket,
    reason="test",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        home=tmp_path / "home",
        account_id=CONFIG.account_id,
        paper_url="http://127.0.0.1:9",
        paper_clock=f"2026-11-20T14:31:00Z@{datetime.now(UTC).isoformat()}@1",
    )


def killed(settings: Settings, *, began_s: float | None) -> None:
    """A session sent an entry just now, and was killed before its answer."""
    path = Paths(settings.home).journal("px-20261120-143000-ab12")
    path.parent.mkdir(parents=True)
    journal = Journal(path, on_fault=pytest.fail)
    opening = Opening(
        schema=SCHEMA,
        mode="paper",
        config=CONFIG,
        strategy="hold",
        strategy_params={},
        paper_clock="",
        trading_day=CONFIG.trading_day,
        steady_s=began_s,
    )
    journal.append(RowKind.OPENED, opening)
    journal.append(RowKind.COMMAND, ENTRY)
    assert journal.close()
    seal_path(journal.path).unlink()


def lost(settings: Settings) -> LostOrders:
    client = connect(settings)
    return LostOrders(settings, CONFIG.account_id, client, say=lambda notice: None)


def set_clock(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    class Set(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    monkeypatch.setattr(lost_orders, "datetime", Set)


@pytest.mark.parametrize("hours", [-1, 0, 1, 24])
def test_order_sent_just_now_may_arrive_however_the_clock_is_set_after_the_death(
    settings, monkeypatch, hours
):
    killed(settings, began_s=steady_s())
    set_clock(monkeypatch, timedelta(hours=hours))
    found = lost(settings)
    assert found.may_arrive() and found.has_just_died()


def test_order_is_waited_for_no_longer_than_it_may_travel(settings, monkeypatch):
    """Set back by an hour, it is not an hour."""
    killed(settings, began_s=steady_s())
    set_clock(monkeypatch, timedelta(hours=-1))
    found = lost(settings)
    assert found.may_arrive()
    travel_s = settings.reply_timeout_s + settings.unknown_grace_s
    monkeypatch.setattr(lost_orders, "steady_s", lambda: steady_s() + travel_s + 1)
    assert not found.may_arrive() and not found.has_just_died()


def test_machine_that_began_anew_since_proves_nothing(settings):
    """Its own time began at zero: more than the wall clock says cannot have passed."""
    killed(settings, began_s=steady_s() + 1_000_000.0)
    assert lost(settings).may_arrive()
