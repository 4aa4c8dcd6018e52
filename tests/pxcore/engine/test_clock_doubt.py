"""Time that may be wrong: the clock was set, or everything stood still."""

from datetime import timedelta

import pytest
from engine_scenes import MNQ, Scene, kinds

from pxcore.engine.commands import (
    ClosePosition,
    Denied,
    Gate,
    Halt,
    Notice,
    PlaceEntry,
    TakeSnapshot,
)
from pxcore.engine.events import ClockStepped, PlaceAccepted
from pxcore.engine.phase import Phase
from pxcore.model import OrderStatus, OrderType, Quote, Side


def quote(scene: Scene, *, late_s: float) -> Quote:
    """A price whose stamp, the venue's, is so much older than our time."""
    return Quote(
        at=scene.now,
        happened_at=scene.now - timedelta(seconds=late_s),
        contract_id=MNQ.id,
        bid_ticks=100_000,
        ask_ticks=100_001,
    )


def stepped(scene: Scene, by_s: float) -> list[str]:
    said = scene.tell(ClockStepped(at=scene.now, by_s=by_s))
    return [n.text for n in kinds(said, Notice) if n.code == "clock.stepped"]


@pytest.mark.parametrize(("by_s", "way"), [(61.0, "forward"), (-61.0, "back")])
def test_step_is_told_and_no_entry_passes_until_the_venue_agrees(by_s, way):
    scene = Scene().connect()
    (told,) = stepped(scene, by_s)
    assert f"set {way} by 61.0 s" in told

    (denied,) = kinds(scene.signal(), Denied)
    assert denied.gate is Gate.CLOCK and way in denied.detail
    scene.tell(quote(scene, late_s=3.0))
    assert [d.gate for d in kinds(scene.signal(), Denied)] == [Gate.CLOCK]
    scene.tell(quote(scene, late_s=-3.0))
    assert [d.gate for d in kinds(scene.signal(), Denied)] == [Gate.CLOCK]

    scene.price(100_000, 100_001)
    assert kinds(scene.signal(), PlaceEntry)


def test_position_stays_under_its_bracket_while_the_venue_agrees_soon():
    scene = Scene().connect()
    scene.hold()
    stepped(scene, -3600.0)
    scene.price(100_000, 100_001)
    assert not kinds(scene.pass_time(20.0), ClosePosition)


def test_position_is_closed_when_the_venue_does_not_agree_in_time():
    """Ten seconds: as long as data may be old for an entry."""
    scene = Scene().connect()
    scene.hold()
    stepped(scene, 61.0)
    said = []
    for _ in range(11):
        said += scene.tell(quote(scene, late_s=-61.0))
        said += scene.pass_time(1.0)
    assert kinds(said, ClosePosition)
    (why,) = [n.text for n in kinds(said, Notice) if n.code == "overdue"]
    assert "set forward by 61.0 s" in why


def test_deadline_runs_on_while_the_clock_is_set():
    """The events' time does not follow the wall clock, so nothing stretches it."""
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    stepped(scene, -120.0)
    scene.price(100_000, 100_001)
    assert not kinds(scene.pass_time(4.0), ClosePosition)
    assert kinds(scene.pass_time(2.0), ClosePosition)


def test_machine_that_stood_still_hears_first_and_judges_then():
    """A leg came while nobody was there to hear it: the deadline for it has passed, and it is in
    place.
    """
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)

    said = scene.stand_still(40.0)
    assert kinds(said, TakeSnapshot) and not kinds(said, ClosePosition, Halt)
    assert any(n.code == "clock.stood_still" for n in kinds(said, Notice))
    scene.legs(entry)
    scene.price(100_000, 100_001)
    assert not kinds(scene.pass_time(20.0), ClosePosition)
    assert scene.engine.state.phase is Phase.PROTECTED


def test_entry_whose_answer_waited_in_the_socket_does_not_end_the_day():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    said = scene.stand_still(40.0)
    said += scene.tell(PlaceAccepted(at=scene.now, tag=entry.tag, order_id=1000))
    said += scene.fill_entry(entry)
    assert not kinds(said, Halt, ClosePosition)


def test_leg_that_is_missing_after_all_is_acted_upon_two_seconds_later():
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    scene.stand_still(40.0)
    assert not kinds(scene.pass_time(1.5), ClosePosition)
    assert kinds(scene.pass_time(1.0), ClosePosition)


def test_after_standing_still_no_entry_passes_before_a_look():
    scene = Scene().connect()
    scene.stand_still(40.0)
    scene.price(100_000, 100_001)
    (denied,) = kinds(scene.signal(), Denied)
    assert denied.gate is Gate.STATE_UNKNOWN and "stood still" in denied.detail
    scene.answer_snapshot(scene.snapshot())
    assert kinds(scene.signal(Side.SELL), PlaceEntry)


def test_window_that_ended_meanwhile_is_over_at_once():
    scene = Scene().connect()
    scene.hold()
    assert kinds(scene.stand_still(30 * 60.0), ClosePosition)


def test_prices_that_come_first_after_a_standstill_let_no_entry_pass_before_a_look():
    """They waited in the socket: the newest is fresh, what we know of the account is not."""
    scene = Scene().connect()
    scene.now += timedelta(seconds=40.0)
    scene.price(100_000, 100_001)
    scene.strategy.side = Side.BUY
    (denied,) = kinds(scene.price(100_001, 100_002), Denied)
    assert denied.gate is Gate.STATE_UNKNOWN and "stood still" in denied.detail
    assert kinds(scene.signal(Side.SELL), TakeSnapshot)


def test_what_was_settled_on_waking_is_not_counted_with_what_comes_after_it():
    """A target's fill was half told when everything stood still, and whole when it went on."""
    scene = Scene().connect()
    entry = scene.hold()
    filled = {"tag": f"{entry.tag}-TP", "parent_id": 1000, "filled_size": 1}
    gone = {"tag": f"{entry.tag}-SL", "parent_id": 1000}
    scene.tell(scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.FILLED, **filled))
    scene.stand_still(40.0)
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15.00"))
    scene.tell(scene.order(1001, OrderType.STOP, Side.SELL, OrderStatus.CANCELLED, **gone))
    scene.tell(scene.position(0))
    scene.pass_time(1.9)
    scene.tell(scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.FILLED, **filled))
    scene.tell(scene.position(1))  # once more, and late
    said = scene.pass_time(0.5)
    assert not [n for n in kinds(said, Notice) if n.code == "overdue"]
