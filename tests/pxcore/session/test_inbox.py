"""The inbox: quotes may be passed over when the engine is behind, nothing else ever is."""

from datetime import timedelta

from engine_scenes import MNQ, OPEN
from patience import patience

from pxcore.engine.events import ClockTick
from pxcore.model import Quote
from pxcore.session.inbox import Inbox


def quote(number: int) -> Quote:
    at = OPEN + timedelta(milliseconds=number)
    return Quote(at=at, happened_at=at, contract_id=MNQ.id, bid_ticks=number, ask_ticks=number + 1)


def drain(inbox: Inbox) -> list:
    events = []
    while (queued := inbox.take()) is not None:
        events.append(queued.event)
    return events


def test_events_come_out_as_they_went_in():
    inbox = Inbox()
    put = [quote(1), ClockTick(at=OPEN), quote(2)]
    for event in put:
        inbox.put(event)
    assert drain(inbox) == put


def test_old_quotes_are_passed_over_when_behind_and_the_newest_never():
    inbox = Inbox()
    ticks = [ClockTick(at=OPEN + timedelta(seconds=n)) for n in range(500)]
    for number, tick in enumerate(ticks):
        inbox.put(quote(number))
        inbox.put(tick)
    events = drain(inbox)
    assert [e for e in events if isinstance(e, ClockTick)] == ticks
    quotes = [e for e in events if isinstance(e, Quote)]
    assert quotes[-1] == quote(499)
    assert inbox.conflated_quotes == 500 - len(quotes) > 0


def test_empty_inbox_says_so():
    inbox = Inbox()
    assert not inbox.wait(0.0)
    assert inbox.take() is None


def test_who_waits_is_woken_once_for_all_that_came():
    inbox = Inbox()
    for number in range(3):
        inbox.put(quote(number))
    assert inbox.wait(patience(5))
    assert drain(inbox) == [quote(0), quote(1), quote(2)]
    inbox.nudge()
    assert inbox.wait(patience(5))
    assert inbox.is_empty
