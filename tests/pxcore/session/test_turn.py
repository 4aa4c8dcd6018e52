"""Whose turn it is at the engine: one at a time, nothing twice, nothing left lying."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from engine_scenes import MNQ, OPEN
from patience import patience
from waiting import until

from pxcore.engine.events import ClockTick, Event
from pxcore.model import MarketTrade, Quote
from pxcore.session import turn as turns
from pxcore.session.inbox import BEHIND, Came, Inbox
from pxcore.session.turn import EngineTurn

WAIT_S = patience(5)


def trade(number: int) -> MarketTrade:
    at = OPEN + timedelta(milliseconds=number)
    return MarketTrade(at=at, happened_at=at, contract_id=MNQ.id, price_ticks=number, size=1)


def quote(number: int) -> Quote:
    at = OPEN + timedelta(milliseconds=number)
    return Quote(at=at, happened_at=at, contract_id=MNQ.id, bid_ticks=number, ask_ticks=number + 1)


class Desk:
    """`act` is what a step does besides."""

    def __init__(self, act: Callable[[Event], None] = lambda event: None) -> None:
        self.inbox = Inbox()
        self.stepped: list[tuple[Event, threading.Thread]] = []
        self.crashes: list[BaseException] = []
        self.at_once = 0  # steps that are going on
        self._act = act
        self.turn = EngineTurn(self.inbox, self._step, on_crash=self.crashes.append)

    def _step(self, event: Event, came: Came) -> None:
        self.at_once += 1
        assert self.at_once == 1, "two at the engine"
        self._act(event)
        self.stepped.append((event, threading.current_thread()))
        self.at_once -= 1

    @property
    def events(self) -> list[Event]:
        return [event for event, _ in self.stepped]


def started(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def test_price_is_stepped_by_the_thread_that_read_it() -> None:
    desk = Desk()
    reader = started(lambda: desk.turn.bring_price(trade(1)))
    reader.join(WAIT_S)
    assert desk.stepped == [(trade(1), reader)]


def test_what_comes_while_another_has_the_turn_is_stepped_by_that_one() -> None:
    desk = Desk()
    with desk.turn.taken():
        started(lambda: desk.turn.bring_price(trade(1))).join(WAIT_S)
        assert desk.stepped == []
    assert desk.stepped == [(trade(1), threading.current_thread())]


def test_what_is_put_in_the_middle_of_a_step_comes_after_it() -> None:
    desk = Desk()

    def act(event: Event) -> None:
        if event == trade(1):
            desk.inbox.put(ClockTick(at=OPEN))
            desk.turn.work()  # its own turn: not to be had twice

    desk._act = act
    desk.turn.bring_price(trade(1))
    assert desk.events == [trade(1), ClockTick(at=trade(1).at)]


def test_many_threads_lose_nothing_and_each_ones_order_is_kept() -> None:
    desk = Desk()
    count, threads = 2000, 4

    def bring(first: int) -> None:
        for number in range(count):
            event = trade(first + number)
            if first:
                desk.inbox.put(event)
                desk.turn.work()
            else:
                desk.turn.bring_price(event)

    readers = [started(lambda first=n * 10_000: bring(first)) for n in range(threads)]
    for reader in readers:
        reader.join(WAIT_S)
    assert len(desk.stepped) == count * threads
    assert desk.inbox.is_empty
    for n in range(threads):
        own = [e.price_ticks for e in desk.events if e.price_ticks // 10_000 == n]  # type: ignore[union-attr]
        assert own == sorted(own) and len(own) == count


def test_step_that_fails_on_a_readers_thread_is_told_and_nothing_is_stepped_any_more() -> None:
    def fail(event: Event) -> None:
        raise KeyError("a bug")

    desk = Desk(fail)
    desk.turn.bring_price(trade(1))
    assert [str(error) for error in desk.crashes] == ["'a bug'"]
    assert desk.inbox.wait(WAIT_S)  # whoever waits was woken
    desk.turn.bring_price(trade(2))
    desk.turn.work()
    assert desk.stepped == [] and len(desk.crashes) == 1


def test_step_that_fails_on_the_loops_thread_is_the_loops() -> None:
    def fail(event: Event) -> None:
        raise KeyError("a bug")

    desk = Desk(fail)
    desk.inbox.put(trade(1))
    with pytest.raises(KeyError):
        desk.turn.work()
    assert desk.crashes == []
    with desk.turn.taken():  # it is free again
        assert True


def test_close_waits_for_the_step_that_is_going_on_and_lets_no_other_begin() -> None:
    is_in, may_go_on = threading.Event(), threading.Event()

    def act(event: Event) -> None:
        is_in.set()
        assert may_go_on.wait(WAIT_S)

    desk = Desk(act)
    reader = started(lambda: desk.turn.bring_price(trade(1)))
    assert is_in.wait(WAIT_S)
    desk.inbox.put(trade(2))
    closer = started(desk.turn.close)
    until(lambda: desk.turn._is_closed)
    may_go_on.set()
    closer.join(WAIT_S)
    reader.join(WAIT_S)
    desk.turn.bring_price(trade(3))
    desk.turn.work()
    assert desk.events == [trade(1)]


def test_strategy_that_hangs_does_not_hold_up_who_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_CLOSE_S", 0.05)
    is_in, may_go_on = threading.Event(), threading.Event()

    def act(event: Event) -> None:
        is_in.set()
        may_go_on.wait(WAIT_S)

    desk = Desk(act)
    reader = started(lambda: desk.turn.bring_price(trade(1)))
    assert is_in.wait(WAIT_S)
    desk.turn.close()
    assert desk.stepped == []
    may_go_on.set()
    reader.join(WAIT_S)


def test_of_many_that_arrive_together_old_quotes_are_passed_over_and_prints_never() -> None:
    desk = Desk()
    desk.turn.received()
    desk.turn.decoded(2 * BEHIND)
    for number in range(2 * BEHIND):
        desk.turn.bring_price(quote(number) if number % 2 else trade(number))
    assert desk.stepped == []
    desk.turn.delivered()
    prints = [event for event in desk.events if isinstance(event, MarketTrade)]
    assert prints == [trade(number) for number in range(0, 2 * BEHIND, 2)]
    assert desk.events[-1] == quote(2 * BEHIND - 1)
    assert desk.inbox.conflated_quotes == 2 * BEHIND - len(desk.events) > 0


def test_of_few_that_arrive_together_each_is_stepped_at_once() -> None:
    desk = Desk()
    desk.turn.received()
    desk.turn.decoded(3)
    for number in range(3):
        desk.turn.bring_price(quote(number))
        assert len(desk.stepped) == number + 1
    desk.turn.delivered()
    assert len(desk.stepped) == 3


def test_time_does_not_go_back_for_the_engine() -> None:
    desk = Desk()
    desk.turn.bring_price(trade(5))
    desk.turn.bring_price(trade(3))  # arrived before, and is judged after it
    desk.turn.bring_price(trade(7))
    assert [event.at for event in desk.events] == [trade(n).at for n in (5, 5, 7)]
    assert [event.price_ticks for event in desk.events] == [5, 3, 7]  # type: ignore[union-attr]


def test_clock_that_was_set_back_is_the_engines_to_judge() -> None:
    desk = Desk()
    for minutes in (60, 0, 1):
        desk.turn.bring_price(trade(minutes * 60_000))
    assert [event.at for event in desk.events] == [trade(n * 60_000).at for n in (60, 0, 1)]
