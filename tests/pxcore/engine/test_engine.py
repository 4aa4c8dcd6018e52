"""The life of a position: what the engine does, and what it must never do."""

from datetime import timedelta
from decimal import Decimal

import pytest
from engine_scenes import ACCOUNT, CONFIG, LIMITS, MNQ, OPEN, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Denied,
    EndSession,
    FlatProven,
    Gate,
    Halt,
    Notice,
    PlaceEntry,
    ResolveTag,
    TakeSnapshot,
)
from pxcore.engine.engine import Engine
from pxcore.engine.events import (
    Ask,
    Asked,
    CancelAnswered,
    ClockTick,
    CloseAnswered,
    Hub,
    HubDown,
    HubUp,
    KillSwitchSeen,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    RecordSkipped,
    SendOutcome,
    ShellFault,
    SnapshotFailed,
    SnapshotTaken,
    TagResolved,
)
from pxcore.engine.phase import Phase
from pxcore.engine.strategy import Enter, Exit, Wait
from pxcore.model import (
    Bracket,
    DepthKind,
    DepthLevel,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Side,
)


def denied(commands) -> Gate | None:
    found = kinds(commands, Denied)
    return found[0].gate if found else None


def see_flat_twice(scene: Scene, snapshot=None) -> list:
    """REST shows it, the stream has not said so: seen again 2 s later, it is proof."""
    scene.answer_snapshot(snapshot or scene.snapshot())
    scene.pass_time(2.1)
    return scene.answer_snapshot(snapshot or scene.snapshot())


def answer_all(scene: Scene, commands) -> list:
    """The venue takes every cancel and close."""
    said = []
    for command in commands:
        if isinstance(command, CancelOrder):
            said += scene.tell(
                CancelAnswered(at=scene.now, order_id=command.order_id, answer=SendOutcome.DONE)
            )
        elif isinstance(command, ClosePosition):
            said += scene.tell(
                CloseAnswered(
                    at=scene.now, contract_id=command.contract_id, answer=SendOutcome.DONE
                )
            )
    return said


# -- entering -----------------------------------------------------------------------------------


def test_entry_is_denied_while_state_is_unknown():
    scene = Scene()
    scene.price(100_000, 100_001)
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN


def test_entry_goes_out_once_with_its_bracket_after_a_clean_snapshot():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    assert (entry.side, entry.size, entry.bracket.stop_loss_ticks) == (Side.BUY, 1, 20)
    assert denied(scene.signal()) is Gate.NOT_FLAT


def test_filled_entry_is_unprotected_until_both_legs_are_seen_working():
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    assert scene.engine.state.phase is Phase.UNPROTECTED
    scene.legs(entry)
    assert scene.engine.state.phase is Phase.PROTECTED


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"side": Side.BUY}, id="leg on the entry's side"),
        pytest.param({"size": 2}, id="leg of another size"),
        pytest.param({"stop_ticks": 100_001}, id="stop at the fill"),
        pytest.param({"status": OrderStatus.SUSPENDED}, id="stop still suspended"),
    ],
)
def test_position_is_not_protected_by_a_stop_that_is_wrong(wrong):
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    scene.legs(entry)
    good = {"side": Side.SELL, "size": 1, "stop_ticks": 99_981, "status": OrderStatus.OPEN} | wrong
    scene.engine.state.book.orders.pop(1001)
    scene.tell(
        scene.order(
            1001, OrderType.STOP, good.pop("side"), good.pop("status"), parent_id=1000, **good
        )
    )
    assert scene.engine.state.phase is Phase.UNPROTECTED


def test_position_without_its_legs_is_flattened_at_the_deadline():
    scene = Scene().connect()
    scene.fill_entry(scene.enter())
    assert not kinds(scene.pass_time(4.9), ClosePosition)
    assert kinds(scene.pass_time(0.2), ClosePosition)
    assert scene.engine.state.phase is Phase.FLATTENING


def test_exit_by_a_leg_goes_flat_only_when_the_sibling_is_gone():
    scene = Scene().connect()
    entry = scene.hold()
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            parent_id=1000,
            filled_size=1,
            filled_ticks=100_031,
        )
    )
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    assert scene.engine.state.phase is Phase.SETTLING
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.CANCELLED,
            parent_id=1000,
            tag=f"{entry.tag}-SL",
        )
    )
    assert scene.engine.state.phase is Phase.FLAT
    # 15.00 gross less two sides of 0.36 + 0.25.
    assert scene.engine.state.book.realised_usd == Decimal("13.78")


def test_sibling_that_outlives_the_position_is_cancelled():
    scene = Scene().connect()
    scene.hold()
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            parent_id=1000,
            filled_size=1,
            filled_ticks=100_031,
        )
    )
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    cancels = kinds(scene.pass_time(2.1), CancelOrder)
    assert [c.order_id for c in cancels] == [1001]


def test_entry_may_follow_a_loss_only_after_the_cooldown():
    scene = Scene().connect()
    entry = scene.hold()
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.FILLED,
            parent_id=1000,
            filled_size=1,
            filled_ticks=99_981,
        )
    )
    scene.tell(scene.fill(2, 1001, Side.SELL, 99_981, pnl="-10"))
    scene.tell(scene.position(0))
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.CANCELLED,
            parent_id=1000,
            tag=f"{entry.tag}-TP",
        )
    )
    scene.pass_time(59)
    scene.price(100_000, 100_001)
    assert denied(scene.signal()) is Gate.COOLDOWN
    scene.pass_time(2)
    assert kinds(scene.signal(), PlaceEntry)


