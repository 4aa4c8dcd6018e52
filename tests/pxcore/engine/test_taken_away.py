"""Somebody else closes what we hold, or locks the account: nothing more is opened that day."""

import pytest
from engine_scenes import ACCOUNT, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import EndSession, Halt, PlaceEntry
from pxcore.engine.events import AccountSeen, PlaceRefused
from pxcore.engine.state import Phase
from pxcore.model import OrderStatus, OrderType, Side

LOCKED = replace(ACCOUNT, can_trade=False)


def closed_by_the_venue(scene, *, order_id=2000, number=1):
    """As a liquidation shows: the legs are cancelled, an untagged market order closes."""
    steps = [
        scene.order(order_id, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, filled_size=1),
        scene.fill(2, order_id, Side.SELL, 99_990, pnl="-5.50"),
        scene.position(0),
    ]
    return steps[-number:] + steps[:-number]


@pytest.mark.parametrize("number", range(3))
def test_liquidation_in_whatever_order_it_is_told_ends_the_day(number):
    scene = Scene(loss_usd_max=10_000)
    scene.connect().hold()

    for event in closed_by_the_venue(scene, number=number):
        scene.tell(event)

    (halt,) = kinds(scene.said, Halt)
    assert "order 2000" in halt.reason and "by hand" in halt.reason
    assert scene.engine.ending == halt.reason
    scene.answer_snapshot(scene.snapshot(fills=tuple(scene.engine.state.book.fills.values())))
    scene.pass_time(1.0)
    assert not kinds(scene.signal(), PlaceEntry)


def test_account_that_the_venue_locks_ends_the_day_also_when_nothing_is_held():
    scene = Scene()
    scene.connect()
    scene.tell(AccountSeen(at=scene.now, account=LOCKED))
    (halt,) = kinds(scene.said, Halt)
    assert "locked" in halt.reason
    scene.answer_snapshot(scene.snapshot(account=LOCKED))
    assert kinds(scene.said, EndSession)


def test_lock_that_only_a_look_shows_ends_the_day_too():
    scene = Scene()
    scene.connect(scene.snapshot(account=LOCKED))
    assert kinds(scene.said, Halt)


def test_closed_market_is_tried_once():
    """A refusal that names what to do is no rejection to count."""
    scene = Scene(venue_refusals_max=3)
    scene.connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    said = scene.tell(
        PlaceRefused(
            at=scene.now,
            tag=entry.tag,
            code_name="OrderRejected",
            text="Trading is currently unavailable.",
            remedy="the program's trading day is over",
        )
    )
    assert kinds(said, Halt)


def test_our_own_exit_is_not_taken_for_somebody_else_s():
    """By its leg: the day goes on."""
    scene = Scene()
    entry = scene.connect().hold()
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            tag=f"{entry.tag}-TP",
            parent_id=1000,
            filled_size=1,
        )
    )
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15.00"))
    scene.tell(
        scene.order(1001, OrderType.STOP, Side.SELL, OrderStatus.CANCELLED, tag=f"{entry.tag}-SL")
    )
    scene.tell(scene.position(0))
    assert scene.engine.state.phase is Phase.FLAT and not kinds(scene.said, Halt)


def test_late_report_of_our_own_close_does_not_end_the_day():
    """Of a flatten that somebody asked for, before the position that is held now."""
    scene = Scene()
    scene.connect().hold()
    scene.tell(scene.order(999, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, filled_size=0))
    scene.tell(scene.order(900, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, filled_size=1))
    assert not kinds(scene.said, Halt)
