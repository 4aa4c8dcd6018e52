"""A reply that comes a byte now and then has an end, too: for all of it, from its first line on.

A timeout of `requests` is for each read alone, and of a status line or a header that drips there is
no end of reads. Here the reads of one reply share one deadline.
"""

import io
import socket
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from pxcore.gateway.passage import open_through
from pxcore.host.proxies import Proxy

_CONNECT_S = 5.0  # where nothing else is said


class TimelyAdapter(HTTPAdapter):
    """For `requests`: the read timeout is for the whole reply. With `through`, each connection goes
    through that proxy.
    """

    def __init__(self, *, through: Proxy | None = None, max_retries: Retry | int = 0) -> None:
        self._through = through
        super().__init__(max_retries=max_retries)

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        way = {"through": self._through}
        plain = type("_Http", (_HttpConnection,), way)
        secure = type("_Https", (_HttpsConnection,), way)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("_HttpPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


class _Reads(io.RawIOBase):
    """What a socket gives, until the deadline."""

    def __init__(self, sock: Any, deadline_s: float) -> None:
        self._sock = sock
        self._deadline_s = deadline_s
        self._raw = sock.makefile("rb", buffering=0)  # while it is open, so is the socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left_s)
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Timely:
    """A socket whose reply is read in time; all else it does itself."""

    def __init__(self, sock: Any, deadline_s: float) -> None:
        self.sock = sock
        self._deadline_s = deadline_s

    def makefile(self, *mode: Any, **named: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self.sock, self._deadline_s))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def _in_time(connection: HTTPConnection, read: Callable[[], HTTPResponse]) -> HTTPResponse:
    """`timeout` of a connection is the read timeout that its request was made with."""
    sock: Any = connection.sock
    if isinstance(connection.timeout, int | float) and sock is not None:
        timely: Any = _Timely(sock, time.monotonic() + connection.timeout)
        connection.sock = timely
    try:
        return read()
    finally:
        if isinstance(connection.sock, _Timely):  # it stays open for the next request
            connection.sock = sock


class NoPassage(NewConnectionError):
    """The proxy gave no connection: nothing was sent."""

    def __init__(self, connection: HTTPConnection, why: str) -> None:
        self._why = why
        super().__init__(connection, why)

    def __str__(self) -> str:
        return self._why


class _Through(HTTPConnection):
    through: Proxy | None = None

    def _new_conn(self) -> socket.socket:
        """At this moment `timeout` is the time for connecting."""
        if self.through is None:
            return super()._new_conn()
        timeout_s = self.timeout if isinstance(self.timeout, int | float) else _CONNECT_S
        try:
            return open_through(self.through, self.host, self.port, timeout_s)
        except OSError as error:
            raise NoPassage(self, str(error)) from None


class _HttpConnection(_Through):
    def getresponse(self) -> Any:  # urllib3 answers with its own kind, whatever its types say
        return _in_time(self, super().getresponse)


class _HttpsConnection(_Through, HTTPSConnection):
    def getresponse(self) -> Any:  # urllib3 answers with its own kind, whatever its types say
        return _in_time(self, super().getresponse)