def test_fill_seen_before_its_order_is_a_position_already():
    scene = Scene().connect()
    scene.enter()
    scene.tell(scene.fill(1, 1000, Side.BUY, 100_001))
    assert scene.engine.state.phase is Phase.UNPROTECTED
    assert denied(scene.signal()) is Gate.NOT_FLAT


def test_late_report_does_not_bring_a_filled_order_back():
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    scene.tell(scene.order(1000, OrderType.MARKET, Side.BUY, OrderStatus.PENDING, tag=entry.tag))
    assert scene.engine.state.book.orders[1000].status is OrderStatus.FILLED
    assert scene.engine.state.book.holding.by_orders == 1


def test_duplicated_fill_counts_once():
    scene = Scene().connect()
    scene.fill_entry(scene.enter())
    scene.tell(scene.fill(1, 1000, Side.BUY, 100_001))
    assert scene.engine.state.book.holding.by_fills == 1
    assert scene.engine.state.book.realised_usd == Decimal("-0.61")


# -- answers that are refused, lost or late ------------------------------------------------------


def test_refused_entry_leaves_flat_and_three_running_halt():
    scene = Scene().connect()
    for number in (1, 2, 3):
        (entry,) = kinds(scene.signal(), PlaceEntry)
        commands = scene.tell(
            PlaceRefused(at=scene.now, tag=entry.tag, code_name="OrderRejected", text="no")
        )
        assert bool(kinds(commands, Halt)) is (number == 3)


def test_entry_rejected_by_the_stream_after_acceptance_leaves_flat():
    scene = Scene().connect()
    entry = scene.enter()
    scene.tell(scene.order(1000, OrderType.MARKET, Side.BUY, OrderStatus.REJECTED, tag=entry.tag))
    assert scene.engine.state.phase is Phase.FLAT


def test_entry_that_never_left_leaves_flat():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceNotSent(at=scene.now, tag=entry.tag, why="unreachable"))
    assert scene.engine.state.phase is Phase.FLAT


def signals(scene: Scene, seconds: int, why: str) -> int:
    """A strategy that wants to enter on every price, ten a second: how many entries it makes, none
    of which is sent.
    """
    made = 0
    for _ in range(10 * seconds):
        scene.now += timedelta(seconds=0.1)
        scene.price(100_000, 100_001)
        for entry in kinds(scene.signal(), PlaceEntry):
            made += 1
            scene.tell(PlaceNotSent(at=scene.now, tag=entry.tag, why=why))
    return made


def test_entries_that_cannot_be_sent_are_tried_again_ever_more_seldom():
    scene = Scene().connect()
    assert signals(scene, 20, "no request is free for 40 s") == 5  # after 1, 2, 4 and 8 seconds
    (denied,) = kinds(scene.signal(), Denied)
    assert denied.gate is Gate.NOT_SENT and "no request is free for 40 s" in denied.detail
    assert signals(scene, 120, "no request is free") <= 5  # half a minute apart by then


def test_entry_that_is_sent_ends_the_waiting_of_those_after_it():
    scene = Scene(trades_max=9, cooldown_s=0).connect()
    signals(scene, 4, "no request is free")
    scene.pass_time(4)
    scene.price(100_000, 100_001)
    scene.enter()
    assert scene.engine.state.unsent.until is None


def test_in_shadow_every_signal_is_decided_anew():
    scene = Scene(sends_orders=False).connect()
    assert signals(scene, 2, "nothing is sent: shadow") == 20


def test_lost_place_reply_is_looked_up_by_tag_and_never_resent():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    commands = scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    assert [c.tag for c in kinds(commands, ResolveTag)] == [entry.tag]
    scene.tell(TagResolved(at=scene.now, tag=entry.tag, order=None))
    again = scene.pass_time(1.1)
    assert kinds(again, ResolveTag) and not kinds(again, PlaceEntry)
    assert denied(scene.signal()) is Gate.NOT_FLAT


def test_look_ups_of_a_tag_do_not_queue_while_one_is_unanswered():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    said = [c for _ in range(15) for c in kinds(scene.pass_time(1.0), ResolveTag)]
    assert said == []
    scene.tell(TagResolved(at=scene.now, tag=entry.tag, order=None))
    assert kinds(scene.pass_time(1.0), ResolveTag)
    said = [c for _ in range(21) for c in kinds(scene.pass_time(1.0), ResolveTag)]
    assert len(said) == 1  # an answer that never came is not waited for for ever


def test_lost_place_reply_whose_order_is_found_goes_on_as_accepted():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    found = scene.order(
        1000,
        OrderType.MARKET,
        Side.BUY,
        OrderStatus.FILLED,
        tag=entry.tag,
        filled_size=1,
        filled_ticks=100_001,
    ).order
    scene.tell(TagResolved(at=scene.now, tag=entry.tag, order=found))
    assert scene.engine.state.phase is Phase.UNPROTECTED
    scene.legs(entry)
    assert scene.engine.state.phase is Phase.PROTECTED


def test_entry_without_an_outcome_halts_and_no_look_is_proof_until_it_cannot_arrive_any_more():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    assert kinds(scene.pass_time(5.1), Halt)
    for _ in range(7):
        assert not kinds(scene.answer_snapshot(scene.snapshot()), FlatProven)
        scene.tell(TagResolved(at=scene.now, tag=entry.tag, order=None))
        assert kinds(scene.pass_time(2.1), ResolveTag)
    scene.pass_time(1)
    assert kinds(see_flat_twice(scene), FlatProven)


