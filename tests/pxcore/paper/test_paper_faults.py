"""Faults of the wire, over real sockets: each does what its name says to a real client."""

import json
import socket
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from typing import Any

import pytest
from paper_scenes import ACCOUNT, MNQ, printed, quote
from paper_server import END, SINCE, Gateway, Hub, entry, fixed_tape, serving
from patience import patience
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pxcore.paper.faults.base import Fault
from pxcore.paper.faults.venue import AsyncReject
from pxcore.paper.faults.wire import (
    AnswerDelayed,
    AnswerLost,
    ClockSkewed,
    ErrorCode,
    EventDelayed,
    EventDuplicated,
    EventLost,
    EventReordered,
    HttpError,
    ListWithheld,
    Logout,
    RecordMalformed,
    RecordOversized,
    RecordsJoined,
    RecordSplit,
    SocketClosed,
    SocketHalfOpen,
    SocketReset,
    SocketSilent,
    TokensExpired,
)

ACCOUNTS = "/api/Account/search"
PLACE = "/api/Order/place"


@contextmanager
def hostile(*faults: Fault) -> Iterator[Gateway]:
    """A still market; the faults are armed once the client has logged in."""
    with serving(fixed_tape()) as gateway:
        gateway.log_in()
        gateway.run(lambda venue: [venue.arm(fault) for fault in faults])
        yield gateway


def order_tags(gateway: Gateway) -> list[str]:
    _, answer = gateway.post("/api/Order/search", accountId=ACCOUNT, startTimestamp=SINCE)
    return [row["customTag"] for row in answer["orders"]]


def orders_hub(gateway: Gateway) -> Hub:
    hub = gateway.hub("user")
    hub.call("SubscribeOrders", ACCOUNT)
    return hub


def place(gateway: Gateway, tag: str) -> None:
    """A limit order that rests: two events of its own."""
    plain: dict[str, object] = {"stopLossBracket": None, "takeProfitBracket": None}
    body = entry(tag, type=1, limitPrice=24000, **plain)
    assert gateway.post(PLACE, **body)[1]["success"]


def told(hub: Hub, events: int) -> list[tuple[str, int]]:
    """Tag and status of the next order events."""
    rows = [hub.event("GatewayUserOrder")[0]["data"] for _ in range(events)]
    return [(row["customTag"], row["status"]) for row in rows]


# Answers


@pytest.mark.parametrize(("moment", "tags"), [("before", []), ("after", ["T", "T-SL", "T-TP"])])
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_answer_is_lost_before_or_after_the_order_was_taken(
    moment: Any, tags: list[str], how: Any
) -> None:
    with hostile(AnswerLost(path=PLACE, moment=moment, how=how)) as gateway:
        with pytest.raises((RemoteDisconnected, ConnectionResetError, urllib.error.URLError)):
            gateway.post(PLACE, **entry())
        assert order_tags(gateway) == tags


def test_silent_answer_never_comes_and_others_are_not_held_up() -> None:
    with hostile(AnswerLost(path=PLACE, moment="after", how="silent")) as gateway:
        request = json.dumps(entry()).encode()
        head = (
            f"POST {PLACE} HTTP/1.1\r\nHost: {gateway.host}\r\n"
            f"Authorization: Bearer {gateway.token}\r\n"
            f"Content-Length: {len(request)}\r\n\r\n"
        )
        with socket.create_connection(gateway.address) as waiting:
            waiting.sendall(head.encode() + request)
            gateway.wait_until(lambda venue: venue.hostility.armory.armed[0].is_spent)
            assert order_tags(gateway) == ["T", "T-SL", "T-TP"]
            waiting.setblocking(False)
            with pytest.raises(BlockingIOError):  # others were answered meanwhile
                waiting.recv(1)


