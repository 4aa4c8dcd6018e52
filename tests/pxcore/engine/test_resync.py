"""When REST is looked at, and what its answer is worth."""

from decimal import Decimal

import pytest
from engine_scenes import Scene, kinds

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Denied,
    Gate,
    Halt,
    PlaceEntry,
    TakeSnapshot,
)
from pxcore.engine.events import Ask, Asked, Hub, HubUp, RecordSkipped
from pxcore.engine.phase import Phase
from pxcore.model import Fill, Side


def test_account_is_looked_at_while_a_hub_stays_away_and_a_strangers_position_is_flattened():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))  # the market hub never comes
    assert not kinds(scene.pass_time(29), TakeSnapshot)

    assert kinds(scene.pass_time(1.5), TakeSnapshot)
    scene.answer_snapshot(scene.snapshot(positions=(scene.position(1).position,)))
    scene.pass_time(6)

    assert kinds(scene.said, ClosePosition)


def test_look_while_a_hub_is_away_leaves_the_state_unknown_and_is_repeated():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    scene.pass_time(1)
    scene.pass_time(31)
    scene.answer_snapshot(scene.snapshot())
    assert not scene.engine.resync.is_known

    assert not kinds(scene.pass_time(29), TakeSnapshot)
    assert kinds(scene.pass_time(2), TakeSnapshot)


def test_last_hub_that_comes_back_is_followed_by_a_look_at_once():
    scene = Scene()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    scene.pass_time(1)

    assert kinds(scene.tell(HubUp(at=scene.now, hub=Hub.MARKET)), TakeSnapshot)


def _entry_in_doubt() -> Scene:
    """An entry that the venue has, and a report that could not be read right after."""
    scene = Scene(cooldown_s=0).connect()
    scene.enter()
    scene.pass_time(0.1)
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="cut short"))
    return scene


def test_look_that_knows_nothing_of_an_order_that_was_just_there_may_be_old():
    scene = _entry_in_doubt()
    scene.answer_snapshot(scene.snapshot())

    assert scene.engine.state.phase is Phase.ENTERING
    assert not scene.engine.resync.is_known
    assert not kinds(scene.signal(), PlaceEntry)
    assert not kinds(scene.pass_time(0.3), TakeSnapshot)  # not again and again at once
    assert kinds(scene.pass_time(0.3), TakeSnapshot)


def test_order_that_two_looks_apart_know_nothing_of_is_over():
    scene = _entry_in_doubt()
    scene.answer_snapshot(scene.snapshot())
    scene.pass_time(1)
    scene.answer_snapshot(scene.snapshot())

    assert scene.engine.state.phase is Phase.FLAT
    assert scene.engine.resync.is_known
    assert kinds(scene.signal(), PlaceEntry)


def test_order_whose_fill_is_known_is_over_by_the_first_look():
    scene = _entry_in_doubt()
    filled = scene.fill(1, 1000, Side.BUY, 100_001).fill
    held = scene.position(1).position
    scene.answer_snapshot(scene.snapshot(positions=(held,), fills=(filled,)))

    assert scene.engine.state.phase is Phase.UNPROTECTED
    assert scene.engine.resync.is_known


def test_look_that_lacks_a_position_told_of_just_now_may_be_old():
    scene = Scene().connect()
    scene.hold()
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="cut short"))
    scene.pass_time(0.1)
    scene.answer_snapshot(scene.snapshot())

    assert scene.engine.state.phase is Phase.PROTECTED
    assert not scene.engine.resync.is_known
    assert not kinds(scene.pass_time(0.8), TakeSnapshot)
    assert kinds(scene.pass_time(0.2), TakeSnapshot)  # old enough to show it
    scene.answer_snapshot(scene.snapshot())
    assert scene.engine.state.phase is not Phase.PROTECTED


def _held_on_a_look_passed_over(*, lists_position: bool) -> Scene:
    """Held and protected; the last look, asked for by a report that could not be read, lacks what
    was told just now: the position, or else the fill.
    """
    scene = Scene().connect()
    scene.hold()
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="cut short"))
    scene.pass_time(0.1)
    book = scene.engine.state.book
    scene.answer_snapshot(
        scene.snapshot(
            orders=tuple(book.alive_orders()),
            positions=(scene.position(1).position,) if lists_position else (),
            fills=() if lists_position else tuple(book.fills.values()),
        )
    )
    assert scene.engine.state.phase is Phase.PROTECTED
    return scene


@pytest.mark.parametrize("lists_position", [True, False])
def test_stop_stays_when_a_flatten_begins_on_a_look_passed_over_that_contradicts_itself(
    lists_position,
):
    scene = _held_on_a_look_passed_over(lists_position=lists_position)

    said = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="asked to"))

    assert kinds(said, ClosePosition)
    assert not kinds(said, CancelOrder)


def test_stop_goes_with_the_position_once_a_look_agrees_with_itself():
    scene = _held_on_a_look_passed_over(lists_position=False)
    book = scene.engine.state.book
    scene.pass_time(1)
    scene.answer_snapshot(
        scene.snapshot(
            orders=tuple(book.alive_orders()),
            positions=(scene.position(1).position,),
            fills=tuple(book.fills.values()),
        )
    )

    said = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="asked to"))

    assert [c.order_id for c in kinds(said, CancelOrder)] == [1002, 1001]


def _lost_before_this_session(pnl: str) -> tuple[Fill, Fill]:
    there = Scene()
    opened = there.fill(1, 900, Side.BUY, 100_000).fill
    return opened, there.fill(2, 901, Side.SELL, 99_990, pnl=pnl).fill


def test_fills_that_the_start_saw_count_for_the_day_though_the_sessions_look_leaves_them_out():
    fills = _lost_before_this_session("-5.00")
    scene = Scene(trades_max=1, opening_fills=fills).connect()

    denied = kinds(scene.signal(), Denied)
    assert [d.gate for d in denied] == [Gate.TRADES_MAX]
    assert scene.engine.state.book.realised_usd == Decimal("-6.22")


def test_limit_of_the_day_is_not_judged_by_the_starts_fills_before_the_first_look():
    scene = Scene(opening_fills=_lost_before_this_session("-500.00"))
    assert not kinds(scene.pass_time(1), Halt)
    scene.connect()
    assert kinds(scene.said, Halt)