def test_flat_look_is_no_proof_when_the_stream_spoke_meanwhile():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    assert kinds(scene.pass_time(5.1), Halt)
    # The order arrives between the look's question and its answer: orders were looked at before.
    scene.tell(scene.order(1000, OrderType.MARKET, Side.BUY, OrderStatus.PENDING, tag=entry.tag))
    assert not kinds(scene.answer_snapshot(scene.snapshot()), FlatProven)
    held = scene.snapshot(positions=(scene.position(1).position,))
    for _ in range(2):
        assert kinds(scene.pass_time(2.1), TakeSnapshot)
        commands = scene.answer_snapshot(held)
    assert kinds(commands, ClosePosition)


def test_session_does_not_end_while_an_entry_is_unanswered():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    for _ in range(12):
        assert not kinds(scene.answer_snapshot(scene.snapshot()), FlatProven)
        scene.pass_time(1)
    scene.tell(PlaceNotSent(at=scene.now, tag=entry.tag, why="unreachable"))
    scene.pass_time(1)
    assert kinds(see_flat_twice(scene), EndSession)


def test_order_that_arrives_after_its_answer_was_lost_is_closed_before_the_session_ends():
    scene = Scene().connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceUnknown(at=scene.now, tag=entry.tag, why="timed out"))
    scene.pass_time(5.1)
    scene.answer_snapshot(scene.snapshot())
    late = scene.snapshot(positions=(scene.position(1).position,))
    scene.pass_time(2.1)
    scene.answer_snapshot(late)
    scene.pass_time(2.1)
    assert kinds(scene.answer_snapshot(late), ClosePosition)


# -- leaving ------------------------------------------------------------------------------------


def test_window_end_flattens_and_the_session_ends_on_proof_alone():
    scene = Scene().connect()
    scene.hold()
    scene.now = OPEN
    commands = scene.stand_still(30 * 60)
    assert [c.order_id for c in kinds(commands, CancelOrder)] == [1002, 1001]
    assert [c.contract_id for c in kinds(commands, ClosePosition)] == [MNQ.id]
    looks = kinds(answer_all(scene, commands), TakeSnapshot)
    assert looks and not scene.engine.is_over
    done = see_flat_twice(scene)
    assert kinds(done, FlatProven) and kinds(done, EndSession)
    assert scene.engine.is_over


def test_close_is_not_repeated_while_the_first_may_still_be_filling():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    answer_all(scene, commands)
    held = scene.snapshot(positions=(scene.position(1).position,))
    assert not kinds(scene.answer_snapshot(held), ClosePosition, TakeSnapshot)
    assert not kinds(scene.pass_time(0.2), ClosePosition, TakeSnapshot)
    assert kinds(scene.pass_time(0.1), TakeSnapshot)
    assert kinds(scene.answer_snapshot(held), ClosePosition)


def test_stop_is_cancelled_only_after_the_close_is_out():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    sent = [c for c in commands if isinstance(c, CancelOrder | ClosePosition)]
    assert [getattr(c, "order_id", "close") for c in sent] == [1002, "close", 1001]


