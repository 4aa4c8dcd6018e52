"""A market that goes far faster than any machine can play it: it falls behind, nobody starves."""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator

import msgspec
import pytest
from paper_scenes import ACCOUNT, MNQ, printed, quote
from paper_server import CONTROL_KEY, Gateway, Hub, serving
from patience import patience
from waiting import until

from pxcore.paper.markets.market import MarketStep
from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.hub import USER_SUBJECTS, HubTiming, ServedConnection
from pxcore.paper.server.market_time import LAG_S_MAX

SPEED = 1000.0
A_MS = 1  # of the market, between two steps: a million steps a second, where ten thousand are many
TRADES = 15_000
FIRST = 100_000  # ticks: each trade is a tick above the one before


def dense_tape() -> Iterator[MarketStep]:
    yield quote(0, FIRST - 1, FIRST + 1)
    for number in itertools.count():
        yield printed(1 + A_MS * number, FIRST + number)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    config = ServerConfig(
        rest_limit=None,
        bars_limit=None,
        control_key=CONTROL_KEY,
        timing=HubTiming(queue_chars_max=1_000_000),
    )
    with serving(dense_tape(), config=config, speed=SPEED) as running:
        yield running.log_in()


class Reader(threading.Thread):
    """Notes the price of each trade, in ticks, until it has seen enough of them."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(daemon=True)
        self.ticks: list[int] = []
        self.hub = gateway.hub("market")
        self.hub.call("SubscribeContractTrades", MNQ.id)

    def run(self) -> None:
        while len(self.ticks) < TRADES:
            _, rows = self.hub.event("GatewayTrade")
            for row in rows if isinstance(rows, list) else [rows]:
                self.ticks.append(round(row["price"] / float(MNQ.tick_size)))
        self.hub.socket.close()


def test_every_client_gets_every_trade_in_order_rest_answers_and_a_stuck_client_is_dropped(
    gateway: Gateway,
) -> None:
    venue = gateway.venue
    assert venue is not None
    stuck = Hub(f"{gateway.sockets}/hubs/market?access_token={gateway.token}", receive_buffer=4096)
    stuck.send({"type": 1, "target": "SubscribeContractTrades", "arguments": [MNQ.id]})
    readers = [Reader(gateway), Reader(gateway)]
    for reader in readers:
        reader.start()
    lags, slowed = [], []
    while any(reader.is_alive() for reader in readers) or len(venue.broadcaster.market_clients) > 0:
        status, _ = gateway.post("/api/Position/searchOpen", accountId=ACCOUNT)
        assert status == 200
        clock = gateway.get("/paper/state")["clock"]
        lags.append(clock["lagSeconds"])
        slowed.append(clock["slowedSeconds"])
    for reader in readers:
        first = reader.ticks[0]
        assert reader.ticks == list(range(first, first + len(reader.ticks)))
    assert max(lags) <= LAG_S_MAX + 0.1 * patience(1), "bounded: the clock is slowed instead"
    assert slowed == sorted(slowed)
    assert slowed[-1] > 0
    stuck.socket.close_timeout = 0.1
    stuck.socket.close()


def test_client_that_reads_a_little_now_and_then_holds_the_market_up_for_a_while_only(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte a look keeps it from being stuck; it is dropped all the same."""
    monkeypatch.setattr("pxcore.paper.server.hub._STUCK_S", patience(60))
    monkeypatch.setattr("pxcore.paper.server.hub._TAKEN_WITHIN_STUCKS", 0.001)
    venue = gateway.venue
    assert venue is not None
    slow = Hub(f"{gateway.sockets}/hubs/market?access_token={gateway.token}", receive_buffer=4096)
    slow.send({"type": 1, "target": "SubscribeContractTrades", "arguments": [MNQ.id]})
    until(lambda: venue.broadcaster.market_clients, what="it is subscribed")
    until(lambda: not venue.broadcaster.market_clients, units=60, what="it is dropped")
    slow.socket.close_timeout = 0.1
    slow.socket.close()


def test_market_waits_for_nobody_who_has_only_answers_of_its_own_to_read() -> None:
    """A client that calls and calls, and reads just enough: nobody else may lose by that."""

    class Silent:
        client_state = None

    async def is_waited_for() -> bool:
        client = ServedConnection(Silent(), USER_SUBJECTS, HubTiming())  # type: ignore[arg-type]
        for number in range(20):
            call = {"type": 1, "target": "x" * 60_000, "invocationId": str(number)}
            client._is_greeted = True
            client._take(json.dumps(call))
        return client.is_catching_up

    assert not asyncio.run(is_waited_for())


def test_market_that_fell_behind_is_where_its_last_event_is(gateway: Gateway) -> None:
    """Nobody sees a time to which the market was not played: an order is filled at that time."""
    while not (state := gateway.get("/paper/state"))["clock"]["slowedSeconds"]:
        assert state["clock"]["lagSeconds"] > 0
    now = msgspec.convert(state["now"], type=type(gateway.clock.now()))
    assert now < gateway.clock.now()
