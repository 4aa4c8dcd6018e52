"""The opening bell by itself, in a time that the test sets: sessions that come and go."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pxcore.clock.clocks import Clock
from pxcore.clock.published import ClockPace
from pxcore.paper.server.bell import Bell
from pxcore.paper.server.hub import END
from pxcore.paper.server.market_time import MarketTime

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LOOK_S = 0.25


class Wall:
    """The gateway's own clock, which a test may set, as NTP does."""

    speed = 1.0
    late_s = None

    def __init__(self) -> None:
        self.at = OPEN

    def now(self) -> datetime:
        return self.at

    def detached(self) -> Clock:
        return self


class Client:
    def __init__(self) -> None:
        self.told: list[str] = []

    def offer(self, record: str) -> None:
        self.told += [msgspec.json.decode(one)["target"] for one in record.split(END) if one]


class Scene:
    def __init__(self, *, goes_in_steps: bool) -> None:
        self.ours_s, self.wall = 1000.0, Wall()
        self.time = MarketTime(self.wall, start=OPEN, waits=True)
        self.bell = Bell(
            self.time,
            goes_in_steps=goes_in_steps,
            told=lambda: 0,
            again=lambda: None,
            now_s=lambda: self.ours_s,
        )

    def call(self, hub: str, client: Client, name: str, *given: object) -> str | None:
        return self.bell.calls(hub)[name.lower()](client, list(given))  # type: ignore[arg-type]

    def settle(self) -> None:
        self.time.played(self.time.wanted(), is_all=True)
        self.bell.settled(is_all=True)

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds / LOOK_S)):
            self.ours_s += LOOK_S
            self.wall.at += timedelta(seconds=LOOK_S)
            self.settle()

    def in_step(self) -> tuple[Client, Client]:
        """The user and the market hub of a session that was told of the first step."""
        user, market = Client(), Client()
        self.call("user", user, "PaperAttach", "first")
        self.call("market", market, "PaperAttach", "first")
        self.call("user", user, "PaperReady", "first")
        self.settle()
        assert user.told == market.told == ["PaperStep"]
        return user, market


@pytest.fixture
def steps() -> Scene:
    return Scene(goes_in_steps=True)


@pytest.fixture
def free() -> Scene:
    return Scene(goes_in_steps=False)


def test_session_whose_hub_comes_and_goes_is_waited_for_no_longer(free: Scene) -> None:
    """Its user hub is refused; its market hub is replaced again and again."""
    for _ in range(20):
        client = Client()
        free.call("market", client, "PaperAttach", "S")
        free.pass_time(30)
        free.bell.gone(client)  # type: ignore[arg-type]
        free.pass_time(1)
    assert free.time.pace is ClockPace.RUNNING


def test_session_that_loses_its_steps_to_another_is_told(steps: Scene) -> None:
    user, market = steps.in_step()
    steps.call("user", Client(), "PaperAttach", "second")
    steps.settle()
    assert user.told[-1] == market.told[-1] == "PaperRuns"


def test_hub_that_is_back_before_its_old_connection_is_gone_ends_the_steps(steps: Scene) -> None:
    """The session has thrown the step away when it lost the hub: it never answers it."""
    _, market = steps.in_step()
    steps.call("market", Client(), "PaperAttach", "first")
    steps.bell.gone(market)  # type: ignore[arg-type]
    steps.settle()
    assert steps.time.pace is ClockPace.RUNNING


def test_wall_clock_that_is_set_back_does_not_stop_a_market_that_runs(free: Scene) -> None:
    free.bell.open()
    free.pass_time(10)
    before = free.time.wanted()
    free.wall.at -= timedelta(hours=1)
    free.pass_time(60)
    assert free.time.wanted() - before > timedelta(seconds=55)


def test_wall_clock_that_is_set_back_does_not_stop_a_market_in_steps(steps: Scene) -> None:
    user, _ = steps.in_step()
    steps.call("user", user, "PaperDone", 1)
    steps.wall.at -= timedelta(hours=1)
    steps.settle()
    assert steps.bell.wait_s <= 1.05, "the next step is soon, not in an hour"
