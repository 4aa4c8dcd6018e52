"""A stop of our own where the venue's leg is missing: placed once, watched, swept at the end."""

from engine_scenes import Scene, kinds

from pxcore.engine.commands import CancelOrder, ClosePosition, FlatProven, PlaceStop
from pxcore.engine.events import (
    CancelAnswered,
    Hub,
    HubDown,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    RecordSkipped,
    SendOutcome,
)
from pxcore.engine.phase import Phase
from pxcore.model import OrderStatus, OrderType, Side

TARGET = 1002


def held_without_stop(side: Side = Side.BUY, **changes):
    """A filled entry whose target works and whose stop never came, 5 s ago; fill at 100001."""
    scene = Scene(places_stops=True, **changes).connect()
    entry = scene.enter(side)
    scene.fill_entry(entry)
    scene.tell(target_of(scene, entry))
    assert not kinds(scene.pass_time(4.9), PlaceStop, ClosePosition)
    scene.price(100_000, 100_001)
    return scene, entry


def target_of(scene, entry, status=OrderStatus.OPEN, **more):
    return scene.order(
        TARGET,
        OrderType.LIMIT,
        entry.side.opposite,
        status,
        tag=f"{entry.tag}-TP",
        parent_id=1000,
        limit_ticks=100_001 + entry.side.sign * 30,
        **more,
    )


def own(scene, stop, status=OrderStatus.OPEN, order_id=2000, **more):
    return scene.order(
        order_id,
        OrderType.STOP,
        stop.side,
        status,
        tag=stop.tag,
        stop_ticks=stop.stop_ticks,
        **more,
    )


def placed(scene) -> PlaceStop:
    (stop,) = kinds(scene.pass_time(0.2), PlaceStop)
    return stop


def test_own_stop_takes_the_place_of_the_missing_leg_at_the_deadline():
    scene, entry = held_without_stop()

    stop = placed(scene)

    assert (stop.side, stop.size, stop.stop_ticks) == (Side.SELL, 1, 100_001 - 20)
    assert stop.tag.startswith(entry.tag) and stop.tag != f"{entry.tag}-SL"
    scene.tell(PlaceAccepted(at=scene.now, tag=stop.tag, order_id=2000))
    scene.tell(own(scene, stop))
    assert scene.engine.state.phase is Phase.PROTECTED
    assert not kinds(scene.pass_time(20), ClosePosition)


def test_own_stop_of_a_short_position_is_above_its_fill():
    scene, _ = held_without_stop(Side.SELL)

    stop = placed(scene)

    assert (stop.side, stop.stop_ticks) == (Side.BUY, 100_001 + 20)


def test_without_the_permission_the_position_is_flattened():
    denied = Scene().connect()
    entry = denied.enter()
    denied.fill_entry(entry)
    denied.tell(target_of(denied, entry))

    assert kinds(denied.pass_time(5.1), ClosePosition)
    assert not kinds(denied.said, PlaceStop)


def test_own_stop_that_is_not_seen_working_in_its_time_leads_to_a_flatten():
    scene, _ = held_without_stop()
    stop = placed(scene)
    scene.tell(PlaceAccepted(at=scene.now, tag=stop.tag, order_id=2000))

    assert not kinds(scene.pass_time(4.9), ClosePosition)
    assert kinds(scene.pass_time(0.2), ClosePosition)
    assert len(kinds(scene.said, PlaceStop)) == 1


def answers(scene, stop):
    now, tag = scene.now, stop.tag
    return {
        "refused": PlaceRefused(at=now, tag=tag, code_name="OrderRejected", text="no"),
        "not sent": PlaceNotSent(at=now, tag=tag, why="no"),
        "unknown": PlaceUnknown(at=now, tag=tag, why="no"),
    }


def test_own_stop_that_fails_leads_to_a_flatten_at_once_and_is_not_tried_again():
    for answer in ("refused", "not sent", "unknown"):
        scene, _ = held_without_stop()
        stop = placed(scene)

        said = scene.tell(answers(scene, stop)[answer])

        assert kinds(said, ClosePosition), answer
        assert len(kinds(scene.said, PlaceStop)) == 1


