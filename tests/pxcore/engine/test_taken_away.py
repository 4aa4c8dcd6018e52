"""Somebody else closes what we hold, or locks the account: nothing more is opened that day."""

import pytest
from engine_scenes import ACCOUNT, MNQ, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import CancelOrder, ClosePosition, EndSession, Halt, PlaceEntry
from pxcore.engine.events import (
    AccountSeen,
    Ask,
    Asked,
    CancelAnswered,
    CloseAnswered,
    Hub,
    HubDown,
    HubUp,
    PlaceRefused,
    SendOutcome,
)
from pxcore.engine.phase import Phase
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


def test_closed_market_is_tried_once_when_the_rejected_row_comes_before_the_answer():
    """A refusal of that kind leaves a row: the stream tells of it, without a reason."""
    scene = Scene(venue_refusals_max=3)
    scene.connect()
    (entry,) = kinds(scene.signal(), PlaceEntry)
    scene.tell(scene.order(1000, OrderType.MARKET, Side.BUY, OrderStatus.REJECTED, tag=entry.tag))
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


def test_fill_alone_tells_where_the_report_of_its_order_was_lost():
    scene = Scene(loss_usd_max=10_000)
    scene.connect().hold()
    scene.tell(scene.fill(2, 2000, Side.SELL, 99_990, pnl="-5.50"))
    (halt,) = kinds(scene.said, Halt)
    assert "order 2000" in halt.reason


def test_order_that_still_fills_is_not_closed_beside():
    """Of two contracts one is gone: a close of ours might meet what closes the other."""
    scene = Scene(loss_usd_max=10_000, size=2)
    scene.connect().hold()
    scene.tell(scene.fill(2, 2000, Side.SELL, 99_990, pnl="-5.50"))
    assert not kinds(scene.said, Halt, ClosePosition)
    scene.tell(scene.fill(3, 2000, Side.SELL, 99_990, pnl="-5.50"))
    assert kinds(scene.said, Halt)


def test_look_tells_of_what_was_closed_while_we_were_not_connected():
    scene = Scene(loss_usd_max=10_000)
    scene.connect().hold()
    scene.tell(HubDown(at=scene.now, hub=Hub.USER, reason="test"))
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    opened = tuple(scene.engine.state.book.fills.values())
    closed = scene.fill(2, 2000, Side.SELL, 99_990, pnl="-5.50").fill
    scene.pass_time(0.1)
    scene.answer_snapshot(scene.snapshot(fills=(*opened, closed)))
    (halt,) = kinds(scene.said, Halt)
    assert "order 2000" in halt.reason
    assert not kinds(scene.signal(), PlaceEntry)


def test_lock_that_a_look_shows_which_is_passed_over_ends_the_day():
    """Something moved meanwhile: its positions may be old. That nobody may trade is not."""
    scene = Scene()
    scene.connect()
    scene.tell(HubUp(at=scene.now, hub=Hub.USER))
    scene.pass_time(0.1)
    scene.tell(scene.position(0))
    scene.answer_snapshot(scene.snapshot(account=LOCKED))
    assert kinds(scene.said, Halt)


def test_fill_of_an_order_that_may_be_a_leg_ends_no_day():
    """No leg was ever seen: it may be either of them."""
    scene = Scene(loss_usd_max=10_000)
    scene.connect()
    scene.fill_entry(scene.enter())
    scene.tell(scene.fill(2, 1001, Side.SELL, 99_981, pnl="-10.50"))
    assert not kinds(scene.said, Halt)


def test_fill_of_a_leg_whose_own_report_was_lost_ends_no_day():
    scene = Scene(loss_usd_max=10_000)
    scene.connect().hold()
    scene.tell(scene.fill(2, 1001, Side.SELL, 99_981, pnl="-10.50"))
    assert not kinds(scene.said, Halt)


# -- while we close ourselves ------------------------------------------------------------------


def flattening(*answers):
    """Held and protected; then somebody asks for a flatten, whose close is answered so."""
    scene = Scene(loss_usd_max=10_000).connect()
    scene.hold()
    said = scene.tell(Asked(at=scene.now, ask=Ask.FLATTEN, why="test"))
    for cancel in kinds(said, CancelOrder):
        scene.tell(CancelAnswered(at=scene.now, order_id=cancel.order_id, answer=SendOutcome.DONE))
    for answer in answers:
        scene.tell(CloseAnswered(at=scene.now, contract_id=MNQ.id, answer=answer))
    return scene


def proven(scene, *strange):
    """The venue lists the entry's fill and those of orders that no report named."""
    fills = [scene.engine.state.book.fills[1]]
    fills += [scene.fill(n, order_id, side, 99_990).fill for n, order_id, side in strange]
    for _ in range(4):
        scene.pass_time(2.0)
        scene.answer_snapshot(scene.snapshot(fills=tuple(fills)))
    assert scene.engine.flattener is None
    return [halt.reason for halt in kinds(scene.said, Halt)]


def test_close_of_ours_alone_is_no_reason_to_end_the_day():
    scene = flattening(SendOutcome.DONE)
    assert proven(scene, (2, 2000, Side.SELL)) == []
    scene.tell(Asked(at=scene.now, ask=Ask.RESUME, why="test"))
    scene.answer_snapshot(scene.snapshot(fills=tuple(scene.engine.state.book.fills.values())))
    assert not scene.engine.is_over


def test_close_that_found_nothing_because_somebody_was_quicker_ends_the_day():
    """As after a user hub that was away: our own flatten finds it done."""
    scene = flattening(SendOutcome.GONE)
    (why,) = proven(scene, (2, 2000, Side.SELL))
    assert "1 orders closed the position and only 0 were ours" in why
    assert scene.engine.is_over and not kinds(scene.signal(), PlaceEntry)


def test_two_closes_where_one_was_ours_end_the_day():
    """Both filled, and the third turned the account back to flat."""
    scene = flattening(SendOutcome.DONE)
    scene.pass_time(2.0)
    turned = scene.snapshot(positions=(scene.position(-1).position,))
    said = scene.answer_snapshot(turned)
    for _ in range(4):
        said += scene.pass_time(2.0)
        said += scene.answer_snapshot(turned)
        if kinds(said, ClosePosition):
            break
    scene.tell(CloseAnswered(at=scene.now, contract_id=MNQ.id, answer=SendOutcome.DONE))
    found = proven(scene, (2, 2000, Side.SELL), (3, 2001, Side.SELL), (4, 2002, Side.BUY))
    assert len(found) == 1 and "only 2 were ours" in found[0]


def test_answer_that_was_lost_may_have_been_our_close():
    assert proven(flattening(SendOutcome.UNKNOWN), (2, 2000, Side.SELL)) == []