def test_no_second_close_while_the_first_is_visibly_pending():
    scene = Scene().connect()
    scene.hold()
    answer_all(scene, scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test")))
    pending = scene.order(1003, OrderType.MARKET, Side.SELL, OrderStatus.PENDING).order
    held = scene.snapshot(orders=(pending,), positions=(scene.position(1).position,))
    for _ in range(6):
        scene.answer_snapshot(held)
        scene.pass_time(6)
    assert len(kinds(scene.said, ClosePosition)) == 1
    assert 1003 not in [c.order_id for c in kinds(scene.said, CancelOrder)]


def test_close_that_stays_pending_round_after_round_is_cancelled_and_then_sent_anew():
    scene = Scene().connect()
    scene.hold()
    answer_all(scene, scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test")))
    pending = scene.order(1003, OrderType.MARKET, Side.SELL, OrderStatus.PENDING).order
    positions = (scene.position(1).position,)
    while 1003 not in [c.order_id for c in kinds(scene.said, CancelOrder)]:
        scene.answer_snapshot(scene.snapshot(orders=(pending,), positions=positions))
        scene.pass_time(6)
        assert scene.now < OPEN + timedelta(minutes=10)
    assert len(kinds(scene.said, ClosePosition)) == 1
    scene.tell(CancelAnswered(at=scene.now, order_id=1003, answer=SendOutcome.DONE))
    while len(kinds(scene.said, ClosePosition)) == 1:
        scene.answer_snapshot(scene.snapshot(positions=positions))
        scene.pass_time(6)
        assert scene.now < OPEN + timedelta(minutes=10)


def test_close_whose_answer_is_still_out_is_not_sent_again():
    scene = Scene().connect()
    scene.hold()
    scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    held = scene.snapshot(positions=(scene.position(1).position,))
    for _ in range(5):
        scene.pass_time(10.1)
        assert not kinds(scene.answer_snapshot(held), ClosePosition)


def test_no_entry_after_a_flatten_until_the_fills_that_it_made_are_known():
    scene = Scene().connect()
    scene.hold()
    answer_all(scene, scene.tell(Asked(at=scene.now, ask=Ask.FLATTEN, why="test")))
    lagging = scene.snapshot(fills=(scene.fill(1, 1000, Side.BUY, 100_001).fill,))
    see_flat_twice(scene, lagging)
    scene.tell(Asked(at=scene.now, ask=Ask.RESUME, why="test"))
    assert denied(scene.signal()) is Gate.NOT_FLAT, "the fills say that one is held"
    scene.tell(CloseAnswered(at=scene.now, contract_id=MNQ.id, answer=SendOutcome.GONE))
    scene.pass_time(6)
    whole = (*lagging.fills, scene.fill(2, 1003, Side.SELL, 99_981, pnl="-10").fill)
    see_flat_twice(scene, scene.snapshot(fills=whole))
    scene.price(100_000, 100_001)
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN
    scene.answer_snapshot(scene.snapshot(fills=whole))
    assert denied(scene.signal()) is Gate.COOLDOWN


def test_flatten_goes_on_with_alarms_until_it_is_flat():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    held = scene.snapshot(positions=(scene.position(1).position,))
    for _ in range(6):
        answer_all(scene, commands)
        scene.answer_snapshot(held)
        scene.pass_time(6)
        commands = scene.answer_snapshot(held)
        assert kinds(commands, ClosePosition)
    alarms = [c for c in kinds(scene.said, Notice) if c.level == "alarm"]
    assert alarms
    answer_all(scene, commands)
    assert kinds(see_flat_twice(scene), EndSession)


def test_flatten_that_stream_and_rest_agree_on_says_so_in_its_receipt():
    scene = Scene().connect()
    entry = scene.hold()
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    for order_id, kind in ((1001, OrderType.STOP), (1002, OrderType.LIMIT)):
        more = {"tag": f"{entry.tag}-{order_id}", "parent_id": 1000}
        scene.tell(scene.order(order_id, kind, Side.SELL, OrderStatus.CANCELLED, **more))
    scene.tell(scene.position(0))
    answer_all(scene, commands)
    (receipt,) = kinds(see_flat_twice(scene), FlatProven)
    assert receipt.stream_differs == ()


def test_flatten_that_cannot_look_asks_again_and_says_so():
    scene = Scene().connect()
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    failed = scene.tell(
        SnapshotFailed(at=scene.now, request=scene.asked().request, why="unreachable")
    )
    assert kinds(commands, TakeSnapshot)
    assert [c.code for c in kinds(failed, Notice)] == ["flatten.blind"]
    assert kinds(scene.pass_time(0.3), TakeSnapshot)


def test_daily_loss_while_holding_halts_and_flattens():
    scene = Scene().connect()
    scene.hold()  # long 1 at 100001; 100 USD is 200 ticks of 0.50, less 0.61 of costs booked
    assert not kinds(scene.price(99_803, 99_804), Halt)
    commands = scene.price(99_802, 99_803)
    assert kinds(commands, Halt) and kinds(commands, ClosePosition)


def test_daily_loss_still_flattens_after_a_fault_of_the_shell():
    scene = Scene().connect()
    scene.hold()
    scene.tell(ShellFault(at=scene.now, what="disk full"))
    assert kinds(scene.price(99_700, 99_701), ClosePosition)


def test_stale_or_missing_prices_while_holding_lead_to_a_flatten():
    scene = Scene().connect()
    scene.hold()
    for _ in range(39):
        assert not kinds(scene.pass_time(1), ClosePosition)
    assert kinds(scene.pass_time(3), ClosePosition)


def test_one_sided_quote_while_holding_leads_to_a_flatten():
    scene = Scene().connect()
    scene.hold()
    for _ in range(32):
        scene.tell(
            Quote(
                at=scene.now,
                happened_at=scene.now,
                contract_id=MNQ.id,
                bid_ticks=None,
                ask_ticks=99_000,
            )
        )
        scene.pass_time(1)
    assert kinds(scene.said, ClosePosition)


def test_minutes_old_market_data_that_arrives_now_is_stale():
    scene = Scene().connect()
    scene.pass_time(120)
    old = scene.now - timedelta(seconds=110)
    scene.tell(Quote(at=scene.now, happened_at=old, contract_id=MNQ.id, bid_ticks=1, ask_ticks=2))
    assert denied(scene.signal()) is Gate.STALE_DATA


def test_position_reversed_by_both_legs_is_flattened_at_once():
    scene = Scene().connect()
    scene.hold()
    for order_id, kind, ticks in ((1001, OrderType.STOP, 99_981), (1002, OrderType.LIMIT, 100_031)):
        scene.tell(
            scene.order(
                order_id,
                kind,
                Side.SELL,
                OrderStatus.FILLED,
                parent_id=1000,
                filled_size=1,
                filled_ticks=ticks,
            )
        )
        scene.tell(scene.fill(order_id, order_id, Side.SELL, ticks, pnl="0"))
    scene.tell(scene.position(-1, 100_031))
    assert kinds(scene.said, ClosePosition)


def test_user_record_that_could_not_be_read_keeps_entries_out_until_rest_has_spoken():
    scene = Scene().connect()
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="side 7"))
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN
    scene.answer_snapshot(scene.snapshot())
    assert kinds(scene.signal(), PlaceEntry)


def test_market_record_that_could_not_be_read_changes_nothing():
    scene = Scene().connect()
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.MARKET, why="nonsense"))
    assert kinds(scene.signal(), PlaceEntry)


