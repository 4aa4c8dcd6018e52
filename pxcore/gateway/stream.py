"""A TCP connection, perhaps under TLS, with a time limit on every wait and an end at will.

One thread reads, any thread writes. The socket never blocks: each call on it is short and
made under one lock, because OpenSSL must not read and write one connection at once (cpython
issues 143756 and 151508); waiting happens outside of it.
"""

import errno
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pxcore.gateway.passage import open_through
from pxcore.host.proxies import proxy_to

_READ_BYTES: Final = 64 * 1024

T = TypeVar("T")


class Aborted(OSError):
    """We ended the connection ourselves."""


class Stream:
    def __init__(self, url: str, *, ssl_context: ssl.SSLContext | None = None) -> None:
        """Nothing is connected yet. `ssl_context` defaults to the system's trusted roots.

        Raises Misconfigured for a proxy on the way that cannot be used.
        """
        parts = urlsplit(url)
        self._through = proxy_to(url)
        self._is_tls = parts.scheme in ("https", "wss")
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._ssl_context = ssl_context
        self._sock: socket.socket | None = None
        self._is_aborted = False
        self._state_lock = threading.Lock()
        self._io_lock = threading.Lock()
        self._write_lock = threading.Lock()

    def open(self, timeout_s: float) -> None:
        """Connected, and TLS agreed. Raises OSError; TimeoutError is one.

        Of several addresses each gets its share of the time: one may be a dead end.
        """
        deadline = time.monotonic() + timeout_s
        sock = self._open_past(deadline) if self._through is None else self._open_through(timeout_s)
        if self._is_tls:
            self._agree_tls(sock, deadline)

    def _open_through(self, timeout_s: float) -> socket.socket:
        assert self._through is not None
        sock = open_through(self._through, self._host, self._port, timeout_s)
        sock.setblocking(False)
        self._adopt(sock)
        return sock

    def _open_past(self, deadline: float) -> socket.socket:
        addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        failure: OSError = OSError(f"{self._host} has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            now = time.monotonic()
            share_s = (deadline - now) / (len(addresses) - tried)
            try:
                return self._connect(socket.socket(family, kind, protocol), address, now + share_s)
            except Aborted:
                raise
            except OSError as error:
                failure = error
        raise failure

    def _connect(self, sock: socket.socket, address: Any, deadline: float) -> socket.socket:
        sock.setblocking(False)
        self._adopt(sock)
        try:
            code = sock.connect_ex(address)
            if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
                self._wait(sock, deadline, to_write=True)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if self._is_aborted:
                raise Aborted("ended while connecting")
            if code:
                raise OSError(code, os.strerror(code))
        except OSError:
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _agree_tls(self, sock: socket.socket, deadline: float) -> None:
        context = self._ssl_context or ssl.create_default_context()
        secured = context.wrap_socket(
            sock, server_hostname=self._host, do_handshake_on_connect=False
        )
        self._adopt(secured)
        self._patiently(secured, secured.do_handshake, deadline, to_write=False)

    def _adopt(self, sock: socket.socket) -> None:
        """From here on `abort` ends this socket."""
        with self._state_lock:
            self._sock = sock
            if self._is_aborted:
                raise Aborted("ended while connecting")

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte; b"" at the end of the stream."""
        sock = self._open_socket()
        deadline = time.monotonic() + timeout_s
        if not (isinstance(sock, ssl.SSLSocket) and self._is_decrypted(sock)):
            self._wait(sock, deadline, to_write=False)  # most reads would only find that nothing is
        return self._patiently(sock, partial(sock.recv, _READ_BYTES), deadline, to_write=False)

    def _is_decrypted(self, sock: ssl.SSLSocket) -> bool:
        """Bytes lie ready that the socket itself would not show."""
        with self._io_lock:
            return sock.pending() > 0

    def write(self, data: bytes, timeout_s: float) -> None:
        """All of it has been handed to the system. Whole writes never mix."""
        sock = self._open_socket()
        deadline = time.monotonic() + timeout_s
        if not self._write_lock.acquire(timeout=timeout_s):
            raise TimeoutError("timed out behind another write")
        try:
            rest = memoryview(data)
            while rest:
                sent = self._patiently(sock, partial(sock.send, rest), deadline, to_write=True)
                rest = rest[sent:]
        finally:
            self._write_lock.release()

    def write_at_once(self, data: bytes) -> bytes | None:
        """Hands over what the system takes without waiting; returns the rest, for `write`, or None
        when nothing was taken. For a connection on which nobody writes at the same time.

        What TLS does not take at once may be on its way in part: it is the rest then. Raises
        OSError, after which nobody can say what has left.
        """
        sock = self._open_socket()
        with self._io_lock:
            try:
                sent = sock.send(data)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return data
            except BlockingIOError:
                return None
        return data[sent:]

    def is_still(self) -> bool:
        """Connected, and nothing has come that nobody asked for: neither bytes nor the end."""
        try:
            sock = self._open_socket()
            with self._io_lock:
                sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def abort(self) -> None:
        """The peer is told, and every read and write that waits ends at once."""
        with self._state_lock:
            self._is_aborted = True
            if self._sock is not None:
                try:
                    # Not SSLSocket.shutdown: that would first strip the TLS from a socket in use.
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
                except OSError:
                    return  # not connected any more, which is what is wanted

    def close(self) -> None:
        """Gives the descriptor back. Only for the thread that reads, after its last read."""
        self.abort()
        with self._write_lock, self._io_lock, self._state_lock:
            if self._sock is not None:
                self._sock.close()
                self._sock = None

    def _open_socket(self) -> socket.socket:
        with self._state_lock:
            if self._sock is None or self._is_aborted:
                raise Aborted("the connection is closed")
            return self._sock

    def _patiently(
        self, sock: socket.socket, act: Callable[[], T], deadline: float, *, to_write: bool
    ) -> T:
        """The result of `act`, repeated as often as the socket is not ready."""
        while True:
            if self._is_aborted:
                raise Aborted("the connection is closed")
            with self._io_lock:
                try:
                    return act()
                except ssl.SSLWantWriteError:
                    waits_to_write = True
                except ssl.SSLWantReadError:
                    waits_to_write = False
                except BlockingIOError:
                    waits_to_write = to_write
            self._wait(sock, deadline, to_write=waits_to_write)

    def _wait(self, sock: socket.socket, deadline: float, *, to_write: bool) -> None:
        """Returns when the socket is ready. Raises TimeoutError at the deadline."""
        if self._is_aborted:  # before the socket was connecting: nothing would wake us
            raise Aborted("the connection is closed")
        wanted: tuple[list[socket.socket], list[socket.socket]] = ([sock], [])
        if to_write:
            wanted = ([], [sock])
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not any(select.select(*wanted, [], left_s)):
            raise TimeoutError("timed out")
