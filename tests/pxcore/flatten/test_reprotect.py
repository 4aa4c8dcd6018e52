"""A position that a dead session left, put under a stop, or said to be past it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paper_scenes import ACCOUNT
from paper_server import Gateway, entry, fixed_tape, serving

from pxcore.config.settings import Settings
from pxcore.flatten.lost_orders import LostOrders
from pxcore.flatten.reprotect import Reprotect
from pxcore.gateway.rest import GatewayClient
from pxcore.model import WHOLE, Order, OrderType, Side
from pxcore.ownership.account_lock import AccountLock
from pxcore.paper.faults.wire import AnswerLost
from pxcore.paper.server.venue import PaperVenue
from pxcore.venue.connect import connect

BARE = {"stopLossBracket": None, "takeProfitBracket": None}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(fixed_tape()) as running:
        yield running.log_in()


@pytest.fixture
def scene(gateway: Gateway, tmp_path: Path) -> Iterator[tuple[Reprotect, GatewayClient]]:
    assert gateway.venue is not None
    settings = Settings(
        _env_file=None,
        home=tmp_path / "home",
        paper_url=gateway.url,
        paper_clock=str(gateway.clock),
        account_id=ACCOUNT,
        watchdog="protect",
        stop_loss_ticks=30,
    )
    client = connect(settings)
    yield Reprotect(settings, client, say=lambda text: None, sleep=lambda s: None), client
    client.close()


def working(venue: PaperVenue) -> list[Order]:
    return [order for order in venue.exchange.orders(ACCOUNT) if order.is_working]


def hold(gateway: Gateway, **more: Any) -> None:
    gateway.post("/api/Order/place", **entry("left", **more))
    gateway.wait_until(lambda venue: bool(venue.exchange.positions(ACCOUNT)))


def test_bare_position_is_put_under_a_stop_once(gateway, scene):
    reprotect, client = scene
    hold(gateway, **BARE)
    assert reprotect.has_covered("session px-1 is gone", WHOLE)
    (stop,) = client.open_orders(ACCOUNT)
    (position,) = client.positions(ACCOUNT)
    assert (stop.type, stop.side, stop.size) == (OrderType.STOP, Side.SELL, position.size)
    assert stop.stop_ticks == 100_001 - 30, "as far from the average price as the settings say"
    assert reprotect.has_covered("session px-1 is gone", WHOLE)
    assert len(client.open_orders(ACCOUNT)) == 1


def test_position_under_its_bracket_is_left_as_it_is(gateway, scene):
    reprotect, client = scene
    hold(gateway)
    gateway.wait_until(lambda venue: len(working(venue)) == 2)
    before = client.open_orders(ACCOUNT)
    assert reprotect.has_covered("why", WHOLE)
    assert client.open_orders(ACCOUNT) == before


def test_stop_that_went_a_second_time_is_not_placed_again(gateway, scene):
    reprotect, client = scene
    hold(gateway, **BARE)
    assert reprotect.has_covered("why", WHOLE)
    client.cancel_order(ACCOUNT, client.open_orders(ACCOUNT)[0].id)
    assert not reprotect.has_covered("why", WHOLE), "only a flatten helps"
    assert client.open_orders(ACCOUNT) == ()


def test_orders_without_a_position_are_no_protection(gateway, scene):
    reprotect, _client = scene
    resting = {"type": 1, "limitPrice": 24_000.0, **BARE}
    gateway.post("/api/Order/place", **entry("resting", **resting))
    gateway.wait_until(lambda venue: len(working(venue)) == 1)
    assert not reprotect.has_covered("why", WHOLE)


def test_account_that_somebody_took_is_theirs(gateway, scene, tmp_path):
    reprotect, client = scene
    hold(gateway, **BARE)
    with AccountLock(tmp_path / "home", ACCOUNT, holder="px flatten"):
        assert not reprotect.has_covered("why", WHOLE)
    assert client.open_orders(ACCOUNT) == ()


def may_one_arrive(reprotect: Reprotect, client: GatewayClient) -> bool:
    """As whoever flattens next asks it."""
    return LostOrders(reprotect._settings, ACCOUNT, client, say=lambda notice: None).may_arrive()


def test_stop_of_ours_without_an_answer_is_a_lost_order_to_the_next_flatten(gateway, scene):
    reprotect, client = scene
    hold(gateway, **BARE)
    lost = AnswerLost(path="/api/Order/place", moment="before", how="reset")
    gateway.run(lambda venue: venue.arm(lost))
    assert not reprotect.has_covered("why", WHOLE)
    assert may_one_arrive(reprotect, client)


def test_stop_of_ours_that_was_answered_is_no_lost_order(gateway, scene):
    reprotect, client = scene
    hold(gateway, **BARE)
    assert reprotect.has_covered("why", WHOLE)
    assert not may_one_arrive(reprotect, client)