def test_look_during_which_a_record_was_skipped_is_taken_again():
    scene = Scene()
    for hub in Hub:
        scene.tell(HubUp(at=scene.now, hub=hub))
    asked = scene.asked()
    scene.tell(RecordSkipped(at=scene.now, hub=Hub.USER, why="side 7"))
    scene.price(100_000, 100_001)
    scene.tell(SnapshotTaken(at=scene.now, request=asked.request, snapshot=scene.snapshot()))
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN


def test_refusal_that_only_a_person_can_mend_halts_the_day_at_once():
    scene = Scene().connect()
    entry = next(c for c in scene.signal() if isinstance(c, PlaceEntry))
    refused = PlaceRefused(
        at=scene.now, tag=entry.tag, code_name="OrderRejected", text="no", remedy="switch it"
    )
    commands = scene.tell(refused)
    assert [c.reason for c in kinds(commands, Halt)] == ["the venue takes no entry: switch it"]


def test_depth_moves_nothing_but_is_seen_by_the_strategy():
    scene = Scene().connect()
    scene.strategy.side = Side.BUY
    level = DepthLevel(
        at=scene.now,
        happened_at=scene.now,
        contract_id=MNQ.id,
        kind=DepthKind.ASK,
        price_ticks=100_001,
        size=4,
    )
    assert kinds(scene.tell(level), PlaceEntry)


def test_session_of_a_halted_day_ends_at_once_with_proof_of_flat():
    scene = Scene(halt_reason="daily loss this morning")
    assert kinds(scene.pass_time(0.1), TakeSnapshot)
    scene.connect()
    assert scene.engine.is_over
    assert scene.engine.ending == "daily loss this morning"
    assert not kinds(scene.said, PlaceEntry)


def test_session_of_a_halted_day_flattens_what_it_finds():
    scene = Scene(halt_reason="daily loss this morning")
    held = scene.snapshot(positions=(scene.position(1, 100_001).position,))
    scene.connect(held)
    scene.pass_time(0.5)
    scene.answer_snapshot(held)
    assert kinds(scene.said, ClosePosition)
    assert not scene.engine.is_over


def test_kill_switch_flattens_and_ends():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(KillSwitchSeen(at=scene.now, reason="news"))
    assert kinds(commands, ClosePosition)
    answer_all(scene, commands)
    see_flat_twice(scene)
    assert scene.engine.is_over


def test_kill_switch_for_entries_only_keeps_the_position_and_denies_entries():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(KillSwitchSeen(at=scene.now, reason="news", flattens=False))
    assert not kinds(commands, ClosePosition, CancelOrder)
    assert scene.engine.ending is None
    assert kinds(scene.signal(), Denied)[0].gate is Gate.KILL_SWITCH
    commands = scene.tell(KillSwitchSeen(at=scene.now, reason="worse", flattens=True))
    assert kinds(commands, ClosePosition)


def kill_for_entries(scene: Scene) -> None:
    scene.tell(KillSwitchSeen(at=scene.now, reason="news", flattens=False, resumes=False))


def test_released_kill_switch_keeps_entries_out_until_the_session_is_told_to_enter_again():
    scene = Scene().connect()
    kill_for_entries(scene)
    said = scene.tell(KillSwitchSeen(at=scene.now, reason=None, resumes=False, why="over (ann)"))
    (notice,) = kinds(said, Notice)
    assert notice.code == "kill_switch.released" and "over (ann)" in notice.text
    (denied,) = kinds(scene.signal(), Denied)
    assert denied.gate is Gate.KILL_SWITCH and "released" in denied.detail
    said = scene.tell(KillSwitchSeen(at=scene.now, reason=None, resumes=True))
    assert [n.code for n in kinds(said, Notice)] == ["kill_switch.resumed"]
    assert kinds(scene.signal(), PlaceEntry)


def test_kill_switch_released_and_resumed_at_once_says_so_and_lets_entries_in():
    scene = Scene().connect()
    kill_for_entries(scene)
    said = scene.tell(KillSwitchSeen(at=scene.now, reason=None, resumes=True))
    assert [n.code for n in kinds(said, Notice)] == ["kill_switch.resumed"]
    assert kinds(scene.signal(), PlaceEntry)


def test_kill_switch_that_is_engaged_again_after_a_release_is_told_again_and_flattens():
    scene = Scene().connect()
    scene.hold()
    kill_for_entries(scene)
    scene.tell(KillSwitchSeen(at=scene.now, reason=None, resumes=False))
    said = scene.tell(KillSwitchSeen(at=scene.now, reason="worse", resumes=False))
    assert "kill_switch" in [n.code for n in kinds(said, Notice)]
    assert kinds(said, ClosePosition)


def test_session_that_no_kill_switch_has_stopped_is_told_nothing_by_resume():
    scene = Scene().connect()
    assert not scene.tell(KillSwitchSeen(at=scene.now, reason=None, resumes=True))
    assert kinds(scene.signal(), PlaceEntry)


def leave(scene: Scene) -> list:
    return scene.tell(Asked(at=scene.now, ask=Ask.LEAVE, why="px down --leave"))


def held_and_protected(scene: Scene, entry, **changes):
    """As REST shows what `hold` made."""
    legs = tuple(o for o in scene.engine.state.book.alive_orders())
    fill = scene.fill(1, 1000, entry.side, 100_001, size=entry.size).fill
    whole = {"positions": (scene.position(1).position,), "orders": legs, "fills": (fill,)}
    return scene.snapshot(**whole | changes)


