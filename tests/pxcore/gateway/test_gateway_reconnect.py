"""However a connection ends, the hub goes down once, comes up anew, and stops when told."""

import logging
import queue
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gateway_listener import Listener
from gateway_samples import MNQ_ID, FixedClock
from patience import patience
from raw_hub import (
    CLOSE,
    WAIT_S,
    Behaviour,
    Peer,
    RawHubs,
    frame,
    invocation,
    record,
    well_behaved,
)

from pxcore.engine.events import Hub, HubDown, HubUp
from pxcore.gateway.hubs import Backoff, HubLimits
from pxcore.gateway.hubs.transport import HubConnection
from pxcore.gateway.hubs.websocket import HubLost
from pxcore.model import Quote, Unavailable

QUICK_S = 0.3
AT_ONCE_S = patience(1)  # far from what a connection's steps may take, which is `WAIT_S` each


def quote(**fields: Any) -> bytes:
    stamp = {"timestamp": "2026-11-20T14:30:31.348+00:00"}
    return invocation("GatewayQuote", MNQ_ID, stamp | fields)


def px_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("px-")]


ENDINGS = {
    "FIN": Peer.end,
    "RST": Peer.reset,
    "close frame": lambda p: p.raw(frame((1001).to_bytes(2, "big"), CLOSE)),
    "close frame without code": lambda p: p.raw(frame(b"", CLOSE)),
    "close message": lambda p: p.text(record({"type": 7, "error": "shutting down"})),
    "close for good": lambda p: p.text(record({"type": 7, "allowReconnect": False})),
    "logout": lambda p: p.event("GatewayLogout", "elsewhere"),
    "masked frame": lambda p: p.raw(b"\x81\x81abcd\x00"),
    "unknown opcode": lambda p: p.raw(frame(b"", 0x3)),
    "stray fragment": lambda p: p.raw(frame(b"x", 0x0)),
    "endless frame": lambda p: p.raw(b"\x82\x7f" + b"\x00\x00\x00\xff" * 2),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_lost_hub_goes_down_once_and_comes_up_with_a_new_token_and_subscriptions(
    listener: Listener, hubs: RawHubs, ending: Any
) -> None:
    listener.start()
    first = hubs.peer("user")
    listener.wait_up(Hub.USER)
    ending(first)
    assert listener.next(HubDown).hub is Hub.USER
    second = hubs.peer("user")
    listener.wait_up(Hub.USER)
    assert second.calls == first.calls
    assert second.token != first.token
    assert first.gone.wait(WAIT_S)  # the old socket is closed
    assert listener.realtime.reconnects == 1
    assert listener.count(HubDown) == 0


def test_silent_server_is_noticed(hubs: RawHubs, new_listener: Any) -> None:
    listener = new_listener(hubs.url, silence_limit_s=QUICK_S)
    listener.start()
    listener.wait_up(Hub.USER)
    down = listener.next(HubDown)
    assert down.reason == "nothing received for 0.3 s"
    listener.wait_up(down.hub)


def test_hub_that_pings_and_tells_nothing_is_noticed_while_the_exchange_is_open(
    hubs: RawHubs, new_listener: Any
) -> None:
    listener = new_listener(hubs.url, ping_every_s=0.02, data_limit_s=QUICK_S)
    listener.start()
    hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    down = listener.next(HubDown)
    assert (down.hub, down.reason) == (Hub.MARKET, "no market data for 0.3 s")
    listener.wait_up(Hub.MARKET)


def test_hub_without_data_is_kept_while_it_talks_or_the_exchange_is_closed(
    hubs: RawHubs, new_listener: Any, clock: FixedClock
) -> None:
    listener = new_listener(hubs.url, ping_every_s=0.02, data_limit_s=QUICK_S)
    clock.moment = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)  # a Saturday
    listener.start()
    peer = hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    for _ in range(40):
        assert peer.pings.get(timeout=WAIT_S)
    assert listener.count(HubDown) == 0


