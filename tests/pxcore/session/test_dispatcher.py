"""The dispatcher: what is sent, what is not, and that an answer comes back either way."""

import queue
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from engine_scenes import MNQ
from patience import patience
from waiting import until

from pxcore.clock.clocks import WallClock
from pxcore.engine.commands import CancelOrder, ClosePosition, PlaceEntry, ResolveTag, TakeSnapshot
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    PlaceAccepted,
    PlaceNotSent,
    SendOutcome,
    SnapshotFailed,
    TagResolved,
)
from pxcore.gateway.rest.ready import Ready
from pxcore.gateway.wire import endpoints
from pxcore.gateway.wire.endpoints import Done, Placed
from pxcore.journal.rows import RowKind
from pxcore.journal.writer import Journal
from pxcore.model import (
    Bracket,
    Misconfigured,
    OutcomeUnknown,
    Position,
    Refused,
    Side,
    Unavailable,
)
from pxcore.session.dispatcher import _AT_ONCE_S, Dispatcher
from pxcore.session.inbox import Came
from pxcore.session.stamps import Stamps
from pxcore.venue.venue import Venue

STALE_S = patience(5)
ENTRY = PlaceEntry(
    tag="px-1",
    contract_id=MNQ.id,
    side=Side.BUY,
    size=1,
    bracket=Bracket(stop_loss_ticks=20, take_profit_ticks=30),
    reason="test",
)
CANCEL = CancelOrder(order_id=5, contract_id=MNQ.id)
CLOSE = ClosePosition(contract_id=MNQ.id)
HELD = Position(
    id=1,
    account_id=7,
    contract_id=MNQ.id,
    size=1,
    average_price=Decimal(25000),
    opened_at=WallClock().now(),
)


def stamps() -> Stamps:
    return Stamps(Came(0, 1000, 2000), 3000)


WHAT = {endpoints.PLACE: "place", endpoints.CANCEL: "cancel", endpoints.CLOSE: "close"}


@pytest.fixture(params=[False, True], ids=["by the worker", "at once"], autouse=True)
def leaves_at_once(request, monkeypatch):
    """Whatever holds of an instruction holds on both of its ways."""
    monkeypatch.setattr(Client, "is_ready", request.param)
    return request.param


class Client:
    """Takes every instruction, or raises `error`; keeps what it was asked, in order, and by which
    thread.
    """

    is_ready = False

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[str] = []
        self.senders: list[threading.Thread] = []
        self.readied = threading.Event()

    def _do(self, what: str) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    def instruct(self, outgoing):
        self.senders.append(threading.current_thread())
        self.asked.append(WHAT[outgoing.endpoint])
        return self._answer(outgoing)

    def at_once(self, outgoing):
        if not self.is_ready:
            return None

        def send():
            self.senders.append(threading.current_thread())
            self.asked.append(WHAT[outgoing.endpoint])
            return lambda: self._answer(outgoing)

        return Ready(send, lambda: None)

    def _answer(self, outgoing):
        if self.error is not None:
            raise self.error
        return Placed(order_id=1000) if outgoing.endpoint is endpoints.PLACE else Done()

    def snapshot(self, account_id, *, day_start, urgency):
        self._do(f"{urgency.value} snapshot")

    def alive_at_least(self, account_id):
        self._do("orders")
        return ()

    def held_at_least(self, account_id):
        self.asked.append("positions")
        return (HELD,)

    def fills_net(self, account_id, *, start):
        self._do("fills")
        return {}

    def keep_ready(self) -> bool:
        self.readied.set()
        return True


class Desk:
    def __init__(self, tmp_path: Path, client: Client, **more) -> None:
        self.events: queue.Queue = queue.Queue()
        self.crashes: list[BaseException] = []
        clock = WallClock()
        self.journal = Journal(tmp_path / "j.jsonl", on_fault=lambda what: None)
        self.dispatcher = Dispatcher(
            Venue(client, account_id=7, day_start=clock.now(), clock=clock),
            contract=MNQ,
            journal=self.journal,
            clock=clock,
            deliver=self.events.put,
            on_crash=self.crashes.append,
            **({"sends_orders": True, "stale_data_s": lambda: STALE_S} | more),
        )

    def instruct(self, instruction, *, age_s: float = 0.0):
        seq = self.journal.append(RowKind.COMMAND, instruction)
        decided_at = WallClock().now() - timedelta(seconds=age_s)
        self.dispatcher.instruct(instruction, seq, decided_at, stamps())
        return self.events.get(timeout=patience(5))


