"""However the network cuts the bytes, the same records come out."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_hub import BINARY, CLOSE, PING, SEPARATOR, TEXT, frame, invocation, record

from pxcore.gateway.hubs.frames import BadFrame, FrameReader, Opcode
from pxcore.gateway.hubs.frames import frame as client_frame
from pxcore.gateway.hubs.protocol import TAIL_BYTES_MAX, HubProtocol, HubRecord

RECORDS = (
    record({"type": 6})
    + invocation("GatewayUserOrder", {"customTag": "zürich ␞ 1"})
    + b'{"type":1,"target":"bad","arguments":["\xff'
    + SEPARATOR
    + invocation("GatewayQuote", "CON.F.US.MNQ.Z26", {"bestBid": 29547.25, "pad": "x" * 200})
    + record({"type": 3, "invocationId": "1", "result": None})
)
WIRE = (
    frame(RECORDS[:70], TEXT, fin=False)
    + frame(b"between", PING)
    + frame(RECORDS[70:75], 0, fin=False)
    + frame(RECORDS[75:90], 0)
    + frame(RECORDS[90:], BINARY)
    + frame(b"\x03\xe8", CLOSE)
)


def read(chunks: list[bytes]) -> tuple[list[tuple[Any, ...]], list[bytes], int]:
    """Records, payloads of control frames and the number of bad records."""
    bad: list[str] = []
    reader, protocol = FrameReader(), HubProtocol(bad.append)
    records: list[HubRecord] = []
    controls: list[bytes] = []
    for chunk in chunks:
        for opcode, payload in reader.feed(chunk):
            if opcode in (Opcode.TEXT, Opcode.BINARY):
                records += protocol.parse_messages(payload)
            else:
                controls.append(payload)
    plain: list[tuple[Any, ...]] = [
        (r.type, r.target, [bytes(a) for a in r.arguments or ()], r.invocation_id) for r in records
    ]
    return plain, controls, len(bad)


def cut(data: bytes, places: set[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, len(WIRE))))
def test_any_split_of_the_stream_yields_the_same_records(places: set[int]) -> None:
    assert read(cut(WIRE, places)) == read([WIRE])


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, len(RECORDS))))
def test_any_split_into_messages_yields_the_same_records(places: set[int]) -> None:
    frames = b"".join(frame(part) for part in cut(RECORDS, places))
    assert read([frames])[0] == read([frame(RECORDS)])[0]


def test_the_recorded_stream_holds_what_was_put_in() -> None:
    records, controls, bad = read([WIRE])
    assert [r[0] for r in records] == [6, 1, 1, 3]
    assert controls == [b"between", b"\x03\xe8"]
    assert bad == 1


@given(st.binary(max_size=70_000), st.sampled_from([Opcode.TEXT, Opcode.PONG]))
@settings(max_examples=50, deadline=None)
def test_client_frame_carries_its_payload_masked(payload: bytes, opcode: Opcode) -> None:
    sent = client_frame(opcode, payload)
    assert sent[0] == 0x80 | opcode and sent[1] & 0x80
    start = {126: 4, 127: 10}.get(sent[1] & 0x7F, 2)
    mask, masked = sent[start : start + 4], sent[start + 4 :]
    assert bytes(b ^ mask[i % 4] for i, b in enumerate(masked)) == payload


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x81\x80abcd", id="masked"),
        pytest.param(b"\xc1\x00", id="extension"),
        pytest.param(b"\x83\x00", id="unknown opcode"),
        pytest.param(frame(b"x", PING, fin=False), id="fragmented ping"),
        pytest.param(frame(b"x" * 126, PING), id="long ping"),
        pytest.param(frame(b"x", 0), id="fragment of nothing"),
        pytest.param(frame(b"x", TEXT, fin=False) + frame(b"y"), id="message inside a message"),
        pytest.param(b"\x82\x7f" + (1 << 40).to_bytes(8, "big"), id="a terabyte"),
    ],
)
def test_what_the_protocol_forbids_ends_the_stream(data: bytes) -> None:
    with pytest.raises(BadFrame):
        list(FrameReader().feed(data))


def test_messages_before_a_bad_frame_are_read() -> None:
    seen: list[tuple[Opcode, bytes]] = []
    with pytest.raises(BadFrame):
        seen.extend(FrameReader().feed(frame(b"good") + b"\x83\x00"))
    reader = FrameReader().feed(frame(b"good") + b"\x83\x00")
    assert next(reader)[1] == b"good"


def test_endless_record_is_dropped_once_and_the_next_one_is_read() -> None:
    bad: list[str] = []
    protocol = HubProtocol(bad.append)
    chunk = b"x" * (1024 * 1024)
    for _ in range(TAIL_BYTES_MAX // len(chunk) + 3):
        assert protocol.parse_messages(chunk) == []
    (ping,) = protocol.parse_messages(b"rest" + SEPARATOR + record({"type": 6}))
    assert (ping.type, len(bad)) == (6, 1)


def test_handshake_is_read_when_it_comes_in_pieces_and_with_data_behind_it() -> None:
    protocol = HubProtocol(lambda why: None)
    protocol.handshake_message()
    assert protocol.decode_handshake(b"{") == (None, [])
    answer, records = protocol.decode_handshake(b"}" + SEPARATOR + record({"type": 6}) + b"{")
    assert answer.error is None and [r.type for r in records] == [6]
    assert [r.type for r in protocol.parse_messages(b'"type":6}' + SEPARATOR)] == [6]


def test_a_new_handshake_forgets_the_last_connections_tail() -> None:
    protocol = HubProtocol(lambda why: None)
    protocol.parse_messages(b'{"type":')
    protocol.handshake_message()
    assert [r.type for r in protocol.parse_messages(record({"type": 6}))] == [6]
