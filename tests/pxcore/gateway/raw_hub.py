"""A SignalR server down to its frames: a test says what goes out, byte by byte if it must.

By default a connection is upgraded, its handshake and every invocation are answered, and the
test sends events through the `Peer` that it gets from `RawHubs.peer`.
"""

import base64
import contextlib
import hashlib
import json
import queue
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from patience import patience
from tls_relay import behind_tls

WAIT_S = patience(5)
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
SEPARATOR = b"\x1e"
COMPLETED = {"result": 0}


def record(message: Any) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + SEPARATOR


def invocation(target: str, *arguments: Any) -> bytes:
    return record({"type": 1, "target": target, "arguments": list(arguments)})


def frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True) -> bytes:
    head = bytes([(0x80 if fin else 0) | opcode])
    length = len(payload)
    if length <= 125:
        return head + bytes([length]) + payload
    if length <= 0xFFFF:
        return head + bytes([126]) + struct.pack(">H", length) + payload
    return head + bytes([127]) + struct.pack(">Q", length) + payload


class Peer:
    """One client's connection, seen from the server."""

    def __init__(self, sock: socket.socket, head: str) -> None:
        self._sock = sock
        self._reader = sock.makefile("rb")
        first, *lines = head.split("\r\n")
        url = urlsplit(first.split(" ")[1])
        self.hub = url.path.rpartition("/")[2]
        self.token = parse_qs(url.query)["access_token"][0]
        fields = dict(line.split(": ", 1) for line in lines if line)
        digest = hashlib.sha1(
            (fields["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode(),
            usedforsecurity=False,
        ).digest()
        self.accept = base64.b64encode(digest).decode()
        self.calls: list[tuple[Any, ...]] = []
        self.records: list[dict[str, Any]] = []
        self.controls: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self.pings: queue.Queue[dict[str, Any]] = queue.Queue()
        self.gone = threading.Event()

    # -- going out ----------------------------------------------------------------------------

    def raw(self, data: bytes) -> None:
        self._sock.sendall(data)

    def text(self, *records: bytes) -> None:
        """All of them in one frame."""
        self.raw(frame(b"".join(records)))

    def event(self, target: str, *arguments: Any) -> None:
        self.text(invocation(target, *arguments))

    def upgrade(self, *, then: bytes = b"") -> None:
        head = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {self.accept}\r\n\r\n"
        )
        self.raw(head.encode() + then)

    def end(self) -> None:
        """FIN, without a word."""
        self._sock.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """RST: what the client sends next, or waits for, fails."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.shutdown(socket.SHUT_RD)  # ends `serve`, whose thread then closes
        self.gone.wait(WAIT_S)

    def release(self) -> None:
        self._reader.close()
        self._sock.close()

    # -- coming in ----------------------------------------------------------------------------

    def serve(self, completion: dict[str, Any] | None = COMPLETED) -> None:
        """Answers the handshake and every invocation until the client is gone."""
        while (message := self._message()) is not None:
            opcode, payload = message
            if opcode >= CLOSE:
                self.controls.put(message)
                continue
            for text in payload.split(SEPARATOR)[:-1]:
                self._take(json.loads(text), completion)

    def ignore(self) -> None:
        """Reads, and answers nothing, until the client is gone."""
        while self._reader.read(1):
            pass

    def _take(self, said: dict[str, Any], completion: dict[str, Any] | None) -> None:
        self.records.append(said)
        if "protocol" in said:
            self.text(record({}))
        elif said["type"] == 6:
            self.pings.put(said)
        elif said["type"] == 1:
            self.calls.append((said["target"], *said["arguments"]))
            if completion is not None:
                self.text(record({"type": 3, "invocationId": said["invocationId"], **completion}))

    def _message(self) -> tuple[int, bytes] | None:
        head = self._reader.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length >= 126:
            width = 2 if length == 126 else 8
            length = int.from_bytes(self._reader.read(width), "big")
        mask = self._reader.read(4)
        payload = self._reader.read(length)
        return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


Behaviour = Callable[[Peer], None]


def well_behaved(peer: Peer) -> None:
    peer.upgrade()
    peer.serve()


class RawHubs:
    """Both hubs on one port. `script` says how the next connections of a hub are treated."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._tls = ssl_context
        self._script: dict[str, deque[Behaviour]] = defaultdict(deque)
        # Made here: two threads that miss one at the same moment would each make their own.
        self._peers: dict[str, queue.Queue[Peer]] = {
            hub: queue.Queue() for hub in ("user", "market")
        }
        self._sockets: list[socket.socket] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        scheme = "https" if ssl_context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, hub: str, *behaviours: Behaviour) -> None:
        """The last one is for every connection after."""
        self._script[hub] = deque(behaviours)

    def peer(self, hub: str) -> Peer:
        """The next connection to the hub, in order."""
        return self._peers[hub].get(timeout=WAIT_S)

    def hold(self, peer: Peer) -> None:
        """Says nothing for as long as the test lasts."""
        self.over.wait()

    def close(self) -> None:
        self.over.set()
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        for sock in (self._listener, *self._sockets):
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = behind_tls(sock, self._tls)
            self._sockets.append(sock)
            head = b""
            while b"\r\n\r\n" not in head:
                data = sock.recv(4096)
                if not data:
                    return
                head += data
            peer = Peer(sock, head.decode().partition("\r\n\r\n")[0])
        except OSError:
            return
        behaviours = self._script[peer.hub]
        behaviour = behaviours[0] if behaviours else well_behaved
        if len(behaviours) > 1:
            behaviours.popleft()
        self._peers[peer.hub].put(peer)
        try:
            behaviour(peer)
        except (OSError, ValueError):
            return
        finally:
            peer.release()
            peer.gone.set()
