"""A market hub that sends a fixed stream as fast, or at the rate, that it is told to.

`python hub_server.py COUNT RATE`: serves one client, RATE 0 meaning as fast as it can. Prints its
port, waits for the client's handshake and subscriptions, sends COUNT market records, one a frame,
and waits for the client to go. Each record carries the moment at which it was handed to the
socket. The mix is 40 % quotes, 40 % depth and 20 % prints, sized as recorded.
"""

import base64
import hashlib
import json
import socket
import struct
import sys
import time
from datetime import UTC, datetime

CONTRACT = "CON.F.US.MNQ.Z26"
_STAMP = "2026-11-20T14:30:31.348000+00:00"
_SEPARATOR = b"\x1e"
_SUBSCRIPTIONS = 3
_FLOOD_BATCH = 100


def mix() -> list[bytes]:
    """Ten records that make up the stream; every stamp in them is replaced when they are sent."""
    rows: list[tuple[str, object]] = []
    for step in range(4):
        price = 29547 + step / 4
        rows.append(
            (
                "GatewayQuote",
                {
                    "symbol": "F.US.MNQ",
                    "bestBid": price,
                    "bestAsk": price + 0.25,
                    "lastUpdated": _STAMP,
                    "timestamp": _STAMP,
                    "contract": CONTRACT,
                },
            )
        )
        depth = {"timestamp": _STAMP, "type": 4, "price": price, "volume": 2, "currentVolume": 0}
        rows.append(("GatewayDepth", [depth]))
        if step % 2:
            trade = {
                "symbolId": "F.US.MNQ",
                "price": price,
                "timestamp": _STAMP,
                "type": 1,
                "volume": 1,
                "contractId": CONTRACT,
            }
            rows.append(("GatewayTrade", [trade]))
    return [
        json.dumps(
            {"type": 1, "target": target, "arguments": [CONTRACT, row]}, separators=(",", ":")
        ).encode()
        for target, row in rows
    ]


def frame(payload: bytes) -> bytes:
    size = len(payload)
    head = bytes([0x81, size]) if size <= 125 else b"\x81\x7e" + struct.pack(">H", size)
    return head + payload


def main(count: int, rate: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    sock, _ = listener.accept()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = sock.makefile("rb")
    _upgrade(sock, reader)
    waiting = _SUBSCRIPTIONS
    while waiting:
        for said in _read_records(reader):
            waiting -= _answer(sock, said)
    _stream(sock, count, rate)
    while reader.read(4096):
        continue
    sock.close()
    listener.close()


def _upgrade(sock: socket.socket, reader: "socket.SocketIO | object") -> None:
    key = ""
    while line := reader.readline().decode().strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        if name.lower() == "sec-websocket-key":
            key = value.strip()
    salted = (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()
    accept = base64.b64encode(hashlib.sha1(salted, usedforsecurity=False).digest()).decode()
    sock.sendall(
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        ).encode()
    )


def _read_records(reader: object) -> list[dict[str, object]]:
    head = reader.read(2)  # type: ignore[attr-defined]
    size = head[1] & 0x7F
    if size == 126:
        size = struct.unpack(">H", reader.read(2))[0]  # type: ignore[attr-defined]
    mask = reader.read(4)  # type: ignore[attr-defined]
    masked = reader.read(size)  # type: ignore[attr-defined]
    payload = bytes(b ^ mask[i % 4] for i, b in enumerate(masked))
    if head[0] & 0x0F != 1:
        return []
    return [json.loads(text) for text in payload.split(_SEPARATOR) if text]


def _answer(sock: socket.socket, said: dict[str, object]) -> int:
    """1 for a subscription, which is completed; the handshake is answered; the rest is ignored."""
    if "protocol" in said:
        sock.sendall(frame(b"{}" + _SEPARATOR))
        return 0
    if said.get("type") != 1:
        return 0
    done = {"type": 3, "invocationId": said.get("invocationId"), "result": 0}
    sock.sendall(frame(json.dumps(done).encode() + _SEPARATOR))
    return 1


def _stream(sock: socket.socket, count: int, rate: int) -> None:
    records = [row.split(_STAMP.encode()) for row in mix()]
    batch = max(1, rate // 1000) if rate else _FLOOD_BATCH
    began, sent = time.perf_counter(), 0
    while sent < count:
        if rate:
            due_s = began + sent / rate - time.perf_counter()
            if due_s > 0:
                time.sleep(due_s)
        stamp = datetime.now(UTC).isoformat(timespec="microseconds").encode()
        size = min(batch, count - sent)
        sock.sendall(
            b"".join(
                frame(stamp.join(records[(sent + i) % len(records)]) + _SEPARATOR)
                for i in range(size)
            )
        )
        sent += size


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
