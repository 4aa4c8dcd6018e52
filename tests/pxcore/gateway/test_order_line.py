"""The line that instructions leave on at once: what leaves, what does not, and who waits."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gateway_samples import ACCOUNT, MNQ, MNQ_ID, entry
from raw_http import (
    WAIT_S,
    RawHttp,
    Step,
    answer,
    answer_and_hang_up,
    good,
    hang_up,
)

from pxcore.gateway.rest import Budget, GatewayClient, Urgency
from pxcore.gateway.rest import order_line as lines
from pxcore.gateway.rest.outgoing import Outgoing, close, place_entry
from pxcore.gateway.stream import Stream
from pxcore.gateway.wire.endpoints import Lane, Placed
from pxcore.model import OutcomeUnknown, Unavailable

PLACE = "/api/Order/place"
CANCEL = "/api/Order/cancel"
CLOSE = "/api/Position/closeContract"
PING = "/api/Status/ping"
PLACED = good(orderId=7)
PAGE = b"<!DOCTYPE html><html><body>busy</body></html>"


def an_entry() -> Outgoing[Placed]:
    return place_entry(ACCOUNT, entry(), MNQ)


@pytest.fixture
def ready(client: GatewayClient, http: RawHttp) -> GatewayClient:
    """As in a session: logged in, the line open, a request in hand."""
    http.script(PLACE, PLACED)
    http.script(CLOSE, good())
    client.login()
    assert client.keep_ready()
    return client


def left(client: GatewayClient) -> Callable[[], Placed]:
    """It has left; how to get its answer."""
    ready = client.at_once(an_entry())
    answer = ready.send() if ready else None
    assert answer is not None
    return answer


def sent(client: GatewayClient) -> int:
    """The order's id, by way of the line."""
    return left(client)().order_id


def test_orders_leave_on_the_one_connection_that_is_kept_open(
    ready: GatewayClient, http: RawHttp
) -> None:
    assert sent(ready) == 7
    connections = http.connections
    for _ in range(9):
        assert ready.keep_ready()
        assert sent(ready) == 7
    assert (len(http.asked(PLACE)), http.connections) == (10, connections)


def test_request_is_what_the_slower_way_would_send(client: GatewayClient, http: RawHttp) -> None:
    http.script(PLACE, PLACED)
    assert client.instruct(an_entry()).order_id == 7
    assert client.keep_ready() and sent(client) == 7
    slower, at_once = http.asked(PLACE)
    assert slower == at_once


def test_nothing_leaves_at_once_before_a_login_and_without_a_line(
    client: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, PLACED)
    assert client.at_once(an_entry()) is None
    assert not client.keep_ready()
    client.login()
    assert client.at_once(an_entry()) is None
    assert client.keep_ready()
    assert sent(client) == 7
    assert len(http.asked(PLACE)) == 1


def test_second_one_leaves_only_after_the_reply_to_the_first(
    ready: GatewayClient, http: RawHttp
) -> None:
    first = left(ready)
    ready.keep_ready()
    assert ready.at_once(an_entry()) is None
    assert first().order_id == 7
    assert sent(ready) == 7
    assert len(http.asked(PLACE)) == 2


def test_one_that_is_called_off_leaves_nothing_and_the_line_free(
    ready: GatewayClient, http: RawHttp
) -> None:
    one = ready.at_once(an_entry())
    assert one is not None
    assert ready.at_once(an_entry()) is None
    one.call_off()
    assert ready.keep_ready()
    assert sent(ready) == 7
    assert len(http.asked(PLACE)) == 1


def test_each_needs_a_request_in_hand(ready: GatewayClient, http: RawHttp) -> None:
    assert sent(ready) == 7
    assert ready.at_once(an_entry()) is None
    assert len(http.asked(PLACE)) == 1


def test_used_up_budget_lets_nothing_leave_at_once(
    client: GatewayClient, budget: Budget, http: RawHttp
) -> None:
    while budget.take(Lane.REST, Urgency.NORMAL) == 0.0:
        continue
    client.login()
    assert not client.keep_ready()
    assert client.at_once(an_entry()) is None
    http.script(CLOSE, good())
    client.instruct(close(ACCOUNT, MNQ_ID))  # what takes risk off is not held back
    assert (len(http.asked(PLACE)), len(http.asked(CLOSE))) == (0, 1)


def test_line_that_the_gateway_ended_is_seen_before_anything_leaves_on_it(
    client: GatewayClient, http: RawHttp
) -> None:
    client.login()
    assert client.keep_ready()
    http.script(PLACE, answer_and_hang_up(PLACED), PLACED)
    assert sent(client) == 7
    before = http.connections
    while not http.ended.acquire(timeout=WAIT_S):
        pytest.fail("the connection did not end")
    assert client.keep_ready()
    assert sent(client) == 7
    assert (len(http.asked(PLACE)), http.connections) == (2, before + 1)


def test_line_that_ended_without_a_word_lets_nothing_leave_and_loses_no_order(
    ready: GatewayClient, http: RawHttp
) -> None:
    stream = ready._line._stream
    assert stream is not None
    stream.abort()
    assert ready.at_once(an_entry()) is None
    assert ready.instruct(an_entry()).order_id == 7
    assert len(http.asked(PLACE)) == 1


