"""Under ASGI: WebSocket messages in fragments, and the socket itself for those who must cut it.

The venue's server sends a message of more than about 4 kB as several fragments (signalrcore
reference, 2.9 and 4), which uvicorn never does; and a torn connection is a fault that ASGI has no
word for. Both need the protocol classes, which are subclassed here and nowhere else.
"""

import asyncio
from typing import Any

import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FRAGMENT_BYTES = 4096
_TRANSPORT = "px.transport"  # in the scope of a request or socket
_STOP_S = 1


class HttpProtocol(H11Protocol):
    """Lets the application have the connection that a request came over."""

    def handle_events(self) -> None:
        super().handle_events()
        if self.scope is not None:
            _lend(self.scope, self.transport)


class SocketProtocol(WebSocketsSansIOProtocol):
    """Also sends large messages in fragments; one may end inside a character."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            _lend(self.scope, self.transport)

    async def send(self, message: Any) -> None:
        text = message.get("text") if message["type"] == "websocket.send" else None
        data = text.encode() if text and len(text) > _FRAGMENT_BYTES else b""
        if len(data) <= _FRAGMENT_BYTES or not self.handshake_complete or self.close_sent:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.conn.send_text(data[:_FRAGMENT_BYTES], fin=False)
        for start in range(_FRAGMENT_BYTES, len(data), _FRAGMENT_BYTES):
            end = start + _FRAGMENT_BYTES
            self.conn.send_continuation(data[start:end], fin=end >= len(data))
        self.transport.write(b"".join(self.conn.data_to_send()))


def _lend(scope: Any, transport: asyncio.Transport) -> None:
    scope[_TRANSPORT] = transport


def cut(caller: HTTPConnection, *, is_reset: bool) -> None:
    """Ends the caller's connection now, with a TCP reset or a plain close."""
    transport = caller.scope.get(_TRANSPORT)
    if not isinstance(transport, asyncio.Transport):
        return
    if is_reset:
        transport.abort()
    else:
        transport.close()


def server_config(app: ASGIApp, *, port: int = 0) -> uvicorn.Config:
    """How the paper gateway is served: quietly, without pings and compression of uvicorn's own."""
    return uvicorn.Config(
        app,
        port=port,
        http=HttpProtocol,
        ws=SocketProtocol,
        log_level="warning",
        access_log=False,
        ws_ping_interval=None,  # its payload kills some clients; SignalR has pings of its own
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_STOP_S,
    )
