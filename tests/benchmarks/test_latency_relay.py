"""What the relay counts, however the bytes are cut, and that it changes none of them."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from latency.relay import MARK, Frames, Marks, Relay
from patience import patience

from pxcore.model import MarketTrade, Quote, Side
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.server.broadcast import Broadcaster
from pxcore.paper.server.dialect import Dialect

AT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
MNQ = find_contract(catalogue(AT.date()), "MNQ")
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
ORDER = b"POST /api/Order/place HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
LOOK = b"POST /api/Order/search HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


def quote() -> Quote:
    return Quote(at=AT, happened_at=AT, contract_id=MNQ.id, bid_ticks=100_000, ask_ticks=100_001)


def market_print(size: int) -> MarketTrade:
    return MarketTrade(
        at=AT,
        happened_at=AT,
        contract_id=MNQ.id,
        price_ticks=100_000,
        size=size,
        aggressor=Side.BUY,
    )


class Hearer:
    """As far as the paper gateway is concerned, somebody who subscribed to everything."""

    def __init__(self) -> None:
        self.topics = {("contractquotes", MNQ.id), ("contracttrades", MNQ.id)}
        self.new_topics: set[Any] = set()


def told(*events: Quote | MarketTrade) -> bytes:
    """The records that the paper gateway makes of them."""
    records: list[str] = []
    broadcaster = Broadcaster([MNQ], Dialect())
    broadcaster.market_clients.add(Hearer())  # type: ignore[arg-type]
    broadcaster.deliver = lambda hub, client, target, record: records.append(record)
    broadcaster.tell(events)
    return "".join(records).encode()


def frame(payload: bytes, *, opcode: int = 1, is_last: bool = True) -> bytes:
    first = bytes([opcode | 0x80 * is_last])
    size = len(payload)
    if size < 126:
        return first + bytes([size]) + payload
    if size < 1 << 16:
        return first + b"\x7e" + struct.pack(">H", size) + payload
    return first + b"\x7f" + struct.pack(">Q", size) + payload


def test_print_of_the_trigger_is_a_mark_and_a_volume_that_only_adds_up_to_it_is_none() -> None:
    said = told(quote(), market_print(76), market_print(1), quote(), market_print(770), quote())
    assert b'"volume":77,' in said, "the day's volume in a quote"
    assert Marks(MARK).count(said) == 0
    assert Marks(MARK).count(told(market_print(77))) == 1


def test_mark_counts_once_wherever_it_is_cut() -> None:
    text = b"before " + MARK + b" between " + MARK + b" after"
    for cut in range(len(text) + 1):
        marks = Marks(MARK)
        assert marks.count(text[:cut]) + marks.count(text[cut:]) == 2, cut


def test_mark_counts_once_when_its_bytes_come_one_by_one() -> None:
    marks = Marks(MARK)
    assert sum(marks.count(bytes([one])) for one in b"x" + MARK + MARK + b"y") == 2


@pytest.mark.parametrize("size", [10, 200, 70_000], ids=["2 bytes", "4 bytes", "10 bytes"])
def test_payload_is_what_is_between_the_heads_of_frames_wherever_they_are_cut(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    stream = UPGRADED + frame(payload[:size]) + frame(b"x")
    begins = range(len(UPGRADED) + 14)
    ends = range(len(stream) - 5, len(stream))
    for cut in (*begins, *ends):
        frames = Frames()
        assert frames.payload(stream[:cut]) + frames.payload(stream[cut:]) == payload[:size] + b"x"


def test_mark_counts_where_the_head_of_a_fragment_stands_in_the_middle_of_it() -> None:
    for cut in range(1, len(MARK)):
        parts = frame(MARK[:cut], is_last=False), frame(MARK[cut:], opcode=0)
        payload = Frames().payload(UPGRADED + b"".join(parts))
        assert Marks(MARK).count(payload) == 1, cut


# -- on real sockets -----------------------------------------------------------------------------


class Scene:
    """A relay between a gateway, which is this test, and its clients, which are this test, too."""

    def __init__(self) -> None:
        self._gateway = socket.create_server(("127.0.0.1", 0))
        self._gateway.settimeout(patience(5))
        self.relay = Relay(self._gateway.getsockname()[1], 1_000)
        ends, self._ends = os.pipe()
        self._thread = threading.Thread(target=self.relay.run, args=(ends,))
        self._thread.start()
        self._open: list[socket.socket] = [self._gateway]

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """The client's end and the gateway's."""
        client = socket.create_connection(("127.0.0.1", self.relay.port))
        gateway, _ = self._gateway.accept()
        for end in (client, gateway):
            end.settimeout(patience(10))
            self._open.append(end)
        return client, gateway

    def end(self) -> None:
        os.close(self._ends)
        self._thread.join(patience(10))
        for one in self._open:
            one.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.end()


def taken(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = end.recv(1 << 16)
        assert part, "it was closed before"
        data += part
    return bytes(data)


def passed(sender: socket.socket, receiver: socket.socket, data: bytes) -> None:
    sender.sendall(data)
    assert taken(receiver, len(data)) == data


def settle(scene: Scene) -> None:
    """What has passed is looked at after it went on: another exchange comes after that."""
    passed(*scene.connect(), b"x")


def test_trigger_and_order_are_stamped_in_their_order_and_other_requests_are_not(
    scene: Scene,
) -> None:
    hub_client, hub = scene.connect()
    rest_client, rest = scene.connect()
    passed(hub_client, hub, b"GET /hubs/market?access_token=t HTTP/1.1\r\n\r\n")
    passed(hub, hub_client, UPGRADED + frame(told(quote(), market_print(1))))
    passed(rest_client, rest, LOOK)
    passed(hub, hub_client, frame(told(market_print(77))))
    passed(rest_client, rest, ORDER)
    passed(hub, hub_client, frame(told(quote(), market_print(77))))
    passed(rest_client, rest, ORDER)
    settle(scene)
    seen = scene.relay.seen
    (first, records), (second, records_then) = seen.triggers
    assert first < seen.orders[0] < second < seen.orders[1]
    assert (records, records_then, seen.records, seen.requests) == (3, 5, 5, 3)


def test_other_hub_and_answers_of_rest_are_not_looked_at(scene: Scene) -> None:
    hub_client, hub = scene.connect()
    passed(hub_client, hub, b"GET /hubs/user?access_token=t HTTP/1.1\r\n\r\n")
    passed(hub, hub_client, UPGRADED + frame(MARK))
    passed(hub_client, hub, ORDER)
    rest_client, rest = scene.connect()
    passed(rest_client, rest, LOOK)
    passed(rest, rest_client, MARK)
    settle(scene)
    assert (scene.relay.seen.triggers, scene.relay.seen.orders) == ([], [])


def test_client_that_reads_late_gets_every_byte(scene: Scene) -> None:
    client, gateway = scene.connect()
    data = os.urandom(1 << 20) * 24  # more than sockets and relay hold
    sender = threading.Thread(target=gateway.sendall, args=(data,))
    sender.start()
    settle(scene)  # it serves others meanwhile
    assert taken(client, len(data)) == data
    sender.join(patience(10))


def test_end_of_one_side_reaches_the_other_and_the_answer_still_comes(scene: Scene) -> None:
    client, gateway = scene.connect()
    passed(client, gateway, b"a question")
    client.shutdown(socket.SHUT_WR)
    assert gateway.recv(1) == b""
    passed(gateway, client, b"the answer")
    gateway.close()
    assert client.recv(1) == b""


def test_connection_that_is_reset_takes_nobody_else_with_it(scene: Scene) -> None:
    client, gateway = scene.connect()
    gateway.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gateway.close()
    assert client.recv(1) == b""
    settle(scene)