def test_gateway_that_is_away_is_tried_less_and_less_often_and_nothing_raises(
    client: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.login()
    http.close()
    now_s, tries = [1000.0], []
    monkeypatch.setattr(lines.time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(Stream, "open", lambda stream, timeout_s: _refused(tries, now_s[0]))
    for second in range(120):
        now_s[0] = 1000.0 + second
        assert not client.keep_ready()
    assert [at - 1000 for at in tries] == [0, 1, 3, 7, 15, 30, 60, 90]


def _refused(tries: list[float], now_s: float) -> None:
    tries.append(now_s)
    raise ConnectionRefusedError("nobody there")


@pytest.mark.parametrize(
    ("step", "lives"),
    [(answer(200, raw=b"pong"), True), (answer(200, raw=PAGE), True), (hang_up, False)],
    ids=["pong", "page", "ended"],
)
def test_idle_line_is_pinged_and_one_that_fails_is_opened_again(
    ready: GatewayClient,
    http: RawHttp,
    monkeypatch: pytest.MonkeyPatch,
    step: Step,
    lives: bool,
) -> None:
    monkeypatch.setattr("pxcore.gateway.rest.policy._WARM_S", -1.0)
    http.script(PING, step)
    assert sent(ready) == 7
    connections = http.connections
    ready.keep_ready()
    assert len(http.asked(PING)) == 1
    monkeypatch.setattr("pxcore.gateway.rest.policy._WARM_S", 3600.0)
    assert ready.keep_ready()
    assert sent(ready) == 7
    assert http.connections == connections + (not lives)


def test_order_of_which_only_a_part_is_taken_at_once_is_sent_whole_and_once(
    ready: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Stream.write_at_once
    monkeypatch.setattr(
        Stream,
        "write_at_once",
        lambda stream, data: (whole(stream, data[:100]) or b"") + data[100:],
    )
    assert sent(ready) == 7
    assert [request.body["customTag"] for request in http.asked(PLACE)] == [entry().tag]


def test_order_that_breaks_on_its_way_is_unknown_and_not_sent_again(
    ready: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(stream: Stream, data: bytes) -> bytes | None:
        raise BrokenPipeError("gone")

    monkeypatch.setattr(Stream, "write_at_once", breaks)
    get = left(ready)
    with pytest.raises(OutcomeUnknown):
        get()
    monkeypatch.undo()
    assert http.asked(PLACE) == []
    assert ready.keep_ready() and sent(ready) == 7


@pytest.fixture
def deaf() -> Iterator[tuple[Stream, socket.socket]]:
    """A connection to somebody who reads nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = Stream(f"http://127.0.0.1:{listener.getsockname()[1]}")
        stream.open(WAIT_S)
        peer, _ = listener.accept()
        with peer:
            yield stream, peer
            stream.close()


def test_peer_that_reads_nothing_holds_nobody(deaf: tuple[Stream, socket.socket]) -> None:
    stream, peer = deaf
    rest = stream.write_at_once(bytes(64 * 1024 * 1024))
    assert rest, "the system cannot have taken all of it"
    tries = 0
    while stream.write_at_once(bytes(1024)) is not None:
        tries += 1
        assert tries < 100_000
    assert stream.is_still()
    peer.close()


def test_order_that_finds_the_buffer_full_takes_the_slower_way(
    ready: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stream, "write_at_once", lambda stream, data: None)
    one = ready.at_once(an_entry())
    assert one is not None and one.send() is None
    assert ready.instruct(an_entry()).order_id == 7
    assert len(http.asked(PLACE)) == 1


def test_line_is_free_again_after_whatever_ended_its_reply(
    client: GatewayClient, hasty_client: GatewayClient, http: RawHttp
) -> None:
    for one, step in ((client, hang_up), (hasty_client, http.silence)):
        one.login()
        assert one.keep_ready()
        http.script(PLACE, step, PLACED)
        get = left(one)
        with pytest.raises(OutcomeUnknown):
            get()
        assert one.keep_ready()
        assert sent(one) == 7


def test_client_that_is_closed_ends_a_reply_that_is_waited_for(
    ready: GatewayClient, http: RawHttp
) -> None:
    http.script(PLACE, http.silence)
    get = left(ready)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(OutcomeUnknown):
            get()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    ready.close()
    assert ended.wait(WAIT_S)
    assert not ready.keep_ready()


def test_line_under_tls(
    new_client: Callable[[str], GatewayClient], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    http = RawHttp(ssl_context=context)
    try:
        http.script(PLACE, PLACED)
        client = new_client(http.url)
        monkeypatch.setattr(client._login, "_token", "token-1")
        monkeypatch.setattr(client._login, "_since", client._login._clock.now())
        assert client.keep_ready()
        for _ in range(3):
            assert client.keep_ready()
            assert sent(client) == 7
        assert (len(http.asked(PLACE)), http.connections) == (3, 1)
    finally:
        http.close()


def test_certificate_that_is_not_trusted_opens_no_line(
    new_client: Callable[[str], GatewayClient], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    http = RawHttp(ssl_context=context)
    try:
        client = new_client(http.url)
        monkeypatch.setattr(client._login, "_token", "token-1")
        monkeypatch.setattr(client._login, "_since", client._login._clock.now())
        assert not client.keep_ready()
        assert http.requests == []
    finally:
        http.close()


def test_entry_is_not_sent_when_the_login_took_long_but_a_cancel_is(
    client: GatewayClient, http: RawHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pxcore.gateway.rest.caller._LOGIN_MAX_S", -1.0)
    http.script(PLACE, PLACED)
    http.script(CANCEL, good())
    with pytest.raises(Unavailable, match="the login took"):
        client.instruct(an_entry())
    client.cancel_order(ACCOUNT, 1)
    assert (len(http.asked(PLACE)), len(http.asked(CANCEL))) == (0, 1)
