"""The session's part of the hand-shake with a paper market: what waits, and in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from waiting import until

from pxcore.engine.events import ClockTick, Event, Hub, HubDown, HubUp
from pxcore.gateway.hubs.websocket import HubLost
from pxcore.model import MarketTrade, Quote
from pxcore.session.inbox import Inbox
from pxcore.session.paper_link import PaperLink

AT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


class Connection:
    """A hub's connection that notes what is called over it; `refusal` is how it answers."""

    def __init__(self, refusal: str | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.refusal = refusal
        self.is_lost = False
        self.lost = self

    def is_set(self) -> bool:
        return self.is_lost

    def call(self, method: str, *given: object) -> None:
        self.calls.append((method, *given))
        if self.refusal is not None:
            raise HubLost(self.refusal)


class Scene:
    def __init__(self, connection: Connection | None = None) -> None:
        self.inbox = Inbox()
        self.link = PaperLink("S", self.inbox, bring_price=self.inbox.put)
        self.user, self.market = connection or Connection(), Connection()
        for hub, one in ((Hub.USER, self.user), (Hub.MARKET, self.market)):
            self.link.attach(hub, one)  # type: ignore[arg-type]

    def deliver(self, event: Event) -> None:
        is_price = isinstance(event, Quote | MarketTrade)
        (self.link.deliver_price if is_price else self.link.deliver)(event)

    def step(self, number: int, *hubs: Hub, at: datetime = AT) -> None:
        for hub in hubs or tuple(Hub):
            given = [msgspec.Raw(msgspec.json.encode(one)) for one in (number, at)]
            self.link.handlers(hub)["PaperStep"](given)

    def run_on(self) -> None:
        self.link.handlers(Hub.USER)["PaperRuns"]([])

    def taken(self) -> list[Event]:
        events = []
        while not self.inbox.is_empty:
            queued = self.inbox.take()
            assert queued is not None
            events.append(queued.event)
        return events


def quote(ticks: int) -> Quote:
    return Quote(
        at=AT,
        happened_at=AT,
        contract_id="C",
        bid_ticks=ticks,
        ask_ticks=ticks + 1,
        last_ticks=None,
    )


def trade(ticks: int) -> MarketTrade:
    return MarketTrade(at=AT, happened_at=AT, contract_id="C", price_ticks=ticks, size=1)


UP = HubUp(at=AT, hub=Hub.USER)  # stands for what the user hub tells
TICK = ClockTick(at=AT)


def test_session_attaches_to_both_hubs() -> None:
    scene = Scene()
    assert scene.user.calls == scene.market.calls == [("PaperAttach", "S")]


def test_events_go_through_at_once_while_the_market_runs_freely() -> None:
    scene = Scene()
    for event in (quote(1), UP, trade(2)):
        scene.deliver(event)
    assert scene.taken() == [quote(1), UP, trade(2)]
    assert not scene.link.is_stepping


@pytest.mark.parametrize("order", [(Hub.USER, Hub.MARKET), (Hub.MARKET, Hub.USER)])
def test_step_is_given_whole_once_both_hubs_have_told_of_it(order: tuple[Hub, Hub]) -> None:
    scene = Scene()
    scene.step(1)
    assert scene.taken() == [TICK]
    for event in (UP, quote(1), trade(2)):
        scene.deliver(event)
    end = AT + timedelta(seconds=1)
    scene.step(2, order[0], at=end)
    assert scene.taken() == []
    scene.step(2, order[1], at=end)
    told = [replace(event, at=end) for event in (quote(1), trade(2), UP)]
    assert scene.taken() == [*told, ClockTick(at=end)]
    assert scene.link.is_stepping
    assert scene.inbox.is_lossless, "what is passed over must not hang on how fast we are"


def test_step_is_answered_once() -> None:
    scene = Scene()
    scene.link.quiet()
    scene.step(7)
    scene.link.quiet()
    scene.link.quiet()
    scene.step(8)
    scene.link.quiet()
    done = [("PaperDone", 7), ("PaperDone", 8)]
    until(lambda: scene.user.calls[1:] == done, what="both steps are answered")


def test_step_is_the_same_in_however_many_slices_it_was_played_and_read() -> None:
    """Each was stamped when it was read; all of it was learned of at the step's end."""
    given = []
    for stamps_ms in ((50, 50, 50), (10, 30, 50)):
        scene = Scene()
        scene.step(1)
        for ms, event in zip(stamps_ms, (quote(1), UP, trade(2)), strict=True):
            scene.deliver(replace(event, at=AT + timedelta(milliseconds=ms)))
        scene.step(2, at=AT + timedelta(milliseconds=50))
        given.append(scene.taken())
    assert given[0] == given[1]


def test_step_that_comes_between_the_look_and_the_answer_is_not_answered_unread() -> None:
    scene = Scene()
    scene.step(1, Hub.USER)

    def is_empty() -> bool:
        return scene.inbox.is_empty

    scene.deliver(quote(1))
    scene.step(1, Hub.MARKET)
    scene.link.quiet(is_empty)
    scene.link.leave()
    until(lambda: ("PaperLeave", "S") in scene.user.calls, what="all was said")
    assert ("PaperDone", 1) not in scene.user.calls


def test_readiness_that_may_not_have_been_heard_is_said_again_on_the_next_connection() -> None:
    scene = Scene()
    scene.user.refusal = "PaperReady was not completed within 5 s"
    scene.link.ready()
    until(lambda: ("PaperReady", "S") in scene.user.calls, what="it was tried")
    again = Connection()
    scene.link.attach(Hub.USER, again)  # type: ignore[arg-type]
    scene.link.ready()
    until(lambda: ("PaperReady", "S") in again.calls, what="it was said again")


def test_loss_of_a_hub_is_told_at_once_and_ends_the_steps() -> None:
    scene = Scene()
    scene.step(1)
    scene.taken()
    scene.deliver(UP)
    down = HubDown(at=AT, hub=Hub.MARKET, reason="gone")
    scene.deliver(down)
    assert scene.taken() == [UP, down]
    assert not scene.link.is_stepping


def test_readiness_is_said_once() -> None:
    scene = Scene()
    for _ in range(3):
        scene.link.ready()
    scene.step(1)
    scene.link.quiet()
    said = [("PaperReady", "S"), ("PaperDone", 1)]
    until(lambda: scene.user.calls[1:] == said, what="ready was said, and the step answered")


def test_readiness_waits_for_a_hub_to_say_it_to() -> None:
    inbox = Inbox()
    link = PaperLink("S", inbox, bring_price=inbox.put)
    link.ready()
    user = Connection()
    link.attach(Hub.USER, user)  # type: ignore[arg-type]
    link.ready()
    until(lambda: user.calls[1:] == [("PaperReady", "S")], what="ready was said")


@pytest.mark.parametrize("end", ["runs", "down", "leave"])
def test_nothing_is_held_back_once_the_steps_have_ended(end: str) -> None:
    scene = Scene()
    scene.step(1)
    scene.taken()
    scene.deliver(UP)
    scene.deliver(quote(1))
    down = HubDown(at=AT, hub=Hub.MARKET, reason="gone")
    if end == "runs":
        scene.run_on()
    elif end == "down":
        scene.deliver(down)
    else:
        scene.link.leave()
    scene.deliver(quote(2))
    assert [event for event in scene.taken() if event != down] == [quote(1), UP, quote(2)]
    assert not scene.link.is_stepping
    assert not scene.inbox.is_lossless
    scene.link.quiet()


def test_gateway_is_told_when_the_session_goes_on_by_rest_alone() -> None:
    scene = Scene()
    scene.link.leave()
    scene.link.leave()
    until(lambda: ("PaperLeave", "S") in scene.user.calls, what="it was told")


def test_time_is_our_own_again_when_no_step_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.step(1)
    assert scene.link.is_stepping
    scene.deliver(quote(1))
    monkeypatch.setattr("pxcore.session.paper_link._SILENT_S", -1.0)
    assert not scene.link.is_stepping
    assert scene.taken() == [TICK, quote(1)]


def test_gateway_without_the_hand_shake_is_traded_all_the_same() -> None:
    user = Connection("PaperAttach was refused: Unknown hub method 'PaperAttach'")
    scene = Scene(user)
    scene.link.ready()
    scene.deliver(quote(1))
    assert scene.taken() == [quote(1)]
    assert user.calls == [("PaperAttach", "S")]


def test_connection_that_is_lost_while_attaching_is_told_as_lost() -> None:
    lost = Connection("the connection is closed")
    lost.is_lost = True
    with pytest.raises(HubLost, match="the connection is closed"):
        Scene(lost)


def test_answer_that_is_not_heard_harms_nobody() -> None:
    scene = Scene()
    scene.user.refusal = "stopped"
    scene.step(1)
    scene.link.quiet()
    until(lambda: ("PaperDone", 1) in scene.user.calls, what="the step was answered")
    scene.user.refusal = None
    scene.step(2)
    scene.link.quiet()
    until(lambda: ("PaperDone", 2) in scene.user.calls, what="and the next one too")