def test_session_asked_to_leave_looks_first_and_ends_and_sends_nothing_when_protected():
    scene = Scene().connect()
    entry = scene.hold()
    assert kinds(leave(scene), TakeSnapshot) and not scene.engine.is_over
    commands = scene.answer_snapshot(held_and_protected(scene, entry))
    assert not kinds(scene.said, ClosePosition, CancelOrder)
    assert kinds(commands, EndSession)
    assert scene.engine.is_over and scene.engine.is_left


def test_session_asked_to_leave_when_flat_looks_ends_and_sends_nothing():
    scene = Scene().connect()
    leave(scene)
    scene.answer_snapshot(scene.snapshot())
    assert scene.engine.is_over and scene.engine.is_left
    assert not kinds(scene.said, ClosePosition, CancelOrder)


@pytest.mark.parametrize("gone", ["orders", "positions", "fills"])
def test_session_that_a_fresh_look_does_not_show_protected_flattens_when_asked_to_leave(gone):
    scene = Scene().connect()
    entry = scene.hold()
    scene.pass_time(1)
    leave(scene)
    scene.answer_snapshot(held_and_protected(scene, entry, **{gone: ()}))
    assert not scene.engine.is_left and scene.engine.flattener is not None


def test_session_asked_to_leave_looks_again_where_a_look_may_be_older_than_the_last_report():
    scene = Scene().connect()
    entry = scene.hold()
    leave(scene)
    scene.answer_snapshot(scene.snapshot())
    assert not scene.engine.is_over and scene.engine.flattener is None

    assert not kinds(scene.pass_time(0.4), TakeSnapshot)
    assert kinds(scene.pass_time(0.7), TakeSnapshot)
    scene.answer_snapshot(held_and_protected(scene, entry))
    assert scene.engine.is_left


def test_session_asked_to_leave_before_its_first_look_takes_one():
    scene = Scene()
    assert not scene.engine.is_over
    leave(scene)
    fill = scene.fill(1, 70, Side.BUY, 100_001).fill
    scene.answer_snapshot(scene.snapshot(positions=(scene.position(1).position,), fills=(fill,)))
    assert not scene.engine.is_left and scene.engine.flattener is not None


def test_session_asked_to_leave_without_a_look_in_time_flattens():
    scene = Scene().connect()
    scene.hold()
    leave(scene)
    scene.tell(SnapshotFailed(at=scene.now, request=scene.asked().request, why="away"))
    for _ in range(5):
        assert scene.engine.flattener is None
        scene.pass_time(2.1)
    assert scene.engine.flattener is not None and not scene.engine.is_left


def test_look_during_which_something_moved_lets_no_session_leave():
    scene = Scene().connect()
    entry = scene.hold()
    leave(scene)
    before = scene.asked()
    scene.tell(scene.position(1))
    scene.tell(
        SnapshotTaken(
            at=scene.now, request=before.request, snapshot=held_and_protected(scene, entry)
        )
    )
    assert not scene.engine.is_over
    scene.answer_snapshot(held_and_protected(scene, entry))
    assert scene.engine.is_left


def test_session_asked_to_leave_flattens_where_a_second_stop_is_alive():
    """The venue's own in Position Brackets mode, say: it would open what the first has closed."""
    scene = Scene().connect()
    entry = scene.hold()
    second = scene.order(
        1900, OrderType.STOP, entry.side.opposite, OrderStatus.OPEN, stop_ticks=99_961
    )
    leave(scene)
    whole = held_and_protected(scene, entry)
    scene.answer_snapshot(replace(whole, orders=(*whole.orders, second.order)))
    assert not scene.engine.is_left
    assert kinds(scene.said, ClosePosition)


def test_nothing_is_entered_while_a_session_looks_whether_it_may_leave():
    scene = Scene().connect()
    leave(scene)
    assert not kinds(scene.signal(), PlaceEntry)


def test_session_asked_to_leave_with_an_entry_under_way_flattens():
    scene = Scene().connect()
    scene.enter()
    scene.tell(Asked(at=scene.now, ask=Ask.LEAVE, why="px down --leave"))
    assert not scene.engine.is_over and not scene.engine.is_left
    assert scene.engine.flattener is not None


def test_pause_keeps_the_position_and_denies_entries_until_resumed():
    scene = Scene().connect()
    scene.tell(Asked(at=scene.now, ask=Ask.PAUSE, why="test"))
    assert denied(scene.signal()) is Gate.PAUSED
    scene.tell(Asked(at=scene.now, ask=Ask.RESUME, why="test"))
    assert kinds(scene.signal(), PlaceEntry)


def test_fault_of_the_shell_stops_entries_and_keeps_the_position_guarded():
    scene = Scene().connect()
    scene.hold()
    commands = scene.tell(ShellFault(at=scene.now, what="disk full"))
    assert kinds(commands, Halt) and not kinds(commands, ClosePosition)
    assert scene.engine.state.phase is Phase.PROTECTED


# -- connection ---------------------------------------------------------------------------------


def test_lost_hub_makes_state_unknown_until_both_are_up_and_a_clean_look_was_taken():
    scene = Scene().connect()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="reset"))
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN
    scene.answer_snapshot(scene.snapshot())
    assert kinds(scene.signal(), PlaceEntry)


