"""The two SignalR hubs of the paper gateway, over real sockets."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from paper_scenes import ACCOUNT, MNQ
from paper_server import Gateway, Hub, entry, fixed_tape, lively_tape, serving
from patience import patience
from signalrcore.hub_connection_builder import HubConnectionBuilder
from signalrcore.protocol.json_hub_protocol import JsonHubProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.hub import HubTiming


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with serving(fixed_tape()) as running:
        yield running.log_in()


@pytest.fixture(scope="module")
def lively() -> Iterator[Gateway]:
    """A moving market, for tests that place nothing."""
    with serving(lively_tape()) as running:
        yield running.log_in()


@pytest.mark.parametrize("version", [0, 1])
def test_handshake_is_answered_for_both_versions(lively: Gateway, version: int) -> None:
    hub = Hub(f"{lively.sockets}/hubs/user?access_token={lively.token}", version)
    assert hub.greeting == {}
    hub.socket.close()


def test_handshake_for_another_protocol_is_refused_and_closed(lively: Gateway) -> None:
    hub = Hub(f"{lively.sockets}/hubs/user?access_token={lively.token}", version=9)
    assert "not supported" in hub.greeting["error"]
    with pytest.raises(ConnectionClosed):
        hub.receive()


@pytest.mark.parametrize("version", [0, 1])
def test_negotiation_offers_web_sockets_and_its_connection_works(
    lively: Gateway, version: int
) -> None:
    status, answer = lively.post(f"/hubs/user/negotiate?negotiateVersion={version}")
    assert status == 200
    assert answer["availableTransports"] == [
        {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}
    ]
    assert ("connectionToken" in answer) is (version == 1)
    key = answer.get("connectionToken") or answer["connectionId"]
    hub = Hub(f"{lively.sockets}/hubs/user?id={key}&access_token={lively.token}")
    assert hub.call("SubscribeAccounts") == {"type": 3, "invocationId": "1", "result": 0}
    hub.socket.close()


def test_bad_token_is_401_on_negotiate_and_on_the_upgrade(lively: Gateway) -> None:
    path = "/hubs/user/negotiate?negotiateVersion=1&access_token=nonsense"
    status, _, headers = lively.send(path, b"", bearer="")
    assert status == 401 and 'error="invalid_token"' in headers["www-authenticate"]
    with pytest.raises(InvalidStatus) as raised:
        Hub(f"{lively.sockets}/hubs/user?access_token=nonsense")
    assert raised.value.response.status_code == 401
    assert "invalid_token" in raised.value.response.headers["www-authenticate"]


def test_unknown_method_and_unbindable_argument_complete_with_an_error(lively: Gateway) -> None:
    hub = lively.hub("user")
    assert hub.call("Dance")["error"] == "Unknown hub method 'Dance'"
    assert "Failed to invoke" in hub.call("SubscribeOrders", str(ACCOUNT))["error"]
    assert "Failed to invoke" in hub.call("SubscribeOrders")["error"]
    assert hub.call("SubscribeContractQuotes", MNQ.id)["error"].startswith("Unknown hub method")
    hub.socket.close()


def test_invocation_without_an_id_is_done_without_completion(lively: Gateway) -> None:
    hub = lively.hub("market")
    hub.send({"type": 1, "target": "SubscribeContractTrades", "arguments": [MNQ.id]})
    assert hub.receive()["target"] == "GatewayTrade"
    hub.socket.close()


def test_bracketed_entry_is_told_as_recorded(gateway: Gateway) -> None:
    hub = gateway.hub("user")
    hub.call("SubscribeAccounts")
    for method in ("SubscribeOrders", "SubscribePositions", "SubscribeTrades"):
        hub.call(method, ACCOUNT)
    _, placed = gateway.post("/api/Order/place", **entry())
    events = [hub.receive() for _ in range(9)]

    steps = [(e["target"][11:], e["arguments"][0]["data"].get("status")) for e in events]
    assert steps[:5] == [
        ("Order", 8),
        ("Order", 6),
        ("Order", 8),
        ("Order", 2),
        ("Trade", None),
    ]
    assert sorted(steps[5:7]) == [("Account", None), ("Position", None)]
    assert steps[7:] == [("Order", 1), ("Order", 1)]
    stop_loss = events[0]["arguments"][0]["data"]
    assert (stop_loss["trailDistance"], stop_loss["trailPrice"]) == (-40, -10)
    assert stop_loss["parentOrderId"] == placed["orderId"]
    assert "stopPrice" not in stop_loss and "limitPrice" not in stop_loss
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00", stop_loss["creationTimestamp"]
    )
    assert [e["arguments"][0]["action"] for e in events] == [1, 1, 1, 2, 0, 1, 1, 1, 1]
    trade = events[4]["arguments"][0]["data"]
    assert "profitAndLoss" not in trade and trade["commissions"] == 0.25
    hub.socket.close()


def test_closed_position_is_told_with_type_and_size_zero(gateway: Gateway) -> None:
    hub = gateway.hub("user")
    hub.call("SubscribePositions", ACCOUNT)
    body = entry() | {"stopLossBracket": None, "takeProfitBracket": None}
    gateway.post("/api/Order/place", **body)
    opened = hub.event("GatewayUserPosition")[0]
    gateway.post("/api/Position/closeContract", accountId=ACCOUNT, contractId=MNQ.id)
    closed = hub.event("GatewayUserPosition")[0]
    assert (opened["action"], opened["data"]["type"], opened["data"]["size"]) == (1, 1, 1)
    assert (closed["action"], closed["data"]["type"], closed["data"]["size"]) == (2, 0, 0)
    assert closed["data"]["id"] == opened["data"]["id"]
    assert closed["data"]["averagePrice"] == 25000.25
    hub.socket.close()


def test_subscriptions_belong_to_the_connection_and_end_when_asked(gateway: Gateway) -> None:
    listening, deaf = gateway.hub("user"), gateway.hub("user")
    listening.call("SubscribeOrders", ACCOUNT)
    deaf.call("SubscribeOrders", ACCOUNT)
    deaf.call("UnsubscribeOrders", ACCOUNT)
    gateway.post("/api/Order/place", **entry())
    listening.event("GatewayUserOrder")
    deaf.send({"type": 1, "invocationId": "x", "target": "SubscribeAccounts", "arguments": []})
    assert deaf.receive()["invocationId"] == "x"
    listening.socket.close()
    deaf.socket.close()


def test_quotes_are_partial_after_a_whole_first_one_and_merge_into_a_book(
    lively: Gateway,
) -> None:
    hub = lively.hub("market")
    hub.call("SubscribeContractQuotes", MNQ.id)
    contract_id, first = hub.event("GatewayQuote")
    assert contract_id == first["contract"] == MNQ.id
    assert first["symbol"] == "F.US.MNQ" and first["bestBid"] < first["bestAsk"]
    book: dict[str, Any] = dict(first)
    partial = False
    for _ in range(60):
        quote = hub.event("GatewayQuote")[1]
        partial = partial or "bestBid" not in quote or "bestAsk" not in quote
        book |= quote
        assert 0 < (book["bestAsk"] - book["bestBid"]) / 0.25 <= 3
    assert partial
    hub.socket.close()


def test_prints_come_as_arrays(lively: Gateway) -> None:
    hub = lively.hub("market")
    hub.call("SubscribeContractTrades", MNQ.id)
    contract_id, prints = hub.event("GatewayTrade")
    assert contract_id == MNQ.id
    (only,) = prints
    assert only["type"] in (0, 1) and only["volume"] > 0 and only["symbolId"] == "F.US.MNQ"
    assert re.search(r"\.\d{3}\+00:00$", only["timestamp"])
    hub.socket.close()


def test_server_pings_and_drops_a_silent_client() -> None:
    timing = HubTiming(ping_s=0.05, client_timeout_s=patience(0.1))
    config = ServerConfig(timing=timing)
    with serving(fixed_tape(), config=config) as gateway:
        hub = gateway.log_in().hub("user")
        assert hub.receive() == {"type": 6}
        assert hub.until(lambda r: r["type"] == 7)["error"] == "Client timed out."
        with pytest.raises(ConnectionClosed):
            hub.receive()


def test_client_that_pings_is_kept() -> None:
    timeout_s = patience(0.25)
    config = ServerConfig(timing=HubTiming(ping_s=timeout_s / 6, client_timeout_s=timeout_s))
    with serving(fixed_tape(), config=config) as gateway:
        hub = gateway.log_in().hub("user")
        for _ in range(12):  # twice the time-out, at one ping of theirs for one of ours
            assert hub.receive() == {"type": 6}
            hub.send({"type": 6})
        hub.socket.close()


def test_client_that_does_not_read_is_dropped_and_holds_nobody_up() -> None:
    config = ServerConfig(timing=HubTiming(queue_chars_max=1_000_000))
    with serving(lively_tape(), config=config, speed=200.0) as gateway:
        venue = gateway.log_in().venue
        assert venue is not None
        stuck = Hub(
            f"{gateway.sockets}/hubs/market?access_token={gateway.token}", receive_buffer=4096
        )
        stuck.send({"type": 1, "target": "SubscribeContractQuotes", "arguments": [MNQ.id]})
        reading = gateway.hub("market")
        reading.call("SubscribeContractQuotes", MNQ.id)
        first = venue.now
        reading.until(lambda record: len(venue.broadcaster.market_clients) == 1)
        assert venue.now > first
        reading.event("GatewayQuote")
        reading.socket.close()
        stuck.socket.close_timeout = 0.1
        stuck.socket.close()


def test_garbage_ends_the_connection_with_a_close_message(lively: Gateway) -> None:
    hub = lively.hub("user")
    hub.socket.send("not json\x1e")
    assert hub.receive()["type"] == 7
    with pytest.raises(ConnectionClosed):
        hub.receive()


def test_record_split_over_two_messages_is_put_together(lively: Gateway) -> None:
    hub = lively.hub("user")
    whole = '{"type":1,"invocationId":"7","target":"SubscribeAccounts","arguments":[]}\x1e'
    hub.socket.send(whole[:30])
    hub.socket.send(whole[30:])
    assert hub.receive() == {"type": 3, "invocationId": "7", "result": 0}
    hub.socket.close()


def test_stock_signalrcore_client_receives_quotes_and_order_events(gateway: Gateway) -> None:
    protocol = JsonHubProtocol(version=1)
    connection: Any = (
        HubConnectionBuilder()
        .with_url(
            f"{gateway.url}/hubs/user?access_token={gateway.token}",
            options={"skip_negotiation": True},
        )
        .with_hub_protocol(protocol)
        .build()
    )
    opened, subscribed, filled = threading.Event(), threading.Event(), threading.Event()
    connection.on_open(opened.set)

    def on_order(arguments: list[Any]) -> None:
        if arguments[0]["data"]["status"] == 2:
            filled.set()

    connection.on("GatewayUserOrder", on_order)
    connection.start()
    assert opened.wait(patience(5))
    connection.send("SubscribeOrders", [ACCOUNT], lambda completion: subscribed.set())
    assert subscribed.wait(patience(5))
    gateway.post("/api/Order/place", **entry())
    assert filled.wait(patience(5))
    threading.Thread(target=connection.stop, daemon=True).start()  # blocks until our next byte