def test_hub_reconnects_when_the_shared_token_was_renewed(hubs: RawHubs, new_listener: Any) -> None:
    tokens = ["old"]
    listener = new_listener(hubs.url, ping_every_s=0.02, token=lambda: tokens[0])
    listener.start()
    assert hubs.peer("user").token == "old"
    listener.wait_up(Hub.USER)
    tokens[0] = "new"
    assert "token was renewed" in listener.next(HubDown).reason
    assert hubs.peer("user").token == "new"


def test_quotes_before_a_loss_are_forgotten(listener: Listener, hubs: RawHubs) -> None:
    listener.start()
    peer = hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    peer.text(quote(bestBid=1, bestAsk=2))
    assert listener.next(Quote).ask_ticks == 8
    peer.end()
    listener.next(HubDown)
    hubs_peer = hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    hubs_peer.text(quote(bestBid=3))
    again = listener.next(Quote)
    assert (again.bid_ticks, again.ask_ticks) == (12, None)


def _upgraded(then: bytes) -> Behaviour:
    def behaviour(peer: Peer) -> None:
        peer.upgrade(then=then)
        peer.serve()

    return behaviour


def _answers(head: str) -> Behaviour:
    return lambda peer: peer.raw(head.replace("ACCEPT", peer.accept).encode())


def _no_handshake(peer: Peer) -> None:
    peer.upgrade()
    peer.ignore()


def _no_completion(peer: Peer) -> None:
    peer.upgrade()
    peer.serve(None)


def _refused_subscription(peer: Peer) -> None:
    peer.upgrade()
    peer.serve({"error": "no such account"})


FALSE_STARTS: dict[str, tuple[Behaviour, str]] = {
    "upgrade 503": (_answers("HTTP/1.1 503 Sorry\r\n\r\n"), "503"),
    "101 somewhere else": (_answers("HTTP/1.1 200 OK\r\nX: 101\r\n\r\n"), "200"),
    "wrong accept": (
        _answers(
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: 101\r\n\r\n"
        ),
        "does not answer our upgrade",
    ),
    "no upgrade header": (
        _answers("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"),
        "does not answer our upgrade",
    ),
    "endless upgrade": (_answers("HTTP/1.1 101 X\r\nA: " + "x" * 20_000), "without end"),
    "ended during the upgrade": (_answers("HTTP/1.1 101 X\r\n"), "ended the connection"),
    "handshake never answered": (_no_handshake, "no handshake"),
    "handshake refused": (_upgraded(frame(record({"error": "version"}))), "refused: version"),
    "handshake unreadable": (_upgraded(frame(b"nonsense\x1e")), "cannot be read"),
    "invocation never completed": (_no_completion, "not completed within"),
    "invocation refused": (_refused_subscription, "no such account"),
}


@pytest.mark.parametrize(("behaviour", "why"), FALSE_STARTS.values(), ids=FALSE_STARTS.keys())
def test_connection_that_never_came_up_is_tried_again_and_never_goes_down(
    hubs: RawHubs, new_listener: Any, behaviour: Behaviour, why: str
) -> None:
    hubs.script("user", behaviour, well_behaved)
    faults: list[str | None] = []

    def token() -> str:
        faults.append(listener.realtime.last_faults[Hub.USER])
        return "token"

    listener = new_listener(hubs.url, quick=True, token=token)
    listener.start()
    listener.wait_up(Hub.USER)
    assert any(why in (fault or "") for fault in faults)
    assert listener.count(HubDown) == 0


def test_upgrade_never_answered_is_given_up(hubs: RawHubs, new_listener: Any) -> None:
    hubs.script("user", hubs.hold, well_behaved)
    listener = new_listener(hubs.url, quick=True)
    listener.start()
    listener.wait_up(Hub.USER)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_token_is_renewed(hubs: RawHubs, new_listener: Any, status: int) -> None:
    hubs.script("user", _answers(f"HTTP/1.1 {status} No\r\n\r\n"), well_behaved)
    renewals = iter(["renewed-1", "renewed-2"])
    listener = new_listener(
        hubs.url, token=lambda: "stale", renew_token=lambda stale: next(renewals), quick=True
    )
    listener.start()
    assert hubs.peer("user").token == "stale"
    assert hubs.peer("user").token == "renewed-1"
    listener.wait_up(Hub.USER)