def test_snapshot_during_which_something_moved_is_taken_again():
    scene = Scene()
    for hub in Hub:
        scene.tell(HubUp(at=scene.now, hub=hub))
    first = scene.asked().request
    scene.tell(scene.position(1))
    scene.answer_snapshot(scene.snapshot())
    assert scene.engine.resync.unknown_because is not None
    scene.pass_time(0.6)
    assert scene.asked().request != first


def test_position_found_after_a_reconnect_is_flattened_when_it_has_no_legs():
    scene = Scene().connect()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="reset"))
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    found = Position(
        id=9,
        account_id=ACCOUNT.id,
        contract_id=MNQ.id,
        size=2,
        average_price=MNQ.price(100_000),
        opened_at=scene.now,
    )
    scene.answer_snapshot(scene.snapshot(positions=(found,)))
    assert scene.engine.state.phase is Phase.UNPROTECTED
    assert kinds(scene.pass_time(5.1), ClosePosition)


def test_position_is_flattened_when_a_hub_stays_away():
    scene = Scene().connect()
    scene.hold()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="reset"))
    assert not kinds(scene.pass_time(29), ClosePosition)
    assert kinds(scene.pass_time(2), ClosePosition)


def test_accounts_of_the_position_that_stay_apart_are_settled_by_rest():
    scene = Scene().connect()
    scene.tell(scene.position(1))
    scene.tell(scene.position(0))
    scene.tell(scene.fill(3, 900, Side.BUY, 100_001))
    scene.tell(scene.order(900, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, filled_size=1))
    scene.tell(scene.order(901, OrderType.MARKET, Side.SELL, OrderStatus.FILLED, filled_size=1))
    assert scene.engine.state.phase is Phase.SETTLING
    asked = scene.asked().request
    scene.pass_time(2.1)
    assert scene.asked().request != asked


def test_lost_fills_of_a_round_are_fetched_by_rest_before_the_next_entry():
    scene = Scene().connect()
    entry = scene.enter()
    scene.tell(
        scene.order(
            1000,
            OrderType.MARKET,
            Side.BUY,
            OrderStatus.FILLED,
            tag=entry.tag,
            filled_size=1,
            filled_ticks=100_001,
        )
    )
    scene.tell(scene.position(1))
    scene.legs(entry)
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.FILLED,
            parent_id=1000,
            filled_size=1,
            filled_ticks=99_981,
        )
    )
    scene.tell(scene.position(0))
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.CANCELLED,
            parent_id=1000,
            tag=f"{entry.tag}-TP",
        )
    )
    assert scene.engine.state.phase is Phase.SETTLING
    scene.pass_time(2.1)
    fills = (
        scene.fill(1, 1000, Side.BUY, 100_001).fill,
        scene.fill(2, 1001, Side.SELL, 99_981, pnl="-10").fill,
    )
    scene.answer_snapshot(scene.snapshot(fills=fills))
    assert scene.engine.state.phase is Phase.FLAT
    assert scene.engine.state.book.realised_usd == Decimal("-11.22")
    assert denied(scene.signal()) is Gate.COOLDOWN


def test_lost_position_event_is_repaired_while_holding():
    scene = Scene().connect()
    entry = scene.enter()
    scene.tell(
        scene.order(
            1000,
            OrderType.MARKET,
            Side.BUY,
            OrderStatus.FILLED,
            tag=entry.tag,
            filled_size=1,
            filled_ticks=100_001,
        )
    )
    scene.tell(scene.fill(1, 1000, Side.BUY, 100_001))
    scene.legs(entry)
    asked = scene.asked().request
    scene.pass_time(1)
    scene.pass_time(2.1)
    assert scene.asked().request != asked


def test_snapshot_that_contradicts_itself_is_taken_but_not_for_known():
    scene = Scene()
    for hub in Hub:
        scene.tell(HubUp(at=scene.now, hub=hub))
    lagging = scene.fill(1, 900, Side.BUY, 100_000).fill
    scene.answer_snapshot(scene.snapshot(fills=(lagging,)))
    scene.price(100_000, 100_001)
    assert denied(scene.signal()) is Gate.STATE_UNKNOWN
    asked = scene.asked().request
    scene.pass_time(0.6)
    assert scene.asked().request != asked


def test_hub_blip_during_an_entry_does_not_halt_the_day_after_a_normal_exit():
    scene = Scene().connect()
    entry = scene.enter()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="blip"))
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    legs = (
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.OPEN,
            tag=f"{entry.tag}-SL",
            parent_id=1000,
            stop_ticks=99_981,
        ).order,
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.OPEN,
            tag=f"{entry.tag}-TP",
            parent_id=1000,
            limit_ticks=100_031,
        ).order,
    )
    fills = (scene.fill(1, 1000, Side.BUY, 100_001).fill,)
    scene.answer_snapshot(
        scene.snapshot(orders=legs, positions=(scene.position(1).position,), fills=fills)
    )
    assert scene.engine.state.phase is Phase.PROTECTED
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            parent_id=1000,
            tag=f"{entry.tag}-TP",
            filled_size=1,
            filled_ticks=100_031,
        )
    )
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.CANCELLED,
            parent_id=1000,
            tag=f"{entry.tag}-SL",
        )
    )
    scene.pass_time(8)
    assert not kinds(scene.said, Halt) and scene.engine.state.phase is Phase.FLAT


# -- users' code --------------------------------------------------------------------------------


class Broken:
    name = "broken"

    def on_event(self, event, view):
        raise ZeroDivisionError("user code")