@pytest.fixture
def desk(tmp_path):
    made: list[Desk] = []

    def make(client: Client, **more) -> Desk:
        made.append(Desk(tmp_path, client, **more))
        return made[-1]

    yield make
    for one in made:
        one.dispatcher.stop(2.0)
        one.journal.close()


def test_what_leaving_at_once_needs_is_kept_ready_and_again_after_each_that_left(
    desk, leaves_at_once
):
    client = Client()
    made = desk(client, ready_every_s=3600.0)
    assert client.readied.wait(patience(5))
    client.readied.clear()
    assert isinstance(made.instruct(CLOSE), CloseAnswered)
    assert client.asked == ["close"]
    if leaves_at_once:
        assert client.readied.wait(patience(5))


def test_failure_to_keep_it_ready_harms_nothing_but_the_speed(desk):
    client = Client()
    failed = threading.Event()

    def keep_ready() -> bool:
        failed.set()
        raise KeyError("a bug")

    client.keep_ready = keep_ready
    made = desk(client, ready_every_s=0.001)
    assert failed.wait(patience(5))
    assert isinstance(made.instruct(CLOSE), CloseAnswered)
    assert made.crashes == []


def test_instruction_leaves_on_the_thread_that_decided_it_when_it_can(desk, leaves_at_once):
    client = Client()
    desk(client).instruct(ENTRY)
    assert (client.senders == [threading.current_thread()]) is leaves_at_once


def test_second_instruction_waits_for_the_answer_to_the_first(desk, leaves_at_once):
    client = SlowClient()
    made = desk(client)
    for one in (CLOSE, CANCEL):
        seq = made.journal.append(RowKind.COMMAND, one)
        made.dispatcher.instruct(one, seq, WallClock().now(), stamps())
    assert client.is_closing.wait(patience(5))
    assert client.asked == ["close"]
    client.may_go_on.set()
    assert isinstance(made.events.get(timeout=patience(5)), CloseAnswered)
    assert isinstance(made.events.get(timeout=patience(5)), CancelAnswered)
    assert client.asked == ["close", "cancel"]
    assert client.senders[1] is not threading.current_thread()


def test_disk_that_does_not_answer_holds_the_engine_for_milliseconds_only(desk, leaves_at_once):
    client = Client()
    made = desk(client)
    asked_for: list[tuple[bool, float]] = []
    here = threading.current_thread()

    def wait_written(seq: int, timeout_s: float) -> bool:
        asked_for.append((threading.current_thread() is here, timeout_s))
        return False

    made.journal.wait_written = wait_written
    made.journal.note_intent = lambda seq, command, at: False
    assert isinstance(made.instruct(ENTRY), PlaceNotSent)
    assert client.asked == []
    by_the_engine = [timeout_s for is_engine, timeout_s in asked_for if is_engine]
    assert by_the_engine == ([_AT_ONCE_S] if leaves_at_once else [])
    assert _AT_ONCE_S <= 0.01


@pytest.mark.parametrize(("is_urgent", "asked"), [(True, "urgent"), (False, "normal")])
def test_look_that_a_flatten_waits_for_may_use_the_reserve(desk, is_urgent, asked):
    client = Client(Unavailable("away"))
    made = desk(client)
    made.dispatcher.ask(TakeSnapshot(request=3, why="test", is_urgent=is_urgent))
    failed = made.events.get(timeout=patience(5))
    assert isinstance(failed, SnapshotFailed)
    assert client.asked[0] == f"{asked} snapshot"
    assert (failed.orders, failed.positions) == (None, (HELD,) if is_urgent else None)


def test_entry_is_sent_once_its_intent_is_written(desk):
    client = Client()
    answer = desk(client).instruct(ENTRY)
    assert isinstance(answer, PlaceAccepted) and answer.order_id == 1000
    assert client.asked == ["place"]


def test_entry_whose_intent_cannot_be_written_is_not_sent(desk, tmp_path):
    client = Client()
    made = desk(client)
    never_written = 99
    made.journal.wait_written = lambda seq, timeout_s: False  # a disk that does not answer
    made.journal.note_intent = lambda seq, command, at: False
    made.dispatcher.instruct(ENTRY, never_written, WallClock().now(), stamps())
    assert isinstance(made.events.get(timeout=patience(5)), PlaceNotSent)
    assert client.asked == []


def test_close_is_sent_even_when_nothing_can_be_written(desk):
    client = Client()
    made = desk(client)
    made.journal.wait_written = lambda seq, timeout_s: False
    made.dispatcher.instruct(CLOSE, 99, WallClock().now(), stamps())
    assert made.events.get(timeout=patience(5)).answer is SendOutcome.DONE
    assert client.asked == ["close"]


