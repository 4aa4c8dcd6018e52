"""Whole sessions in virtual time: what must hold on every market."""

import pytest
from backtest_scenes import BALANCE, OPEN, demo_day
from seeds import seeds

from pxcore.engine.commands import Denied, EndSession, FlatProven, Notice, PlaceEntry
from pxcore.engine.events import OrderSeen
from pxcore.model import OrderStatus, OrderType

SEEDS = seeds()
STORIES = range(40)  # other days are told with less in them


@pytest.fixture(scope="module", params=SEEDS, ids=lambda s: f"seed {s}")
def finished(request):
    day = demo_day(request.param)
    day.run()
    return day


def commands(day, *wanted):
    return [c for _, said in day.log for c in said if isinstance(c, wanted)]


def test_session_ends_flat_with_proof(finished):
    assert finished.exchange.is_flat
    assert commands(finished, FlatProven) and commands(finished, EndSession)


def test_our_profit_and_loss_is_the_change_of_the_venues_balance(finished):
    account = finished.exchange.account(1)
    assert finished.engine.state.book.realised_usd == account.balance_usd - BALANCE


def test_no_entry_leaves_outside_the_window_nor_beyond_the_trades_allowed(finished):
    config = finished.engine.config
    sent = [e.at for e, said in finished.log for c in said if isinstance(c, PlaceEntry)]
    assert all(config.window_start <= at < config.window_end for at in sent)
    assert len(sent) <= config.limits.trades_max


def test_exchange_never_holds_more_than_one_contract(finished):
    held = 0
    for fill in finished.exchange.fills(1):
        held += fill.signed_size
        assert abs(held) <= 1


@pytest.mark.parametrize("finished", STORIES, indirect=True, ids=lambda s: f"seed {s}")
def test_day_tells_the_demos_whole_story(finished):
    codes = {c.code for c in commands(finished, Notice)}
    assert "phase.protected" in codes
    legs = (OrderType.STOP, OrderType.LIMIT)
    seen = [e.order for e, _ in finished.log if isinstance(e, OrderSeen) and e.order.type in legs]
    assert any(o.status is OrderStatus.FILLED for o in seen)
    assert any(o.status is OrderStatus.CANCELLED for o in seen)
    assert commands(finished, Denied)


def test_same_seed_gives_the_same_commands():
    first, second = demo_day(5), demo_day(5)
    first.run()
    second.run()
    assert [c for _, said in first.log for c in said] == [c for _, said in second.log for c in said]


def test_daily_loss_halts_and_no_entry_follows():
    from decimal import Decimal

    day = demo_day(
        3,
        loss_usd_max=Decimal(12),
        cooldown_s=0.0,
        costs_usd_per_side=Decimal(0),
        slippage_ticks=0,
        trades_max=50,
        window_s=120.0,
    )
    day.run()
    assert day.exchange.is_flat
    worst = min(day.engine.state.book.realised_usd, Decimal(0))
    # The limit, one tick of slip each way, and the costs of the trade that reached it.
    assert worst >= Decimal(-12) - Decimal("3.00")
    assert day.engine.state.config.window_start == OPEN