@pytest.mark.parametrize(("moment", "tags"), [("before", []), ("after", ["T", "T-SL", "T-TP"])])
def test_delayed_answer_comes_late_and_the_order_is_taken_then_or_at_once(
    moment: Any, tags: list[str]
) -> None:
    with hostile(AnswerDelayed(path=PLACE, moment=moment, ms=300)) as gateway:
        asking = threading.Thread(target=gateway.post, args=(PLACE,), kwargs=entry())
        asking.start()
        gateway.wait_until(lambda venue: venue.hostility.armory.armed[0].is_spent)
        assert (order_tags(gateway), asking.is_alive()) == (tags, True)
        asking.join(patience(5))
        assert order_tags(gateway) == ["T", "T-SL", "T-TP"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_order_whose_sender_dies_while_it_is_held_is_taken_all_the_same(moment: Any) -> None:
    with hostile(AnswerDelayed(path=PLACE, moment=moment, ms=300)) as gateway:
        request = json.dumps(entry()).encode()
        head = (
            f"POST {PLACE} HTTP/1.1\r\nHost: {gateway.host}\r\n"
            f"Authorization: Bearer {gateway.token}\r\n"
            f"Content-Length: {len(request)}\r\n\r\n"
        )
        with socket.create_connection(gateway.address, timeout=patience(5)) as dying:
            dying.sendall(head.encode() + request)
            gateway.wait_until(lambda venue: venue.hostility.armory.armed[0].is_spent)
        gateway.wait_until(lambda venue: bool(list(venue.exchange.order_rows(ACCOUNT))))
        assert order_tags(gateway) == ["T", "T-SL", "T-TP"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_http_error_replaces_the_answer_once(status: int) -> None:
    with hostile(HttpError(path="/api/account/*", status=status)) as gateway:
        code, body, headers = gateway.send(ACCOUNTS, b'{"onlyActiveAccounts":true}')
        assert (code, body) == (status, "")
        assert ("www-authenticate" in headers) is (status == 401)
        assert gateway.post(ACCOUNTS, onlyActiveAccounts=True)[0] == 200


def test_error_after_an_order_was_taken_leaves_the_order() -> None:
    with hostile(HttpError(path=PLACE, status=503, moment="after")) as gateway:
        assert gateway.post(PLACE, **entry())[0] == 503
        assert order_tags(gateway) == ["T", "T-SL", "T-TP"]


def test_error_code_is_a_200_without_success() -> None:
    with hostile(ErrorCode(path=PLACE, code=7, text="Try again")) as gateway:
        assert gateway.post(PLACE, **entry()) == (
            200,
            {"success": False, "errorCode": 7, "errorMessage": "Try again"},
        )
        assert order_tags(gateway) == []


@pytest.mark.parametrize(
    ("how", "more"), [("empty", {"accounts": []}), ("null", {"accounts": None}), ("missing", {})]
)
def test_list_is_withheld_from_a_search_and_from_nothing_else(how: Any, more: Any) -> None:
    with hostile(ListWithheld(how=how)) as gateway:
        assert gateway.post(PLACE, **entry())[1]["success"]
        told = {"success": True, "errorCode": 0, "errorMessage": None}
        assert gateway.post(ACCOUNTS, onlyActiveAccounts=True) == (200, told | more)
        assert len(gateway.post(ACCOUNTS, onlyActiveAccounts=True)[1]["accounts"]) == 1


def test_upgrade_of_a_hub_can_be_refused() -> None:
    with hostile(HttpError(path="/hubs/market", status=503)) as gateway:
        with pytest.raises(InvalidStatus) as raised:
            gateway.hub("market")
        assert raised.value.response.status_code == 503
        gateway.hub("market").socket.close()


# Events


def test_event_is_lost() -> None:
    with hostile(EventLost(target="GatewayUserOrder")) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert told(hub, 1) == [("A", 1)]
        hub.socket.close()


def test_event_is_delayed_behind_those_that_followed() -> None:
    with hostile(EventDelayed(ms=100)) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert told(hub, 2) == [("A", 1), ("A", 6)]
        hub.socket.close()


def test_event_comes_twice() -> None:
    with hostile(EventDuplicated()) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert sorted(told(hub, 3)) == [("A", 1), ("A", 6), ("A", 6)]
        hub.socket.close()


def test_event_changes_places_with_the_next() -> None:
    with hostile(EventReordered()) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert told(hub, 2) == [("A", 1), ("A", 6)]
        hub.socket.close()


def test_stream_fault_meets_the_hub_and_target_it_names() -> None:
    fault = EventLost(hub="market", target="GatewayTrade", count=None)
    with hostile(fault) as gateway:
        hub = gateway.hub("market")
        hub.call("SubscribeContractTrades", MNQ.id)
        hub.call("SubscribeContractQuotes", MNQ.id)
        gateway.run(lambda venue: venue.insert(*later(venue, printed(0, 100_001), quote(0, 1, 2))))
        assert hub.receive()["target"] == "GatewayQuote"
        hub.socket.close()


def later(venue: Any, *steps: Any) -> list[Any]:
    from msgspec.structs import replace

    return [replace(step, at=venue.now) for step in steps]


# Records


def test_record_is_split_over_two_messages() -> None:
    with hostile(RecordSplit()) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        first, second = hub.socket.recv(5), hub.socket.recv(5)
        assert isinstance(first, str) and isinstance(second, str)
        assert END not in first and second.endswith(END)
        assert json.loads((first + second).rstrip(END))["target"] == "GatewayUserOrder"
        hub.socket.close()


def test_records_are_joined_in_one_message() -> None:
    with hostile(RecordsJoined(records=4)) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        place(gateway, "B")
        frame = hub.socket.recv(5)
        assert isinstance(frame, str) and frame.count(END) == 4
        hub.socket.close()


def test_records_that_wait_in_vain_are_release_after_a_second() -> None:
    with hostile(RecordsJoined(records=50)) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert told(hub, 2) == [("A", 6), ("A", 1)]
        hub.socket.close()


def test_malformed_record_is_no_json_and_the_next_one_is() -> None:
    with hostile(RecordMalformed()) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        frame = hub.socket.recv(5)
        assert isinstance(frame, str)
        torn = frame.split(END)[0]
        with pytest.raises(json.JSONDecodeError):
            json.loads(torn)
        assert told(hub, 1) == [("A", 1)]
        hub.socket.close()


def test_oversized_record_is_valid_and_large() -> None:
    with hostile(RecordOversized(chars=1_500_000)) as gateway:
        hub = orders_hub(gateway)
        hub.socket.protocol.max_message_size = None
        place(gateway, "A")
        record = hub.receive()
        assert record["target"] == "GatewayUserOrder" and len(record["filler"]) > 1_400_000
        hub.socket.close()


# Sockets


@pytest.mark.parametrize("allowed", [None, False])
def test_socket_is_closed_with_a_message_on_one_hub_alone(allowed: bool | None) -> None:
    with serving(fixed_tape()) as gateway:
        user, market = gateway.log_in().hub("user"), gateway.hub("market")
        gateway.run(lambda venue: venue.arm(SocketClosed(hub="user", allow_reconnect=allowed)))
        message = user.receive()
        assert (message["type"], message["error"]) == (7, "Connection closed with an error.")
        assert message.get("allowReconnect") is allowed
        with pytest.raises(ConnectionClosed):
            user.receive()
        assert market.call("SubscribeContractQuotes", MNQ.id)["result"] == 0
        market.socket.close()


def test_socket_is_reset_without_a_word() -> None:
    with serving(fixed_tape()) as gateway:
        hub = gateway.log_in().hub("user")
        gateway.run(lambda venue: venue.arm(SocketReset()))
        with pytest.raises(ConnectionClosed) as closed:
            hub.receive()
        assert closed.value.rcvd is None


def test_half_open_socket_answers_nothing_until_it_heals() -> None:
    with serving(fixed_tape()) as gateway:
        hub = gateway.log_in().hub("user")
        gateway.run(lambda venue: venue.arm(SocketHalfOpen(for_s=patience(0.25))))
        hub.send({"type": 1, "invocationId": "9", "target": "SubscribeAccounts", "arguments": []})
        gateway.send("/api/Status/ping", None)  # whoever is heard was answered by now
        with pytest.raises(TimeoutError):
            hub.socket.recv(timeout=0)
        gateway.wait_until(
            lambda venue: not any(c.is_frozen for c in venue.broadcaster.clients("user"))
        )
        assert hub.call("SubscribeAccounts")["result"] == 0  # the call before was never heard
        hub.socket.close()


def test_silent_socket_pings_and_answers_calls_but_tells_no_event() -> None:
    with serving(fixed_tape()) as gateway:
        hub = orders_hub(gateway.log_in())
        gateway.run(lambda venue: venue.arm(SocketSilent()))
        place(gateway, "A")
        assert hub.call("SubscribeAccounts")["result"] == 0
        assert hub.records == []
        hub.socket.close()


def test_logout_is_an_event_and_the_connection_stays() -> None:
    with serving(fixed_tape()) as gateway:
        hub = gateway.log_in().hub("market")
        gateway.run(lambda venue: venue.arm(Logout(text="Token expired")))
        assert hub.event("GatewayLogout") == ["Token expired"]
        assert hub.call("SubscribeContractQuotes", MNQ.id)["result"] == 0
        hub.socket.close()


@pytest.mark.parametrize("sockets", ["stay", "closed"])
def test_tokens_expire_at_once_and_sockets_stay_or_are_closed(sockets: Any) -> None:
    with serving(fixed_tape()) as gateway:
        hub = gateway.log_in().hub("user")
        gateway.run(lambda venue: venue.arm(TokensExpired(sockets=sockets)))
        assert gateway.send(ACCOUNTS, b"{}")[0] == 401
        if sockets == "stay":
            assert hub.call("SubscribeAccounts")["result"] == 0
        else:
            assert hub.receive()["type"] == 7
        gateway.log_in()
        assert gateway.post(ACCOUNTS, onlyActiveAccounts=True)[0] == 200
        hub.socket.close()


def test_skewed_clock_stamps_rest_and_stream_alike() -> None:
    with hostile(ClockSkewed(skew_s=3600)) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        stamp = hub.event("GatewayUserOrder")[0]["data"]["creationTimestamp"]
        assert stamp.startswith("2026-11-20T15:3")
        _, answer = gateway.post("/api/Order/search", accountId=ACCOUNT, startTimestamp=SINCE)
        assert answer["orders"][0]["creationTimestamp"][:19] == stamp[:19]
        hub.socket.close()


def test_faults_of_exchange_and_wire_compose() -> None:
    faults = (AsyncReject(), EventDuplicated(count=None), HttpError(path=ACCOUNTS, status=500))
    with hostile(*faults) as gateway:
        hub = orders_hub(gateway)
        place(gateway, "A")
        assert sorted(told(hub, 4)) == [("A", 5), ("A", 5), ("A", 6), ("A", 6)]
        assert gateway.post(ACCOUNTS, onlyActiveAccounts=True)[0] == 500
        hub.socket.close()