def test_token_that_cannot_be_had_is_asked_for_again(hubs: RawHubs, new_listener: Any) -> None:
    answers: list[str | Exception] = [Unavailable("away"), RuntimeError("a bug"), "token"]

    def token() -> str:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    listener = new_listener(hubs.url, token=token, quick=True)
    listener.start()
    assert {listener.next(HubUp).hub, listener.next(HubUp).hub} == {Hub.USER, Hub.MARKET}


def test_pauses_grow_from_half_a_second_to_thirty() -> None:
    backoff = Backoff()
    assert backoff.pause_s(0) == 0.5
    assert all(0.5 <= backoff.pause_s(3) <= 4.0 for _ in range(50))
    assert all(0.5 <= backoff.pause_s(10_000) <= 30.0 for _ in range(50))


def test_server_that_was_away_is_found_again(hubs: RawHubs, new_listener: Any) -> None:
    port = int(hubs.url.rpartition(":")[2])
    hubs.close()
    tries = threading.Semaphore(0)

    def token() -> str:
        tries.release()
        return "token"

    listener = new_listener(hubs.url, quick=True, token=token)
    listener.start()
    for _ in range(6):
        assert tries.acquire(timeout=WAIT_S)
    assert not listener.gone.is_set()  # it never was up, so it never goes down
    again = RawHubs(port=port)
    try:
        assert {listener.next(HubUp).hub, listener.next(HubUp).hub} == {Hub.USER, Hub.MARKET}
    finally:
        listener.realtime.stop()
        again.close()


def test_server_that_accepts_and_closes_is_not_stormed(hubs: RawHubs, new_listener: Any) -> None:
    def slam(peer: Peer) -> None:
        peer.upgrade()
        peer.end()

    hubs.script("user", slam)
    pause_s = 0.2
    listener = new_listener(hubs.url, backoff=Backoff(least_s=pause_s, most_s=pause_s))
    began = time.monotonic()
    listener.realtime.user.start()
    for _ in range(4):
        hubs.peer("user")
    assert time.monotonic() - began > 3 * pause_s


def test_call_on_a_connection_that_is_lost_or_not_open_raises(hubs: RawHubs) -> None:
    class Report:
        def bad_record(self, why: str) -> None: ...
        def handler_error(self, error: Exception) -> None: ...
        def unknown_target(self, target: str) -> None: ...

    url = f"{hubs.url}/hubs/user?access_token=t"
    connection = HubConnection(url, name="test", limits=HubLimits(), report=Report())
    with pytest.raises(HubLost):
        connection.call("SubscribeAccounts")
    connection.start()
    peer = hubs.peer("user")
    peer.end()
    assert connection.lost.wait(WAIT_S)
    with pytest.raises(HubLost):
        connection.call("SubscribeAccounts")
    with pytest.raises(HubLost):
        connection.ping()
    connection.stop()
    assert peer.calls == []


# -- stopping ---------------------------------------------------------------------------------


def _unfinished(peer: Peer) -> None:
    peer.raw(b"HTTP/1.1 101 X\r\n")
    peer.serve()


def _mute(peer: Peer) -> None:
    peer.upgrade()
    peer.serve(None)


@pytest.mark.parametrize(
    ("behaviour", "is_up"),
    [(well_behaved, True), (_unfinished, False), (_mute, False), (_no_handshake, False)],
    ids=["up and silent", "in the upgrade", "in an invocation", "in the handshake"],
)
def test_stop_returns_at_once_and_leaves_no_thread(
    hubs: RawHubs, new_listener: Any, behaviour: Behaviour, is_up: bool
) -> None:
    hubs.script("user", behaviour)
    hubs.script("market", behaviour)
    listener = new_listener(hubs.url)
    listener.start()
    peers = [hubs.peer("user"), hubs.peer("market")]
    if is_up:
        listener.wait_up(Hub.USER)
        listener.wait_up(Hub.MARKET)
    began = time.monotonic()
    listener.realtime.stop()
    assert time.monotonic() - began < AT_ONCE_S
    assert px_threads() == []
    assert listener.count(HubDown) == (2 if is_up else 0)
    if is_up:
        assert peers[0].controls.get(timeout=WAIT_S) == (CLOSE, (1000).to_bytes(2, "big"))