def test_flat_is_not_proven_while_an_own_stop_whose_answer_was_lost_may_still_arrive():
    scene, _ = held_without_stop()
    stop = placed(scene)
    scene.tell(answers(scene, stop)["unknown"])
    scene.tell(scene.position(0))

    for _ in range(18):
        scene.pass_time(1)
        scene.answer_snapshot(scene.snapshot())
    assert not kinds(scene.said, FlatProven)

    for _ in range(8):
        scene.pass_time(1)
        scene.answer_snapshot(scene.snapshot())
    assert kinds(scene.said, FlatProven)


def test_target_that_fills_takes_the_own_stop_with_it_at_once():
    scene, entry = held_without_stop()
    stop = placed(scene)
    scene.tell(own(scene, stop))

    scene.tell(target_of(scene, entry, OrderStatus.FILLED, filled_size=1, filled_ticks=100_031))
    scene.tell(scene.fill(2, TARGET, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))

    cancelled = [c.order_id for c in kinds(scene.said, CancelOrder)]
    assert cancelled == [2000]
    scene.tell(own(scene, stop, OrderStatus.CANCELLED))
    assert scene.engine.state.phase is Phase.FLAT


def test_own_stop_is_not_swept_while_the_last_look_contradicts_itself():
    scene, entry = held_without_stop()
    stop = placed(scene)
    scene.tell(own(scene, stop))
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="cut short"))
    held = scene.position(1).position
    scene.answer_snapshot(scene.snapshot(positions=(held,)))  # and no fill: it is passed over

    scene.tell(target_of(scene, entry, OrderStatus.FILLED, filled_size=1, filled_ticks=100_031))
    scene.tell(scene.fill(2, TARGET, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    assert not kinds(scene.said, CancelOrder)

    scene.pass_time(1)
    book = scene.engine.state.book
    agreed = scene.snapshot(orders=tuple(book.alive_orders()), fills=tuple(book.fills.values()))
    said = scene.answer_snapshot(agreed)
    assert [c.order_id for c in kinds(said, CancelOrder)] == [2000]


def test_own_stop_that_fills_takes_the_target_with_it_at_once():
    scene, _ = held_without_stop()
    stop = placed(scene)
    scene.tell(own(scene, stop))

    scene.tell(own(scene, stop, OrderStatus.FILLED, filled_size=1, filled_ticks=99_981))
    scene.tell(scene.fill(2, 2000, Side.SELL, 99_981, pnl="-10"))
    scene.tell(scene.position(0))

    assert [c.order_id for c in kinds(scene.said, CancelOrder)] == [TARGET]


def test_own_stop_that_arrives_after_the_position_has_gone_is_cancelled():
    scene, entry = held_without_stop()
    stop = placed(scene)
    scene.tell(target_of(scene, entry, OrderStatus.FILLED, filled_size=1, filled_ticks=100_031))
    scene.tell(scene.fill(2, TARGET, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    assert scene.engine.state.phase is Phase.SETTLING  # it is still on its way

    said = scene.tell(PlaceAccepted(at=scene.now, tag=stop.tag, order_id=2000))

    assert [c.order_id for c in kinds(said, CancelOrder)] == [2000]
    scene.tell(CancelAnswered(at=scene.now, order_id=2000, answer=SendOutcome.DONE))
    scene.tell(own(scene, stop, OrderStatus.CANCELLED))
    assert scene.engine.state.phase is Phase.FLAT


def test_venues_stop_that_comes_after_all_is_one_too_many():
    scene, entry = held_without_stop()
    stop = placed(scene)
    scene.tell(own(scene, stop))

    said = scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.OPEN,
            tag=f"{entry.tag}-SL",
            parent_id=1000,
            stop_ticks=99_981,
        )
    )

    assert kinds(said, ClosePosition)


def test_no_own_stop_at_or_beyond_the_market():
    scene, _ = held_without_stop()
    scene.price(99_981, 99_982)  # the stop's level is the bid

    assert kinds(scene.pass_time(0.2), ClosePosition)
    assert not kinds(scene.said, PlaceStop)


def test_no_own_stop_while_what_is_held_is_not_known():
    scene, _ = held_without_stop()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="gone"))

    assert kinds(scene.pass_time(0.2), ClosePosition)
    assert not kinds(scene.said, PlaceStop)


def test_position_with_neither_leg_is_flattened_though_stops_of_ours_are_allowed():
    scene = Scene(places_stops=True).connect()
    entry = scene.enter()
    scene.fill_entry(entry)

    assert kinds(scene.pass_time(5.1), ClosePosition)
    assert not kinds(scene.said, PlaceStop)
