"""Flatten by REST alone against a desk whose questions and instructions fail in part."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from engine_scenes import ACCOUNT, MNQ, OPEN, Scene

from pxcore.config.settings import Settings
from pxcore.engine.commands import CancelOrder, ClosePosition, FlatProven, Notice
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
)
from pxcore.flatten.drive import NotFlat, flatten_account
from pxcore.flatten.record import FlattenRecord
from pxcore.journal.reader import decode_closing, decode_command, read_rows
from pxcore.journal.rows import RowKind
from pxcore.journal.verify import Soundness, verify
from pxcore.model import Order, OrderStatus, OrderType, Position, Side, Snapshot


class Clock:
    speed = 1.0

    def __init__(self) -> None:
        self.moment = OPEN

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Desk:
    """One contract held, some orders alive; what is done to it is kept in `sent`."""

    def __init__(self, orders: tuple[Order, ...] = (), *, held: int = 1) -> None:
        self.clock = Clock()
        self.alive = {order.id: order for order in orders}
        self.held = held
        self.cancel_s = 0.1
        self.is_cancel_lost = False
        self.blind_looks = 0
        self.are_orders_readable = True
        self.arrives_at: datetime | None = None
        self.sent: list[str] = []

    def instruct(self, instruction: CancelOrder | ClosePosition) -> CancelAnswered | CloseAnswered:
        if isinstance(instruction, CancelOrder):
            self.sent.append("cancel")
            self.clock.pass_time(self.cancel_s)
            answer = SendOutcome.UNKNOWN if self.is_cancel_lost else SendOutcome.DONE
            if not self.is_cancel_lost:
                self.alive.pop(instruction.order_id, None)
            return CancelAnswered(at=self.clock.now(), order_id=instruction.order_id, answer=answer)
        self.sent.append("close")
        self.held = 0
        return CloseAnswered(
            at=self.clock.now(), contract_id=instruction.contract_id, answer=SendOutcome.DONE
        )

    def ask(self, question) -> SnapshotTaken | SnapshotFailed:
        self.clock.pass_time(0.2)
        now = self.clock.now()
        if self.arrives_at is not None and now >= self.arrives_at:
            self.held, self.arrives_at = 1, None
        scene = Scene()
        position: Position = scene.position(self.held).position
        positions = (position,) if self.held else ()
        orders = tuple(self.alive.values())
        if self.blind_looks:
            self.blind_looks -= 1
            return SnapshotFailed(
                at=now,
                request=question.request,
                why="list fills: HTTP 500",
                orders=orders if self.are_orders_readable else None,
                positions=positions,
            )
        look = Snapshot(taken_at=now, account=ACCOUNT, orders=orders, positions=positions, fills=())
        return SnapshotTaken(at=now, request=question.request, snapshot=look)

    def flatten(self, **more: Any) -> Snapshot:
        with (
            tempfile.TemporaryDirectory() as folder,
            recording(Path(folder), say=lambda notice: pytest.fail(notice.text)) as record,
        ):
            return self.flatten_into(record, **more)

    def flatten_into(self, record: FlattenRecord, **more: Any) -> Snapshot:
        return flatten_account(
            self,
            clock=self.clock,
            reason="test",
            timeout_s=60.0,
            say=lambda notice: None,
            record=record,
            sleep=self.clock.pass_time,
            **more,
        )


class Lost:
    """Until that moment an order may still arrive, and the venue does not know it yet."""

    def __init__(self, clock: Clock, until: datetime) -> None:
        self.clock = clock
        self.until = until

    def may_arrive(self) -> bool:
        return self.clock.now() < self.until

    def look_up(self) -> bool:
        return self.may_arrive()


def recording(home: Path, *, say: Callable[[Notice], None]) -> FlattenRecord:
    return FlattenRecord(Settings(home=home), ACCOUNT.id, "test", say=say)


def order(number: int, kind: OrderType = OrderType.LIMIT) -> Order:
    return Scene().order(number, kind, Side.SELL, OrderStatus.OPEN).order


@pytest.mark.parametrize("are_orders_readable", [True, False])
def test_position_is_closed_though_the_fills_cannot_be_listed(are_orders_readable):
    desk = Desk()
    desk.blind_looks, desk.are_orders_readable = 10, are_orders_readable
    assert desk.flatten().is_flat
    assert desk.sent == ["close"]


def test_part_of_a_look_is_no_proof():
    desk = Desk(held=0)
    desk.blind_looks = 10_000
    with pytest.raises(NotFlat):
        desk.flatten()
    assert desk.sent == []


def test_taking_over_with_the_orders_unreadable_closes_once_and_not_again():
    desk = Desk()
    desk.blind_looks, desk.are_orders_readable = 10_000, False
    desk.instruct = lambda command: (
        desk.sent.append("close")
        or CloseAnswered(at=desk.clock.now(), contract_id=MNQ.id, answer=SendOutcome.UNKNOWN)
    )
    with pytest.raises(NotFlat):
        desk.flatten(is_taking_over=True)
    assert desk.sent == ["close"]


def test_cancels_that_hang_do_not_hold_the_close_back():
    desk = Desk(tuple(order(number) for number in range(1, 9)))
    desk.cancel_s, desk.is_cancel_lost = 8.0, True
    with pytest.raises(NotFlat):
        desk.flatten()
    assert desk.sent[:3] == ["cancel", "close", "cancel"]
    assert desk.held == 0


@pytest.mark.parametrize("held", [0, 1])
def test_market_order_that_stays_alive_is_cancelled_and_what_is_held_is_closed(held):
    desk = Desk((order(5, OrderType.MARKET),), held=held)
    assert desk.flatten().is_flat
    assert desk.sent == ["cancel", "close"][: held + 1]


def test_entry_that_may_still_arrive_is_waited_for_and_closed():
    desk = Desk(held=0)
    desk.arrives_at = OPEN + timedelta(seconds=6)
    until = OPEN + timedelta(seconds=20)
    proof = desk.flatten(is_taking_over=True, lost=Lost(desk.clock, until))
    assert desk.sent == ["close"]
    assert proof.is_flat and proof.taken_at > until


def test_what_a_flatten_sent_and_its_receipt_are_in_a_journal_of_its_own(tmp_path):
    desk = Desk((order(1),))
    with recording(tmp_path, say=lambda notice: pytest.fail(notice.text)) as record:
        desk.flatten_into(record)

    (path,) = (tmp_path / "journal").glob("flatten-*.jsonl")
    rows = list(read_rows(path))
    said = [decode_command(row) for row in rows if row.kind is RowKind.COMMAND]
    kinds = [type(command) for command in said]
    assert kinds.count(ClosePosition) == kinds.count(CancelOrder) == 1
    assert kinds[-1] is FlatProven
    closing = decode_closing(rows[-1])
    assert closing.is_flat and closing.reason == "test"
    assert verify(path).soundness is Soundness.SOUND


def test_flatten_goes_on_when_its_record_cannot_be_made(tmp_path):
    (tmp_path / "journal").write_text("a file where the folder should be")
    told: list[Notice] = []
    desk = Desk()
    with recording(tmp_path, say=told.append) as record:
        proof = desk.flatten_into(record)

    assert proof.is_flat and desk.sent == ["close"]
    assert [notice.code for notice in told] == ["flatten.unrecorded"]


def test_flatten_goes_on_when_nobody_can_be_told_that_it_has_no_record(tmp_path):
    def gone(notice: Notice) -> None:
        raise BrokenPipeError("the terminal has gone")

    (tmp_path / "journal").write_text("a file where the folder should be")
    desk = Desk()
    with recording(tmp_path, say=gone) as record:
        proof = desk.flatten_into(record)

    assert proof.is_flat and desk.sent == ["close"]


_LOOK_REQUESTS = 7  # of a look in part: account, orders twice; orders twice, positions, fills


@pytest.mark.parametrize("orders", [(), (order(1), order(2))], ids=["nothing alive", "two alive"])
@pytest.mark.parametrize("are_orders_readable", [True, False])
def test_looks_in_part_come_further_apart_and_leave_requests_for_closes(
    orders, are_orders_readable
):
    desk = Desk(orders, held=0)
    desk.blind_looks, desk.are_orders_readable = 10_000, are_orders_readable
    desk.is_cancel_lost = True
    looks: list[datetime] = []
    ask = desk.ask
    desk.ask = lambda look: looks.append(desk.clock.now()) or ask(look)  # type: ignore[method-assign]
    with pytest.raises(NotFlat, match="the last look: list fills: HTTP 500; look at the account"):
        desk.flatten()
    assert 160 - _LOOK_REQUESTS * len(looks) - len(desk.sent) > 0, "beside what is kept for closes"
    assert looks[-1] > looks[0] + timedelta(seconds=40), "it goes on trying"


def test_position_that_a_look_in_part_shows_late_is_closed_all_the_same():
    desk = Desk(held=0)
    desk.blind_looks = 10_000
    desk.arrives_at = OPEN + timedelta(seconds=25)
    with pytest.raises(NotFlat):
        desk.flatten()
    assert desk.sent == ["close"] and desk.held == 0