def test_stop_returns_while_the_connection_is_still_being_made(new_listener: Any) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # fill the backlog: further SYNs are dropped
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        asked = threading.Semaphore(0)

        def token() -> str:
            asked.release()
            return "token"

        listener = new_listener(f"http://127.0.0.1:{full.getsockname()[1]}", token=token)
        listener.start()
        assert asked.acquire(timeout=WAIT_S) and asked.acquire(timeout=WAIT_S)
        began = time.monotonic()
        listener.realtime.stop()
        assert time.monotonic() - began < AT_ONCE_S
        assert px_threads() == []
        for sock in waiting:
            sock.close()


def test_stop_on_a_busy_stream_and_from_inside_a_handler_returns_at_once(
    hubs: RawHubs, new_listener: Any
) -> None:
    def flood(peer: Peer) -> None:
        peer.upgrade()
        threading.Thread(target=peer.serve, daemon=True).start()
        while not peer.gone.is_set():
            peer.text(*[quote(bestBid=1)] * 50)

    hubs.script("market", flood)
    took: queue.SimpleQueue[float] = queue.SimpleQueue()
    stopped = threading.Event()

    class Stopping(FixedClock):
        def now(self) -> datetime:
            if threading.current_thread().name.endswith("reader") and not stopped.is_set():
                stopped.set()
                began = time.monotonic()
                listener.realtime.stop()
                took.put(time.monotonic() - began)
            return super().now()

    listener = new_listener(hubs.url, clock=Stopping())
    listener.start()
    assert stopped.wait(WAIT_S)
    began = time.monotonic()
    listener.realtime.stop()
    assert time.monotonic() - began < AT_ONCE_S
    assert took.get(timeout=WAIT_S) < AT_ONCE_S


def test_stop_before_start_and_twice_does_no_harm(hubs: RawHubs, new_listener: Any) -> None:
    new_listener(hubs.url).realtime.stop()
    listener = new_listener(hubs.url)
    listener.start()
    listener.wait_up(Hub.USER)
    listener.realtime.stop()
    listener.realtime.stop()


# -- secrets and TLS --------------------------------------------------------------------------


def test_no_token_is_logged_or_reported(
    hubs: RawHubs, new_listener: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hubs.script("user", _answers("HTTP/1.1 503 Sorry\r\n\r\n"), well_behaved)
    listener = new_listener(hubs.url, token=lambda: "secret/token", quick=True)
    listener.start()
    listener.wait_up(Hub.USER)
    listener.realtime.stop()
    said = caplog.text + repr(listener.seen) + repr(listener.realtime.last_faults)
    assert "secret" not in said


def test_hubs_are_reached_under_tls(new_listener: Any, certificate: Path) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    hubs = RawHubs(ssl_context=ours)
    trusting = ssl.create_default_context(cafile=str(certificate))
    listener = new_listener(hubs.url, ssl_context=trusting, ping_every_s=0.001)
    listener.start()
    peer = hubs.peer("market")
    listener.wait_up(Hub.MARKET)
    for number in range(1, 201):
        peer.text(quote(bestBid=number, padding="x" * 20_000))
    assert [listener.next(Quote).bid_ticks for _ in range(200)] == [4 * n for n in range(1, 201)]
    listener.realtime.stop()
    assert px_threads() == []
    hubs.close()


def test_server_that_nobody_vouches_for_is_not_connected(
    new_listener: Any, certificate: Path
) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    hubs = RawHubs(ssl_context=ours)
    asked = threading.Semaphore(0)

    def token() -> str:
        asked.release()
        return "token"

    listener = new_listener(hubs.url, token=token, quick=True)
    listener.start()
    for _ in range(6):
        assert asked.acquire(timeout=WAIT_S)
    assert "CERTIFICATE_VERIFY_FAILED" in str(listener.realtime.last_faults.values())
    assert listener.count(HubUp) == 0
    hubs.close()
