"""One connection that is kept open for instructions, so that none waits for anything to leave.

A request is made of prepared bytes and handed to the system in one call that never waits, by
whoever decided it; its reply is read by a thread that has the time. One request is on its way at a
time. What cannot leave at once goes the slower way (`channel`), as long as nothing of it has left.
"""

import http.client
import io
import threading
import time
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from pxcore.gateway.rest.channel import BODY_BYTES_MAX, Reply, place_of
from pxcore.gateway.stream import Stream
from pxcore.model import OutcomeUnknown

_PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # until the next attempt at opening it


class OrderLine:
    """`keep` is for a thread with time, `send` for any, `reply` for one that may wait."""

    def __init__(self, base_url: str, *, connect_timeout_s: float, reply_timeout_s: float) -> None:
        url = urlsplit(base_url)
        self._base_url = base_url.rstrip("/")
        self._path = url.path.rstrip("/")
        self._connect_timeout_s = connect_timeout_s
        self._reply_timeout_s = reply_timeout_s
        self._fields = (
            f"Host: {url.netloc}\r\nUser-Agent: {requests.utils.default_user_agent()}\r\n"
            "Accept: application/json\r\nConnection: keep-alive\r\n"
        )
        self._turn = threading.Lock()  # held from a request to the end of its reply
        self._stream: Stream | None = None
        self._request = b""
        self._rest = b""
        self._deadline_s = 0.0
        self._asked_for = ""
        self._used_s = 0.0
        self._failures = 0
        self._next_try_s = 0.0
        self._is_closed = False

    @property
    def idle_s(self) -> float:
        """Since a reply came on it last, or it was opened."""
        return time.monotonic() - self._used_s

    def keep(self) -> bool:
        """Opens it where it is not open, with longer and longer pauses while that fails. True when
        it is open. May take as long as a connection does.
        """
        if not self._turn.acquire(blocking=False):
            return True  # it is in use, so it is open
        try:
            if self._is_closed or self._is_good():
                return not self._is_closed
            if time.monotonic() < self._next_try_s:
                return False
            return self._open()
        finally:
            self._turn.release()

    def take(self, method: str, path: str, body: bytes | None, token: str | None) -> bool:
        """True when this request may leave now, and nobody else's will: then `send` or `give_back`
        is to be called, once. Waits for nothing.
        """
        request = self._written(method, path, body, token)
        if not self._turn.acquire(blocking=False):
            return False
        if self._is_closed or not self._is_good():
            self._turn.release()
            return False
        self._request, self._asked_for = request, path
        return True

    def give_back(self) -> None:
        self._turn.release()

    def send(self) -> bool:
        """True when the request is on its way: then `reply` is to be called, once. False when
        nothing of it has left. Waits for nothing.
        """
        stream = self._stream
        assert stream is not None  # it was taken
        self._deadline_s = time.monotonic() + self._reply_timeout_s
        try:
            rest = stream.write_at_once(self._request)
        except OSError:  # what left of it is not known: its reply says so
            rest = b""
            stream.abort()
        if rest is None:
            self._turn.release()
            return False
        self._rest = rest
        return True

    def reply(self) -> Reply:
        """The reply to what was sent. Raises OutcomeUnknown when there is no whole one in time."""
        stream = self._stream
        assert stream is not None
        keeps = False
        try:
            if self._rest:
                stream.write(self._rest, self._deadline_s - time.monotonic())
            reply, keeps = _read_reply(stream, self._deadline_s)
            self._used_s = time.monotonic()
            return reply
        except (OSError, http.client.HTTPException, ValueError) as error:
            where = f"{self._base_url}{self._asked_for}"
            cause = str(error) or type(error).__name__
            raise OutcomeUnknown(f"{where} gave no whole reply: {cause}") from None
        finally:
            if not keeps:
                self._drop()
            self._turn.release()

    def close(self) -> None:
        """Ends it for good, also while a reply is waited for."""
        self._is_closed = True
        if self._stream is not None:
            self._stream.abort()

    # -- the connection -----------------------------------------------------------------------

    def _is_good(self) -> bool:
        """Drops one that has ended, or says what nobody asked."""
        if self._stream is None:
            return False
        if self._stream.is_still():
            return True
        self._drop()
        return False

    def _open(self) -> bool:
        stream = Stream(self._base_url)
        try:
            stream.open(self._connect_timeout_s)
        except OSError:
            stream.close()
            pause_s = _PAUSES_S[min(self._failures, len(_PAUSES_S) - 1)]
            self._failures += 1
            self._next_try_s = time.monotonic() + pause_s
            return False
        self._failures = 0
        self._stream = stream
        self._used_s = time.monotonic()
        if self._is_closed:  # meanwhile
            stream.abort()
        return not self._is_closed

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _written(self, method: str, path: str, body: bytes | None, token: str | None) -> bytes:
        login = f"Authorization: Bearer {token}\r\n" if token else ""
        content = (
            ""
            if body is None
            else f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        head = f"{method} {self._path}{path} HTTP/1.1\r\n{self._fields}{login}{content}\r\n"
        return head.encode("latin-1") + (body or b"")


class _Reads(io.RawIOBase):
    """What a connection gives, until the deadline. A reply that drips has an end, too."""

    def __init__(self, stream: Stream, deadline_s: float) -> None:
        self._stream = stream
        self._deadline_s = deadline_s
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._stream.read(self._deadline_s - time.monotonic())
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)

    def makefile(self, mode: str) -> io.BufferedReader:
        """For `http.client`, which takes a socket."""
        return io.BufferedReader(self)


def _read_reply(stream: Stream, deadline_s: float) -> tuple[Reply, bool]:
    """It, and whether another request may go out on its connection."""
    response = http.client.HTTPResponse(_Reads(stream, deadline_s))  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read(BODY_BYTES_MAX + 1)
        if len(body) > BODY_BYTES_MAX:
            raise ValueError(f"it is longer than {BODY_BYTES_MAX} bytes")
        is_whole = response.isclosed()
        if not is_whole and (response.length or response.chunked):
            raise ValueError("it ended before its length")
        reply = Reply(
            response.status,
            body,
            response.headers.get("Date"),
            place_of(response.headers.get("Location")),
        )
        return reply, is_whole and not response.will_close
    finally:
        response.close()
