"""The flatten machine by itself: when it acts again, and what it takes for proof."""

from datetime import timedelta

from engine_scenes import MNQ, OPEN, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import CancelOrder, ClosePosition, FlatProven, TakeSnapshot
from pxcore.engine.events import Answer, CancelAnswered, ClockTick, CloseAnswered, SnapshotTaken
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

    def answer(self, answer: Answer):
        return self.tell(CloseAnswered(at=self.now, contract_id=MNQ.id, answer=answer))

    def pass_time(self, seconds: float):
        self.now += timedelta(seconds=seconds)
        return self.tell(ClockTick(at=self.now))

    def look(self, size: int, orders=()):
        (*_, asked) = kinds(self.said, TakeSnapshot)
        positions = (self.scene.position(size).position,) if size else ()
        snapshot = self.scene.snapshot(positions=positions, orders=tuple(orders))
        return self.tell(SnapshotTaken(at=self.now, request=asked.request, snapshot=snapshot))


def test_round_whose_close_never_left_is_followed_by_the_next_after_one_look():
    flat = Flat()
    flat.answer(Answer.NOT_SENT)
    flat.pass_time(1.0)

    flat.look(1)

    assert flat.closes() == 2


def test_close_that_may_be_filling_is_looked_at_twice_before_it_is_sent_again():
    flat = Flat()
    flat.answer(Answer.DONE)
    flat.look(1)
    assert flat.closes() == 1
    flat.pass_time(1.0)
    flat.look(1)
    assert flat.closes() == 2


def test_flat_that_the_stream_does_not_believe_is_seen_twice_and_the_receipt_says_so():
    flat = Flat(stream_differs=lambda: ("+1 held",))
    flat.answer(Answer.DONE)

    assert not kinds(flat.look(0), FlatProven)
    flat.pass_time(2.0)
    (receipt,) = kinds(flat.look(0), FlatProven)

    assert receipt.stream_differs == ("+1 held",)


def test_flat_that_both_say_is_proven_by_one_look():
    flat = Flat()
    flat.answer(Answer.DONE)

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

    flat.tell(CancelAnswered(at=flat.now, order_id=72, answer=Answer.DONE))
    working = replace(leg, status=OrderStatus.OPEN)
    for _ in range(2):
        flat.pass_time(2.0)
        flat.look(1, (working,))
    sent = kinds(flat.said, ClosePosition, CancelOrder)
    assert [type(c) for c in sent[1:]] == [ClosePosition, CancelOrder]
    assert sent[-1].order_id == 71