def test_strategy_that_raises_is_contained_counted_and_halts_the_session():
    scene = Scene()
    scene.strategy.follow(Broken())
    scene.connect()
    halts = kinds(scene.said, Halt)
    assert len(halts) == 1 and "broken" in halts[0].reason
    assert scene.engine.ending is not None


def test_shadow_ends_without_sending_anything():
    scene = Scene(sends_orders=False).connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(PlaceNotSent(at=scene.now, tag=entry.tag, why="shadow"))
    commands = scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="test"))
    assert kinds(commands, EndSession) and not kinds(commands, CancelOrder, ClosePosition)


class Says:
    """A strategy that says the same whatever happens."""

    name = "says"

    def __init__(self, what) -> None:
        self.what = what

    def on_event(self, event, view):
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param("buy", id="a word"),
        pytest.param(Enter(side="up", reason="x"), id="no side"),
        pytest.param(Enter(side=Side.BUY, reason=None), id="no reason"),
        pytest.param(
            Enter(
                side=Side.BUY,
                reason="x",
                bracket=Bracket(stop_loss_ticks=20.5, take_profit_ticks=30),
            ),
            id="half ticks",
        ),
        pytest.param(ZeroDivisionError("x"), id="raises"),
    ],
)
def test_strategy_that_raises_or_talks_nonsense_enters_nothing_and_is_halted_in_the_end(nonsense):
    scene = Scene().connect()
    scene.strategy.follow(Says(nonsense))
    for _ in range(3):
        assert not kinds(scene.pass_time(0.1), PlaceEntry)
    assert scene.engine.ending == "strategy says failed repeatedly"
    assert [n.code for n in kinds(scene.said, Notice) if n.code == "strategy.error"] == [
        "strategy.error"
    ] * 3


def test_exit_signal_closes_the_position_and_its_bracket_and_the_session_goes_on():
    scene = Scene().connect()
    scene.hold()
    scene.strategy.follow(Says(Exit(reason="had enough")))
    commands = scene.pass_time(0.1)
    assert kinds(commands, ClosePosition)
    assert len(kinds(commands, CancelOrder)) == 2
    answer_all(scene, commands)
    scene.answer_snapshot(scene.snapshot())
    assert not scene.engine.is_over
    assert not kinds(scene.pass_time(0.1), ClosePosition)


class Waits:
    """Waits for the reason that it is given."""

    name = "waits"

    def __init__(self) -> None:
        self.reason = "the range is made"

    def on_event(self, event, view):
        return Wait(reason=self.reason)


def test_why_a_strategy_waits_is_said_when_it_is_new_and_once_a_minute_at_most():
    strategy = Waits()
    engine = Engine(CONFIG, strategy)

    def said(seconds: float) -> list[str]:
        commands = engine.step(ClockTick(at=OPEN + timedelta(seconds=seconds)))
        return [n.text for n in kinds(commands, Notice) if n.code == "strategy.waits"]

    assert said(0) == ["the range is made"]
    assert said(61) == []
    strategy.reason = "no breakout yet"
    assert said(62) == ["no breakout yet"]
    strategy.reason = "no breakout still"
    assert said(63) == []
    assert said(123) == ["no breakout still"]


def test_exit_signal_while_flat_does_nothing():
    scene = Scene().connect()
    scene.strategy.follow(Says(Exit(reason="x")))
    assert scene.pass_time(0.1) == []


def test_bracket_of_the_signal_takes_the_place_of_the_settings():
    scene = Scene().connect()
    wide = Bracket(stop_loss_ticks=44, take_profit_ticks=55)
    scene.strategy.follow(Says(Enter(side=Side.BUY, reason="x", bracket=wide)))
    entry = next(c for c in scene.pass_time(0.1) if isinstance(c, PlaceEntry))
    assert entry.bracket == wide


def test_worst_case_of_a_wider_bracket_is_held_against_the_headroom():
    scene = Scene().connect()  # 100 USD; a tick of MNQ is 0.50
    wide = Bracket(stop_loss_ticks=200, take_profit_ticks=55)
    scene.strategy.follow(Says(Enter(side=Side.BUY, reason="x", bracket=wide)))
    assert denied(scene.pass_time(0.1)) is Gate.LOSS_HEADROOM


@pytest.mark.parametrize(
    ("usd", "contracts"),
    # stop 20 ticks + 4 of slippage = 12.00 USD, costs 2 x 0.61 = 1.22: 13.22 USD a contract
    [("13.21", None), ("13.22", 1), ("27", 2), ("90", 2)],  # contracts_max is 2
)
def test_risk_per_trade_says_how_many_contracts(usd, contracts):
    scene = Scene(risk_usd_per_trade=Decimal(usd)).connect()
    placed = kinds(scene.signal(), PlaceEntry)
    assert [p.size for p in placed] == ([] if contracts is None else [contracts])


def test_position_whose_accounts_go_on_disagreeing_is_flattened_and_keeps_its_stop():
    scene = Scene().connect()
    scene.hold()
    scene.tell(scene.fill(9, 1000, Side.BUY, 100_001))
    while scene.engine.flattener is None:
        scene.pass_time(1.0)
        scene.price(100_000, 100_001)
        assert scene.now < OPEN + timedelta(seconds=LIMITS.blind_limit_s + 9)
    assert kinds(scene.said, ClosePosition) and not kinds(scene.said, CancelOrder)
