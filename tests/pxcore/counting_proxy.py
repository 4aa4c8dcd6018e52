"""A proxy on a free port that writes down what it is asked for: CONNECT, and SOCKS 4a and 5.

It looks no name up: every connection leads to one place. A paper gateway answers to its own name
alone, so the one that was asked for is put right in what goes there.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from patience import patience

_WAIT_S = patience(5)


@dataclass
class CountingProxy:
    """`asked` is how and for which host and port, `logins` what came as user and password."""

    address: tuple[str, int]
    leads_to: tuple[str, int] | None
    refuses_with: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    def url(self, scheme: str = "http", login: str = "") -> str:
        return f"{scheme}://{login}{self.address[0]}:{self.address[1]}"

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(_WAIT_S)
            first = client.recv(1, socket.MSG_PEEK)
            by = {b"\x05": self._socks5, b"\x04": self._socks4}.get(first, self._connect)
            if not by(client) or self.leads_to is None:
                return
            with socket.create_connection(self.leads_to) as venue:
                _, host, port = self.asked[-1]
                names = (f"{host}:{port}".encode(), "{}:{}".format(*self.leads_to).encode())
                threads = [
                    threading.Thread(target=_carry, args=ends, daemon=True)
                    for ends in ((client, venue, *names), (venue, client, b" ", b" "))
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

    def _connect(self, client: socket.socket) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        first, *fields = head.decode().split("\r\n")
        method, target, _ = first.split()
        if method != "CONNECT":  # a request for itself: written down, and refused
            self.asked.append((method, target, 0))
            client.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
            return False
        host, _, port = target.rpartition(":")
        self.asked.append(("CONNECT", host, int(port)))
        self.logins += [f for f in fields if f.startswith("Proxy-Authorization")]
        if self.refuses_with:
            client.sendall(f"HTTP/1.1 {self.refuses_with}\r\n\r\n".encode())
            return False
        for part in (b"HTTP/1.1 200 Connection est", b"ablished\r\nVia: us\r\n", b"\r\n"):
            client.sendall(part)
        return True

    def _socks5(self, client: socket.socket) -> bool:
        _, methods = _exactly(client, 2)
        wants_login = 2 in _exactly(client, methods)
        client.sendall(b"\x05\x02" if wants_login else b"\x05\x00")
        if wants_login:
            _, length = _exactly(client, 2)
            user = _exactly(client, length)
            password = _exactly(client, _exactly(client, 1)[0])
            self.logins.append(f"{user.decode()}:{password.decode()}")
            client.sendall(b"\x01\x00")
        _, _, _, kind = _exactly(client, 4)
        size = _exactly(client, 1)[0] if kind == 3 else 4
        name = _exactly(client, size)
        host = name.decode() if kind == 3 else socket.inet_ntoa(name)
        (port,) = struct.unpack(">H", _exactly(client, 2))
        self.asked.append(("SOCKS5", host, port))
        client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return True

    def _socks4(self, client: socket.socket) -> bool:
        _, _, port = struct.unpack(">BBH", _exactly(client, 4))
        _exactly(client, 4)
        texts = [b"", b""]
        for number in range(2):
            while (byte := _exactly(client, 1)) != b"\x00":
                texts[number] += byte
        self.asked.append(("SOCKS4", texts[1].decode(), port))
        client.sendall(b"\x00\x5a\x00\x00\x00\x00\x00\x00")
        return True


@contextmanager
def counting_proxy(leads_to: tuple[str, int] | None = None) -> Iterator[CountingProxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CountingProxy(listener.getsockname(), leads_to)

        def accept() -> None:
            with suppress(OSError):  # the listener was closed
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise OSError("it ended")
        data += part
    return data


def _carry(source: socket.socket, target: socket.socket, asked: bytes, own: bytes) -> None:
    source.settimeout(None)
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data.replace(asked, own))
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
