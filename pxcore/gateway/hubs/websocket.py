"""signalrcore's WebSocket client with its failures taken out.

Every wait has a limit, the upgrade is checked strictly, control frames are answered, writes do
not mix, and nothing logs the URL, which holds the token. A client lives for one connection.
Source: signalrcore notes, 1, 3 and 6; RFC 6455.
"""

import base64
import hashlib
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from signalrcore.transport.websockets.websocket_client import (
    WebSocketClient,
)

from pxcore.gateway.hubs.frames import BadFrame, FrameReader, Opcode, frame
from pxcore.gateway.stream import Stream

_ACCEPT_SALT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEAD_BYTES_MAX: Final = 16 * 1024
_SILENCE_SLICES: Final = 6
_NORMAL_CLOSURE: Final = (1000).to_bytes(2, "big")


class HubLost(Exception):
    """The connection to a hub did not come about, or is gone. The message is the reason."""


class UpgradeRefused(HubLost):
    """The server answered the WebSocket upgrade with something else than 101."""

    def __init__(self, reason: str, *, status: int | None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class HubLimits:
    """How long each step may take. `silence_limit_s` is without a byte, `data_limit_s` without
    market data while the exchange is open, looked at whenever a ping is due.
    """

    connect_timeout_s: float = 5.0
    upgrade_timeout_s: float = 5.0
    handshake_timeout_s: float = 5.0
    invoke_timeout_s: float = 5.0
    write_timeout_s: float = 5.0
    silence_limit_s: float = 30.0
    data_limit_s: float = 60.0
    ping_every_s: float = 10.0


class Client(WebSocketClient):  # type: ignore[misc]
    """One WebSocket. Messages, and the one end, are reported from its own reader thread."""

    def __init__(
        self,
        *,
        url: str,
        name: str,
        limits: HubLimits,
        ssl_context: ssl.SSLContext | None,
        on_arrival: Callable[[], None],
        on_message: Callable[[Any, bytes], None],
        on_open: Callable[[], None],
        on_error: Callable[[Exception], None],
        on_close: Callable[[], None],
    ) -> None:
        super().__init__(
            url=url,
            is_binary=True,
            on_message=on_message,
            on_open=on_open,
            on_error=on_error,
            on_close=on_close,
        )
        self.thread_name = f"px-{name}-reader"
        self.sock = Stream(url, ssl_context=ssl_context)
        self._limits = limits
        self._on_arrival = on_arrival
        self._frames = FrameReader()
        self._early = b""

    def connect(self) -> None:
        """Connected and upgraded; the reader runs. Raises HubLost."""
        try:
            self.sock.open(self._limits.connect_timeout_s)
            self._early = self._upgrade()
        except OSError as error:
            self.sock.close()
            raise HubLost(f"cannot connect: {error}") from None
        except HubLost:
            self.sock.close()
            raise
        self.running = True
        self.recv_thread = threading.Thread(target=self.run, name=self.thread_name, daemon=True)
        self.recv_thread.start()

    def run(self) -> None:
        """The reader: everything that arrives, until the end, whatever ends it."""
        try:
            self.on_open()
            self._take(self._early)
            while self.running:
                self._take(self._read())
        except (OSError, HubLost, BadFrame) as error:
            self.on_error(error)
        finally:
            self.running = False
            self.sock.close()
            self.on_close()

    def send(self, message: bytes, opcode: int = Opcode.TEXT) -> None:
        self.sock.write(frame(opcode, message), self._limits.write_timeout_s)

    def close(self) -> None:
        """Asks the server to close, if it listens, and ends the connection at once."""
        with self._lock:  # a second caller must not cut off the first one's close frame
            if self.running:
                self.running = False
                try:
                    self.sock.write(frame(Opcode.CLOSE, _NORMAL_CLOSURE), timeout_s=0.1)
                except OSError:
                    logging.getLogger(__name__).debug("no close frame sent: already gone")
            self.sock.abort()

    def dispose(self, timeout_s: float = 1.0) -> None:
        """Closed, and the reader gone, unless it is the reader that asks."""
        self.close()
        reader = self.recv_thread
        if reader is not None and reader is not threading.current_thread():
            reader.join(timeout_s)

    def _read(self) -> bytes:
        """Silence is counted in slices: one in which everything stood still counts as one."""
        limit_s, silent_slices = self._limits.silence_limit_s, 0
        while silent_slices < _SILENCE_SLICES:
            try:
                data: bytes = self.sock.read(limit_s / _SILENCE_SLICES)
            except TimeoutError:
                silent_slices += 1
                continue
            self._on_arrival()
            if not data:
                raise HubLost("the server ended the connection")
            return data
        raise HubLost(f"nothing received for {limit_s:g} s")

    def _take(self, data: bytes) -> None:
        for opcode, payload in self._frames.feed(data):
            if opcode in (Opcode.TEXT, Opcode.BINARY):
                self.on_message(self, payload)
            elif opcode is Opcode.PING:
                self.send(payload, Opcode.PONG)
            elif opcode is Opcode.CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else "none"
                raise HubLost(f"the server closed the connection, code {code}")

    def _upgrade(self) -> bytes:
        """The WebSocket is agreed; returns the bytes that came right after the answer."""
        parts = urlsplit(self.url)
        key = base64.b64encode(os.urandom(16))
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        request = (
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        deadline = time.monotonic() + self._limits.upgrade_timeout_s
        self.sock.write(request.encode(), self._limits.write_timeout_s)
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = self.sock.read(max(deadline - time.monotonic(), 0))
            if not data:
                raise HubLost("the server ended the connection during the upgrade")
            answer += data
            if len(answer) > _HEAD_BYTES_MAX:
                raise UpgradeRefused("the upgrade was answered without end", status=None)
        head, _, rest = answer.partition(b"\r\n\r\n")
        _require_upgraded(head, key)
        return rest


def _require_upgraded(head: bytes, key: bytes) -> None:
    """Raises UpgradeRefused unless this is 101 with our key's answer. Source: RFC 6455, 4.1."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    status = int(code) if code.isdecimal() else None
    if not version.startswith("HTTP/1.") or status != 101:
        raise UpgradeRefused(f"the upgrade was answered with {first[:80]!r}", status=status)
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    digest = hashlib.sha1(key + _ACCEPT_SALT, usedforsecurity=False).digest()
    if (
        fields.get("upgrade", "").lower() != "websocket"
        or "upgrade" not in fields.get("connection", "").lower()
        or fields.get("sec-websocket-accept") != base64.b64encode(digest).decode()
    ):
        raise UpgradeRefused("the server's 101 does not answer our upgrade", status=101)
