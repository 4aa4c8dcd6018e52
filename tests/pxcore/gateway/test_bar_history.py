"""Bars over a real socket, from a paper gateway that cuts without a word as the venue may."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from capped_bars import MINUTE, MINUTES, capped
from gateway_samples import MNQ as RAW_MNQ
from paper_scenes import ACCOUNT, MNQ, OPEN
from paper_server import entry
from patience import patience
from raw_http import RawHttp, bad, good

from pxcore.clock.clocks import WallClock
from pxcore.gateway.rest import Budget, GatewayClient
from pxcore.gateway.rest.budget import ALLOWANCES, OwnLedger
from pxcore.gateway.wire.endpoints import Lane
from pxcore.model import BarUnit, Refused
from pxcore.paper.faults.wire import ListWithheld

BARS = "/api/History/retrieveBars"


class Wall:
    """Seconds that only a sleep moves."""

    def __init__(self) -> None:
        self.now, self.slept = 1_000_000.0, 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


@contextmanager
def client_of(url: str, wall: Wall | None = None) -> Iterator[GatewayClient]:
    wall = wall or Wall()
    client = GatewayClient(
        base_url=url,
        username="trader01",
        api_key="key",
        connect_timeout_s=patience(2),
        reply_timeout_s=patience(5),
        clock=WallClock(),
        budget=Budget(OwnLedger(), now=wall),
        sleep=wall.sleep,
    )
    try:
        yield client
    finally:
        client.close()


def all_minutes(client: GatewayClient) -> int:
    """How many came: all there are, each once, in their order."""
    history = client.bar_history(
        MNQ,
        unit=BarUnit.MINUTE,
        unit_number=1,
        start=MINUTES[0].opened_at - timedelta(days=40),
        end=MINUTES[-1].opened_at,
    )
    is_right = list(history.bars) == MINUTES[-len(history.bars) :]  # no list in a complaint
    assert is_right
    return len(history.bars)


def test_one_question_is_cut_without_a_word_at_the_gateways_own_bound() -> None:
    with capped(bars_max=1_000) as gateway, client_of(gateway.url) as client:
        page = client.bars(
            MNQ,
            unit=BarUnit.MINUTE,
            unit_number=1,
            start=MINUTES[0].opened_at,
            end=MINUTES[-1].opened_at,
        )
        is_newest = list(page) == MINUTES[-1_000:]
        assert is_newest


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param({"bars_max": 1_000}, id="1,000, newest first"),
        pytest.param({"bars_max": 1_000, "bars_order": "oldest first"}, id="oldest first"),
        pytest.param({"bars_max": 1_000, "bars_kept": "oldest"}, id="the oldest are kept"),
        pytest.param({"bars_max": 1_380}, id="a whole day"),
        pytest.param({}, id="20,000"),
    ],
)
def test_all_minutes_come_whatever_the_gateway_gives_at_once(dialect: dict[str, object]) -> None:
    with capped(**dialect) as gateway, client_of(gateway.url) as client:
        assert all_minutes(client) == len(MINUTES)


def test_pages_that_come_empty_now_and_then_lose_nothing() -> None:
    with capped(bars_max=1_000) as gateway, client_of(gateway.url) as client:
        assert gateway.venue is not None
        gateway.venue.arm(ListWithheld(path=BARS, count=2, skip=2), OPEN)
        assert all_minutes(client) == len(MINUTES)


def test_download_waits_until_requests_are_free_and_goes_on(wall: Wall) -> None:
    """6,000 minutes of 100 a page are 60 requests, of which 50 may be made in 30 s."""
    with capped(bars_max=100) as gateway, client_of(gateway.url, wall) as client:
        assert gateway.venue is not None
        history = client.bar_history(
            MNQ,
            unit=BarUnit.MINUTE,
            unit_number=1,
            start=MINUTES[-6_000].opened_at,
            end=MINUTES[-1].opened_at,
        )
        is_all = list(history.bars) == MINUTES[-6_000:]
        assert is_all
        taken = ALLOWANCES[Lane.BARS]
        windows = history.requests // taken.requests
        assert windows >= 1 and wall.slept >= windows * taken.window_s


def test_gateway_that_refuses_so_many_at_once_is_asked_for_a_thousand() -> None:
    http = RawHttp()
    try:
        row = {"t": "2026-11-20T14:30:00Z", "o": 9, "h": 9, "l": 9, "c": 9, "v": 1}
        http.script(BARS, bad(4), good(bars=[row]))
        at = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
        with client_of(http.url) as client:
            history = client.bar_history(
                RAW_MNQ, unit=BarUnit.MINUTE, unit_number=1, start=at, end=at + MINUTE / 2
            )
            assert len(history.bars) == 1
            assert [one.body["limit"] for one in http.asked(BARS)] == [20_000, 1_000]
            http.script(BARS, bad(4))
            with pytest.raises(Refused):
                client.bar_history(RAW_MNQ, unit=BarUnit.MINUTE, unit_number=1, start=at, end=at)
            assert len(http.asked(BARS)) == 4
    finally:
        http.close()


def test_history_that_ends_after_a_hundred_rows_is_asked_for_until_it_is_whole() -> None:
    with capped(history_max=100) as gateway, client_of(gateway.url) as client:
        gateway.log_in()
        for number in range(120):  # off the grid: refused, and listed
            body = entry(f"run-{number}", type=1, limitPrice=25000.1)
            gateway.post("/api/Order/place", **body)
        listed = gateway.post(
            "/api/Order/search", accountId=ACCOUNT, startTimestamp=OPEN.isoformat()
        )[1]
        assert len(listed["orders"]) == 100
        orders = client.orders(ACCOUNT, start=OPEN - MINUTE)
        assert [order.tag for order in orders] == [f"run-{number}" for number in range(120)]
