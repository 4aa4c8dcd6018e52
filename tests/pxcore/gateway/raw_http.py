"""A threaded HTTP server on raw sockets whose every answer, or lack of one, a test scripts."""

import contextlib
import json
import selectors
import socket
import ssl
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from patience import patience
from tls_relay import behind_tls

WAIT_S = patience(5)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str | None
    body: Any


Step = Callable[[socket.socket], bool]  # does it, and says whether the connection lives on


def answer(
    status: int = 200, body: Any = None, *, raw: bytes | None = None, location: str | None = None
) -> Step:
    payload = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    leads = "" if location is None else f"Location: {location}\r\n"

    def step(sock: socket.socket) -> bool:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(payload)}\r\n{leads}\r\n"
        sock.sendall(head.encode("latin-1") + payload)
        return True

    return step


def good(**fields: Any) -> Step:
    return answer(body={"success": True, "errorCode": 0, "errorMessage": None, **fields})


def bad(code: int, text: str | None = None, **fields: Any) -> Step:
    return answer(body={"success": False, "errorCode": code, "errorMessage": text, **fields})


def hang_up(sock: socket.socket) -> bool:
    """Taken, and the connection ended without a reply."""
    return False


def reset(sock: socket.socket) -> bool:
    """Taken, and the connection reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def drip(sock: socket.socket) -> bool:
    """A reply whose every byte comes in time and whose end does not come."""
    sock.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n")
    return _dripped(sock, b" ")


def drip_line(sock: socket.socket) -> bool:
    """As above, of its first line."""
    return _dripped(sock, b"H")


def drip_headers(sock: socket.socket) -> bool:
    """As above, of its headers."""
    sock.sendall(b"HTTP/1.1 200 X\r\nX-Long: ")
    return _dripped(sock, b"x")


def _dripped(sock: socket.socket, what: bytes) -> bool:
    peer_gone = selectors.DefaultSelector()
    peer_gone.register(sock, selectors.EVENT_READ)
    with contextlib.suppress(OSError):
        while not peer_gone.select(timeout=0.02):
            sock.sendall(what)
    return False


def half_a_reply(sock: socket.socket) -> bool:
    sock.sendall(b'HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n{"success"')
    return False


def answer_and_hang_up(step: Step) -> Step:
    """A keep-alive answer on a connection that is gone right after it."""

    def both(sock: socket.socket) -> bool:
        step(sock)
        return False

    return both


class RawHttp:
    """Answers what `script` says for a path, in order; the last step is repeated."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None) -> None:
        self._tls = ssl_context
        self.requests: list[Request] = []
        self.connections = 0
        self.ended = threading.Semaphore(0)  # released for every connection that we ended
        self._script: dict[str, deque[Step]] = defaultdict(deque)
        self._tokens = 0
        self._over = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if ssl_context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, path: str, *steps: Step) -> None:
        self._script[path] = deque(steps)

    def silence(self, sock: socket.socket) -> bool:
        """A step: taken, and no reply for as long as the test lasts."""
        self._over.wait()
        return False

    def asked(self, path: str) -> list[Request]:
        return [r for r in self.requests if r.path == path]

    def close(self) -> None:
        self._over.set()
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
            self.connections += 1
            self._sockets.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        if self._tls is not None:
            try:
                sock = behind_tls(sock, self._tls)
            except OSError:
                return
        reader = sock.makefile("rb")
        try:
            while request := self._read(reader):
                self.requests.append(request)
                if not self._step(request)(sock):
                    break
        except (OSError, ValueError):
            return
        finally:
            reader.close()
            sock.close()
            self.ended.release()

    def _step(self, request: Request) -> Step:
        steps = self._script[request.path]
        if steps:
            return steps.popleft() if len(steps) > 1 else steps[0]
        if request.path == "/api/Auth/loginKey":
            self._tokens += 1
            return good(token=f"token-{self._tokens}")
        return answer(404)

    @staticmethod
    def _read(reader: Any) -> Request | None:
        line = reader.readline().decode().split()
        if not line:
            return None
        fields: dict[str, str] = {}
        while text := reader.readline().decode().strip():
            name, _, value = text.partition(":")
            fields[name.lower()] = value.strip()
        body = reader.read(int(fields.get("content-length", 0)))
        token = fields.get("authorization", "").removeprefix("Bearer ") or None
        path = line[1].partition("?")[0]
        return Request(line[0], path, token, json.loads(body) if body else None)
