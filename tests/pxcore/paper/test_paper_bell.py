"""The hand-shake of a paper market that waits, over real sockets: who opens it, and its steps."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paper_scenes import ACCOUNT, MNQ, OPEN, after
from paper_server import Hub, entry
from waiting_market import Waiting

from pxcore.clock.published import ClockPace

STEP_MS = 50  # of the market, at speed 1
Start = Callable[..., Waiting]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *, goes_in_steps=False, speed=1.0: Waiting(
            stack, tmp_path, goes_in_steps=goes_in_steps, speed=speed
        )


def step_of(hub: Hub) -> tuple[int, datetime]:
    number, now = hub.event("PaperStep")
    return number, datetime.fromisoformat(now)


# -- who opens it -----------------------------------------------------------------------------


def test_market_stands_still_until_its_session_is_ready(start: Start) -> None:
    waiting = start()
    user, market = waiting.attached()
    assert (waiting.pace, waiting.now, waiting.published.now()) == ("waiting", OPEN, OPEN)
    assert "error" not in user.call("PaperReady", "S")
    assert waiting.pace == "running"
    market.event("GatewayQuote")
    assert waiting.now > OPEN


def test_readiness_of_another_session_opens_nothing(start: Start) -> None:
    waiting = start()
    user, _ = waiting.attached()
    assert "due to an error" in user.call("PaperReady", "another")["error"]
    assert waiting.pace == "waiting"


def test_whoever_only_looks_opens_nothing(start: Start) -> None:
    waiting = start()
    waiting.gateway.post("/api/Order/searchOpen", accountId=ACCOUNT)
    waiting.hub("user").call("SubscribeAccounts")
    assert waiting.pace == "waiting"


def test_client_of_another_kind_that_wants_market_data_opens_it(start: Start) -> None:
    waiting = start()
    hub = waiting.hub("market")
    hub.call("SubscribeContractQuotes", MNQ.id)
    hub.event("GatewayQuote")
    assert waiting.pace == "running"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/Order/place", entry()),
        ("/api/Order/cancel", {"accountId": ACCOUNT, "orderId": 1}),
        ("/api/Order/modify", {"accountId": ACCOUNT, "orderId": 1, "size": 1}),
        ("/api/Position/closeContract", {"accountId": ACCOUNT, "contractId": MNQ.id}),
    ],
)
def test_instruction_opens_it(start: Start, path: str, body: dict[str, Any]) -> None:
    waiting = start()
    waiting.gateway.post(path, **body)
    assert waiting.pace == "running"


def test_it_is_opened_by_hand(start: Start) -> None:
    waiting = start()
    assert waiting.gateway.post("/paper/open")[1]["pace"] == "running"


def test_session_that_attached_and_is_never_ready_is_not_waited_for_for_ever(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pxcore.paper.server.bell.READY_WITHIN_S", 0.0)
    waiting = start()
    _, market = waiting.attached()
    market.event("GatewayQuote")
    market.event("GatewayQuote")
    assert waiting.pace == "running"


def test_hand_shake_with_nonsense_is_refused(start: Start) -> None:
    waiting = start()
    user = waiting.hub("user")
    for method, *given in (
        ("PaperAttach",),
        ("PaperAttach", ""),
        ("PaperAttach", 7),
        ("PaperReady",),
        ("PaperReady", ""),
        ("PaperDone", "x"),
        ("PaperDone",),
    ):
        assert "due to an error" in user.call(method, *given)["error"], method
    assert "Unknown hub method" in waiting.hub("market").call("PaperReady", "S")["error"]
    assert waiting.pace == "waiting"


# -- in steps ---------------------------------------------------------------------------------


def test_next_step_begins_when_the_session_is_done_with_the_one_before(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    for number in range(1, 6):
        moment = after((number - 1) * STEP_MS)
        assert step_of(user) == step_of(market) == (number, moment)
        assert (waiting.pace, waiting.now) == ("stepping", moment)
        assert waiting.published.now() == moment
        user.call("PaperDone", number)


def test_steps_follow_each_other_without_anybody_looking_now_and_then(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pxcore.paper.server.bell._LOOK_EVERY_S", 10_000.0)
    waiting = start(goes_in_steps=True)
    user, _ = waiting.attached()
    user.call("PaperReady", "S")
    for number in range(1, 21):
        assert step_of(user)[0] == number
        user.call("PaperDone", number)


def test_step_brings_all_quotes_of_its_stretch_before_its_end(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    seen: list[str] = []
    for number in range(1, 4):
        while (record := market.receive()).get("target") != "PaperStep":
            if record.get("target") == "GatewayQuote":
                seen.append(record["arguments"][1]["lastUpdated"])
        step_of(user)
        user.call("PaperDone", number)
    moments = [datetime.fromisoformat(text) for text in seen]
    assert moments[-5:] == [after(20 * n) for n in range(1, 6)]


def test_what_an_order_leads_to_is_told_before_time_goes_on(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    number, moment = step_of(user)
    waiting.gateway.post("/api/Order/place", **entry())
    user.call("PaperDone", number)
    again, same = step_of(user)
    assert (again, same) == (number + 1, moment)
    user.call("PaperDone", again)
    assert step_of(user)[1] == moment + timedelta(milliseconds=STEP_MS)
    market.event("PaperStep")


def test_old_and_unknown_answers_begin_no_step(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, _ = waiting.attached()
    user.call("PaperReady", "S")
    assert step_of(user)[0] == 1
    for number in (0, 2, 99, -1):
        user.call("PaperDone", number)
    assert waiting.now == OPEN
    user.call("PaperDone", 1)
    assert step_of(user)[0] == 2
    user.call("PaperDone", 1)
    assert waiting.now == after(STEP_MS)


def test_slow_session_slows_the_clock_and_is_not_chased(start: Start) -> None:
    """The clock is ahead by minutes at once: the market goes on step by step all the same."""
    waiting = start(goes_in_steps=True, speed=20.0)
    user, _ = waiting.attached()
    user.call("PaperReady", "S")
    for number in range(1, 21):
        assert step_of(user) == (number, after((number - 1) * STEP_MS * 20))
        user.call("PaperDone", number)
    assert waiting.time.pace is ClockPace.STEPPING


def test_session_that_leaves_lets_the_market_run(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    step_of(market)
    user.socket.close()
    market.event("PaperRuns")
    market.event("GatewayQuote")
    assert waiting.pace == "running"


def test_session_that_goes_on_by_rest_alone_lets_the_market_run(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    step_of(user)
    assert "due to an error" in user.call("PaperLeave", "another")["error"]
    assert waiting.pace == "stepping"
    assert "error" not in user.call("PaperLeave", "S")
    market.event("PaperRuns")
    assert waiting.pace == "running"


def test_session_that_says_nothing_lets_the_market_run(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pxcore.paper.server.bell.DONE_WITHIN_S", 0.0)
    waiting = start(goes_in_steps=True)
    user, market = waiting.attached()
    user.call("PaperReady", "S")
    market.event("PaperRuns")
    user.event("PaperRuns")
    assert waiting.pace == "running"


def test_market_of_a_second_session_is_not_stopped_for_it(start: Start) -> None:
    waiting = start(goes_in_steps=True)
    first, _ = waiting.attached("first")
    first.call("PaperReady", "first")
    step_of(first)
    first.socket.close()
    waiting.gateway.wait_until(lambda venue: venue.time.pace is ClockPace.RUNNING)
    second, market = waiting.attached("second")
    assert "error" not in second.call("PaperReady", "second")
    market.event("GatewayQuote")
    assert waiting.pace == "running"
