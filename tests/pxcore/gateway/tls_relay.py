"""TLS in front of a plain socket, by one thread: OpenSSL must not read and write one connection
at once, and the test's server does both.
"""

import select
import socket
import ssl
import threading
from contextlib import suppress

_PART = 65_536
_WANTS = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)


def behind_tls(sock: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """What the client sends and gets, decrypted. Raises OSError when the handshake fails."""
    tls = context.wrap_socket(sock, server_side=True)
    ours, inner = socket.socketpair()
    threading.Thread(target=_relay, args=(tls, inner), daemon=True).start()
    return ours


def _relay(tls: ssl.SSLSocket, inner: socket.socket) -> None:
    with suppress(OSError), tls, inner:
        tls.setblocking(False)
        inner.setblocking(False)
        waiting = {tls: b"", inner: b""}  # what each is yet to be sent
        while True:
            for source, target in ((tls, inner), (inner, tls)):
                if not waiting[target]:
                    data = _received(source)
                    if data == b"":
                        return
                    waiting[target] = data or b""
                waiting[target] = _left(target, waiting[target])
            writers = [one for one, data in waiting.items() if data]
            select.select([tls, inner], writers, [], 0 if tls.pending() else 0.05)


def _received(source: socket.socket) -> bytes | None:
    """Nothing at the end of the stream, None when there is nothing yet."""
    try:
        return source.recv(_PART)
    except _WANTS:
        return None


def _left(target: socket.socket, data: bytes) -> bytes:
    """What could not be sent yet."""
    if not data:
        return data
    try:
        return data[target.send(data) :]
    except _WANTS:
        return data
