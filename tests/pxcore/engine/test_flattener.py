"""The flatten machine by itself: when it acts again, and what it takes for proof."""

from datetime import timedelta

import pytest
from engine_scenes import MNQ, OPEN, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    FlatProven,
    Notice,
    TakeSnapshot,
)
from pxcore.engine.events import (
    Ask,
    Asked,
    CancelAnswered,
    ClockTick,
    CloseAnswered,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.engine.flatten import Flattener
from pxcore.model import OrderStatus, OrderType, Side


class Flat:
    """A flattener of one long contract, stepped by hand; `now` moves only when told."""

    def __init__(self, **options) -> None:
        numbers = iter(range(1, 100))
        self.now = OPEN
        self.scene = Scene()
        self.machine = Flattener(
            reason="test", number_request=lambda: next(numbers), round_s=16.0, **options
        )
        self.said = self.machine.begin(self.now, orders=(), held=[MNQ.id])

    def tell(self, event):
        commands = self.machine.step(event)
        self.said += commands
        return commands

    def closes(self) -> int:
        return len(kinds(self.said, ClosePosition))

    def answer(self, answer: SendOutcome):
        return self.tell(CloseAnswered(at=self.now, contract_id=MNQ.id, answer=answer))

    def pass_time(self, seconds: float):
        self.now += timedelta(seconds=seconds)
        return self.tell(ClockTick(at=self.now))

    def look(self, size: int, orders=(), *, net: int | None = None):
        """So many held, by the list of positions; the day's fills net to `net`, or to the same."""
        snapshot = self.seen(size, orders, net=size if net is None else net)
        return self.tell(SnapshotTaken(at=self.now, request=self.asked(), snapshot=snapshot))

    def seen(self, size: int, orders=(), *, net: int):
        positions = (self.scene.position(size).position,) if size else ()
        side = Side.BUY if net > 0 else Side.SELL
        fills = (self.scene.fill(1, 70, side, 100_001, size=abs(net)).fill,) if net else ()
        return self.scene.snapshot(positions=positions, orders=tuple(orders), fills=fills)

    def look_in_part(self, orders, positions=(), fills_net=None):
        failed = SnapshotFailed(
            at=self.now,
            request=self.asked(),
            why="fills",
            orders=None if orders is None else tuple(orders),
            positions=None if positions is None else tuple(positions),
            fills_net=fills_net,
        )
        return self.tell(failed)

    def asked(self) -> int:
        (*_, asked) = kinds(self.said, TakeSnapshot)
        return asked.request

    def legs(self):
        scene = self.scene
        return (
            scene.order(71, OrderType.STOP, Side.SELL, OrderStatus.OPEN, parent_id=70).order,
            scene.order(72, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, parent_id=70).order,
        )

    def cancelled(self) -> list[int]:
        return [c.order_id for c in kinds(self.said, CancelOrder)]


def test_round_whose_close_never_left_is_followed_by_the_next_after_one_look():
    flat = Flat()
    flat.answer(SendOutcome.NOT_SENT)
    flat.pass_time(1.0)

    flat.look(1)

    assert flat.closes() == 2


def test_close_that_may_be_filling_is_looked_at_twice_before_it_is_sent_again():
    flat = Flat()
    flat.answer(SendOutcome.DONE)
    flat.look(1)
    assert flat.closes() == 1
    flat.pass_time(1.0)
    flat.look(1)
    assert flat.closes() == 2


@pytest.mark.parametrize("answer", [SendOutcome.NOT_SENT, SendOutcome.REFUSED, SendOutcome.GONE])
def test_close_that_had_no_effect_is_sent_again_though_orders_cannot_be_read(answer):
    flat = Flat()
    held = flat.scene.position(1).position
    flat.answer(answer)
    for _ in range(3):
        flat.pass_time(3.0)
        flat.look_in_part(None, (held,))
    assert flat.closes() == 2


@pytest.mark.parametrize("answer", [SendOutcome.DONE, SendOutcome.UNKNOWN])
def test_close_that_may_fill_yet_is_not_sent_twice_while_orders_cannot_be_read(answer):
    flat = Flat()
    held = flat.scene.position(1).position
    flat.answer(answer)
    for _ in range(20):
        flat.pass_time(3.0)
        flat.look_in_part(None, (held,))
    assert flat.closes() == 1


def test_what_the_fills_come_to_is_closed_where_positions_cannot_be_read():
    flat = Flat()
    flat.answer(SendOutcome.NOT_SENT)
    for _ in range(2):
        flat.pass_time(3.0)
        flat.look_in_part((), None, fills_net={MNQ.id: 1})
    assert flat.closes() == 2

    flat.answer(SendOutcome.GONE)  # the venue knows better than the fills
    for _ in range(5):
        flat.pass_time(3.0)
        flat.look_in_part((), None, fills_net={MNQ.id: 1})
    assert flat.closes() == 2


def test_flat_that_the_stream_does_not_believe_is_seen_twice_and_the_receipt_says_so():
    flat = Flat(stream_differs=lambda: ("+1 held",))
    flat.answer(SendOutcome.DONE)

    assert not kinds(flat.look(0), FlatProven)
    flat.pass_time(2.0)
    (receipt,) = kinds(flat.look(0), FlatProven)

    assert receipt.stream_differs == ("+1 held",)


def test_flat_that_both_say_is_proven_by_one_look():
    flat = Flat()
    flat.answer(SendOutcome.DONE)

    (receipt,) = kinds(flat.look(0), FlatProven)

    assert receipt.stream_differs == ()


def test_legs_of_an_entry_that_is_still_filling_are_left_to_guard_it():
    flat = Flat(is_taking_over=True)
    scene = flat.scene
    entry = scene.order(70, OrderType.MARKET, Side.BUY, OrderStatus.PENDING).order
    leg = scene.order(71, OrderType.STOP, Side.SELL, OrderStatus.SUSPENDED, parent_id=70).order
    other = scene.order(72, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, limit_ticks=9).order
    flat.look(0, (entry, leg, other))
    flat.pass_time(2.0)
    flat.look(0, (entry, leg, other))
    assert [c.order_id for c in kinds(flat.said, CancelOrder)] == [72]

    flat.tell(CancelAnswered(at=flat.now, order_id=72, answer=SendOutcome.DONE))
    working = replace(leg, status=OrderStatus.OPEN)
    for _ in range(2):
        flat.pass_time(2.0)
        flat.look(1, (working,))
    sent = kinds(flat.said, ClosePosition, CancelOrder)
    assert [type(c) for c in sent[1:]] == [ClosePosition, CancelOrder]
    assert sent[-1].order_id == 71


@pytest.mark.parametrize(
    ("filled_each", "is_cancelled"),
    [pytest.param(0, True, id="stuck"), pytest.param(1, False, id="filling")],
)
def test_close_is_cancelled_when_it_has_stopped_filling_and_not_before(filled_each, is_cancelled):
    """It may be the venue's own, after which it takes none of ours."""
    flat = Flat()
    flat.answer(SendOutcome.DONE)
    for number in range(12):
        close = flat.scene.order(
            70,
            OrderType.MARKET,
            Side.SELL,
            OrderStatus.OPEN,
            size=20,
            filled_size=filled_each * number,
        ).order
        flat.look(20 - filled_each * number, (close,))
        flat.pass_time(6.0)
    assert bool(kinds(flat.said, CancelOrder)) is is_cancelled


# -- looks that contradict themselves -------------------------------------------------------------


def test_position_that_only_the_fills_know_is_closed_and_keeps_its_legs():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(0, flat.legs(), net=1)
        flat.pass_time(2.0)

    assert [c.contract_id for c in kinds(flat.said, ClosePosition)][-1] == MNQ.id
    assert flat.cancelled() == []
    (told,) = [n for n in kinds(flat.said, Notice) if n.code == "flatten.contradiction"]
    assert "fills of the day net 1, position is 0" in told.text


def test_legs_are_cancelled_and_flat_is_proven_once_fills_and_position_agree():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(0, flat.legs(), net=1)
        flat.pass_time(2.0)
    flat.answer(SendOutcome.DONE)
    for _ in range(2):
        flat.look(0, flat.legs())
        flat.pass_time(2.0)
    assert sorted(flat.cancelled()) == [71, 72]
    for number in (72, 71):
        flat.tell(CancelAnswered(at=flat.now, order_id=number, answer=SendOutcome.DONE))
    flat.look(0)
    assert flat.machine.proof is not None


def test_position_that_the_fills_do_not_know_is_closed_and_keeps_its_legs():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(1, flat.legs(), net=0)
        flat.pass_time(2.0)
    assert flat.closes() == 1 and flat.cancelled() == []


def test_fills_that_say_held_are_outweighed_by_the_venues_word_that_nothing_is_there_to_close():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(0, net=1)
        flat.pass_time(2.0)
    flat.answer(SendOutcome.GONE)
    assert not kinds(flat.look(0, net=1), FlatProven), "it is seen twice"
    flat.pass_time(1.1)
    assert kinds(flat.look(0, net=1), FlatProven)


def test_venues_word_that_nothing_is_there_does_not_outweigh_legs_that_are_alive():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(0, flat.legs(), net=1)
        flat.pass_time(2.0)
    flat.answer(SendOutcome.GONE)
    for _ in range(20):
        flat.look(0, flat.legs(), net=1)
        flat.pass_time(6.0)
        flat.answer(SendOutcome.GONE)
    assert flat.machine.proof is None and flat.cancelled() == []


def test_word_that_nothing_is_there_is_forgotten_when_a_fill_comes_after_it():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look(0, net=1)
        flat.pass_time(2.0)
    flat.answer(SendOutcome.GONE)
    closes = flat.closes()
    for _ in range(2):
        flat.look(0, net=2)
        flat.pass_time(2.0)
    assert flat.closes() == closes + 1 and flat.machine.proof is None


def test_legs_of_a_position_that_a_partial_look_does_not_list_are_not_cancelled():
    flat = Flat(is_taking_over=True)
    for _ in range(2):
        flat.look_in_part(flat.legs())
        flat.pass_time(2.0)
    assert flat.closes() == 1 and flat.cancelled() == []
    flat.answer(SendOutcome.GONE)
    for _ in range(2):
        flat.look_in_part(flat.legs())
        flat.pass_time(6.0)
    assert sorted(flat.cancelled()) == [71, 72], "the venue has said that nothing is held"


def test_flat_after_a_day_with_trades_is_seen_twice_apart():
    flat = Flat()
    flat.answer(SendOutcome.DONE)
    bought, sold = (flat.scene.fill(n, 70 + n, side, 9).fill for n, side in enumerate(Side))
    even = flat.scene.snapshot(fills=(bought, sold))

    def look():
        return flat.tell(SnapshotTaken(at=flat.now, request=flat.asked(), snapshot=even))

    assert not kinds(look(), FlatProven)
    flat.pass_time(0.5)
    assert flat.machine.proof is None
    flat.pass_time(0.6)
    assert kinds(look(), FlatProven)


def test_stop_of_a_book_that_is_not_settled_outlives_the_first_round():
    scene = Scene().connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    scene.legs(entry)
    scene.tell(scene.fill(9, 1000, Side.BUY, 100_001))
    said = scene.tell(Asked(at=scene.now, ask=Ask.FLATTEN, why="test"))
    assert kinds(said, ClosePosition) and not kinds(said, CancelOrder)


def test_stop_of_what_the_stream_holds_is_kept_from_a_look_that_may_be_older():
    flat = Flat(stream_holds=lambda: [MNQ.id])
    flat.answer(SendOutcome.DONE)
    flat.look(0, flat.legs())
    flat.pass_time(1.0)
    flat.look(0, flat.legs())

    assert flat.closes() == 2
    assert flat.cancelled() == []


def test_stop_goes_though_the_stream_holds_once_the_venue_has_nothing_to_close():
    flat = Flat(stream_holds=lambda: [MNQ.id])
    flat.answer(SendOutcome.GONE)
    flat.look(0, flat.legs())
    flat.pass_time(1.0)
    flat.look(0, flat.legs())

    assert flat.cancelled() == [72, 71]