@pytest.mark.parametrize("instruction", [ENTRY, CANCEL, CLOSE], ids=["place", "cancel", "close"])
def test_shadow_sends_nothing_and_says_so(desk, instruction):
    client = Client()
    answer = desk(client, sends_orders=False).instruct(instruction)
    assert isinstance(answer, PlaceNotSent) or answer.answer is SendOutcome.NOT_SENT
    assert client.asked == []


class SlowClient(Client):
    """Its first close waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closing, self.may_go_on = threading.Event(), threading.Event()

    def _answer(self, outgoing):
        if outgoing.endpoint is endpoints.CLOSE:
            self.is_closing.set()
            assert self.may_go_on.wait(patience(5))
        return super()._answer(outgoing)


def test_entry_still_queued_is_not_sent_once_the_session_has_decided_to_leave(desk):
    client = SlowClient()
    made = desk(client)
    for one in (CLOSE, ENTRY):
        seq = made.journal.append(RowKind.COMMAND, one)
        made.dispatcher.instruct(one, seq, WallClock().now(), stamps())
    assert client.is_closing.wait(patience(5))
    leaving = threading.Thread(target=made.dispatcher.abandon, args=(patience(5),))
    leaving.start()
    until(lambda: not made.dispatcher._sends_orders)
    client.may_go_on.set()
    leaving.join(patience(5))
    assert client.asked == ["close"]
    assert isinstance(made.events.get(timeout=patience(5)), CloseAnswered)
    assert isinstance(made.events.get(timeout=patience(5)), PlaceNotSent)


ANSWERS = [
    pytest.param(
        Refused("x", code=2, code_name="OrderNotFound"), CANCEL, SendOutcome.GONE, id="gone"
    ),
    pytest.param(
        Refused("x", code=3, code_name="Rejected"), CANCEL, SendOutcome.REFUSED, id="refused"
    ),
    pytest.param(
        Refused("x", code=2, code_name="PositionNotFound"), CLOSE, SendOutcome.GONE, id="flat"
    ),
    pytest.param(Unavailable("x"), CLOSE, SendOutcome.NOT_SENT, id="not sent"),
    pytest.param(OutcomeUnknown("x"), CLOSE, SendOutcome.UNKNOWN, id="answer lost"),
]


@pytest.mark.parametrize(("error", "instruction", "answer"), ANSWERS)
def test_error_of_the_gateway_becomes_the_answer_that_the_engine_understands(
    desk, error, instruction, answer
):
    given = desk(Client(error)).instruct(instruction)
    assert isinstance(given, CancelAnswered | CloseAnswered) and given.answer is answer


def test_entry_that_cannot_be_built_was_not_sent(desk):
    assert isinstance(desk(Client(Misconfigured("bad bracket"))).instruct(ENTRY), PlaceNotSent)


def test_snapshot_that_fails_is_an_event_with_its_reason(desk):
    made = desk(Client(Unavailable("gone fishing")))
    made.dispatcher.ask(TakeSnapshot(request=3, why="test"))
    answer = made.events.get(timeout=patience(5))
    assert isinstance(answer, SnapshotFailed)
    assert (answer.request, answer.why) == (3, "gone fishing")


def test_worker_that_fails_tells_the_session_and_goes_on(desk):
    client = Client(KeyError("a bug"))
    made = desk(client)
    made.dispatcher.ask(TakeSnapshot(request=3, why="test"))
    made.dispatcher.ask(ResolveTag(tag="unused"))
    client.resolve = lambda account_id, tag, *, since: None
    assert isinstance(made.events.get(timeout=patience(5)), TagResolved)
    assert len(made.crashes) == 1


def test_entry_is_not_sent_once_entries_are_forbidden_but_a_close_is(desk):
    client = Client()
    made = desk(client)
    made.dispatcher.forbid_entries()
    assert isinstance(made.instruct(ENTRY), PlaceNotSent)
    assert made.instruct(CLOSE).answer is SendOutcome.DONE
    assert client.asked == ["close"]


def test_entry_that_was_decided_too_long_ago_is_not_sent_but_a_close_is(desk):
    client = Client()
    made = desk(client)
    late = made.instruct(ENTRY, age_s=2 * STALE_S)
    assert isinstance(late, PlaceNotSent)
    assert "stale data" in late.why
    assert made.instruct(CLOSE, age_s=2 * STALE_S).answer is SendOutcome.DONE
    assert isinstance(made.instruct(ENTRY, age_s=1), PlaceAccepted)
    assert client.asked == ["close", "place"]
