"""Forwards every byte between a gateway and its clients, and notes when the two that count pass.

`python relay.py GATEWAY_PORT TRIGGERS`, a process of its own: who is measured does not measure.
It prints where it listens, then a line when the first trigger has passed and one when the last of
so many has, and at the end of its stdin all that it has noted. Of what the gateway sends, the stamp
is taken just before it goes on, of what a client sends when it has come; what passed is looked at
once it is on its way.
"""

import json
import os
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Protocol

MARK = b'"volume":77,"contractId"'  # of a print: in a quote nothing follows a volume so
PLACE = b"POST /api/Order/place "
_MARKET_HUB = b"GET /hubs/market"
_REQUEST = b" HTTP/1.1\r\n"
_END = b"\x1e"
_AT_ONCE = 1 << 18  # bytes


@dataclass(slots=True)
class Seen:
    """Moments are of the machine's monotonic clock, in nanoseconds. `triggers` have with them how
    many records of the market had passed by then.
    """

    triggers: list[tuple[int, int]] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    records: int = 0
    requests: int = 0


class Marks:
    """Counts a mark in a stream, also where it is cut in two."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._rest = b""

    def count(self, data: bytes) -> int:
        whole = self._rest + data
        self._rest = whole[max(len(whole) - len(self._mark) + 1, 0) :]
        return whole.count(self._mark)


class Frames:
    """What a WebSocket server says, without the heads of its frames: one may stand in the middle of
    a mark, for a long message comes in several. First comes its answer to the upgrade.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0  # of the frame that has begun
        self._is_open = False

    def payload(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        at = 0
        if not self._is_open:
            head, end, _ = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = data
                return b""
            self._is_open, at = True, len(head) + len(end)
        parts = []
        while at < len(data):
            if not self._left:
                size = _head_size(data, at)
                if at + size > len(data):
                    self._rest = data[at:]
                    break
                self._left = _payload_size(data, at, size)
                at += size
            part = data[at : at + self._left]
            parts.append(part)
            at += len(part)
            self._left -= len(part)
        return b"".join(parts)


def _head_size(data: bytes, at: int) -> int:
    """Nobody masks what a server says."""
    if at + 1 >= len(data):
        return 2
    return {126: 4, 127: 10}.get(data[at + 1], 2)


def _payload_size(data: bytes, at: int, head_size: int) -> int:
    return data[at + 1] if head_size == 2 else int.from_bytes(data[at + 2 : at + head_size], "big")


class Look(Protocol):
    def __call__(self, data: bytes, at_ns: int) -> None: ...


class MarketLook:
    """At what the market's hub says."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._frames = Frames()
        self._marks = Marks(MARK)

    def __call__(self, data: bytes, at_ns: int) -> None:
        payload = self._frames.payload(data)
        self._seen.records += payload.count(_END)
        for _ in range(self._marks.count(payload)):
            self._seen.triggers.append((at_ns, self._seen.records))


class ClientLook:
    """At what a client says; whether it is the market's hub that it speaks to."""

    def __init__(self, seen: Seen) -> None:
        self.is_market = False
        self._seen = seen
        self._is_hub: bool | None = None  # not known before its first bytes
        self._marks = Marks(PLACE)

    def __call__(self, data: bytes, at_ns: int) -> None:
        if self._is_hub is None:
            self._is_hub = data.startswith(b"GET /hubs/")
            self.is_market = data.startswith(_MARKET_HUB)
        if self._is_hub:
            return
        self._seen.requests += data.count(_REQUEST)
        self._seen.orders += [at_ns] * self._marks.count(data)


class Way:
    """One direction of a connection."""

    __slots__ = ("backlog", "is_over", "look", "sink", "source")

    def __init__(self, source: socket.socket, sink: socket.socket, look: Look | None) -> None:
        self.source, self.sink, self.look = source, sink, look
        self.backlog = b""  # not taken yet: nothing more is read until it is
        self.is_over = False

    def flush(self) -> None:
        try:
            self.backlog = self.backlog[self.sink.send(self.backlog) :]
        except BlockingIOError:
            return


class Link:
    """A client's connection and ours to the gateway for it."""

    def __init__(self, client: socket.socket, gateway: socket.socket, seen: Seen) -> None:
        self._seen = seen
        self._asks = ClientLook(seen)
        self._up = Way(client, gateway, self._asks)
        self._down = Way(gateway, client, None)
        self.ways = {client: (self._up, self._down), gateway: (self._down, self._up)}
        for one in self.ways:
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_over(self) -> bool:
        return self._up.is_over and self._down.is_over

    def events(self, end: socket.socket) -> int:
        """What this end is waited for."""
        reads, writes = self.ways[end]
        is_read = not (reads.is_over or reads.backlog)
        return selectors.EVENT_READ * is_read | selectors.EVENT_WRITE * bool(writes.backlog)

    def pass_on(self, way: Way, buffer: memoryview) -> None:
        """What has come, at once as far as it is taken. Raises OSError when either end is gone."""
        try:
            size = way.source.recv_into(buffer)
        except BlockingIOError:
            return
        now_ns = time.perf_counter_ns()
        acknowledge(way.source)
        if not size:
            way.is_over = True
            way.sink.shutdown(socket.SHUT_WR)
            return
        try:
            sent = way.sink.send(buffer[:size])
        except BlockingIOError:
            sent = 0
        data = bytes(buffer[:size])
        way.backlog = data[sent:]
        if way.look is not None:
            way.look(data, now_ns)
        if way is self._up and self._asks.is_market and self._down.look is None:
            self._down.look = MarketLook(self._seen)


def acknowledge(end: socket.socket) -> None:
    """At once, each time anew: nobody who waits for an acknowledgement before he sends the rest is
    measured by how long a system may put it off.
    """
    if hasattr(socket, "TCP_QUICKACK"):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class Relay:
    def __init__(self, gateway_port: int, triggers: int) -> None:
        self.seen = Seen()
        self._gateway_port = gateway_port
        self._told_at = sorted({1, triggers})
        self._selector = selectors.DefaultSelector()
        self._buffer = memoryview(bytearray(_AT_ONCE))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def run(self, until: int) -> None:
        """Until this descriptor is at its end."""
        self._selector.register(until, selectors.EVENT_READ, None)
        while True:
            for key, events in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.data, Link) and isinstance(key.fileobj, socket.socket):
                    self._serve(key.data, key.fileobj, events)
                elif not os.read(until, 4096):
                    return

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        gateway = socket.create_connection(("127.0.0.1", self._gateway_port))
        link = Link(client, gateway, self.seen)
        for end in link.ways:
            self._selector.register(end, selectors.EVENT_READ, link)

    def _serve(self, link: Link, end: socket.socket, events: int) -> None:
        if end.fileno() < 0:
            return  # its other end has closed both, in this same turn
        before = {one: link.events(one) for one in link.ways}
        reads, writes = link.ways[end]
        try:
            if events & selectors.EVENT_WRITE:
                writes.flush()
            if events & selectors.EVENT_READ:
                link.pass_on(reads, self._buffer)
        except OSError:
            self._close(link)
            return
        if link.is_over:
            self._close(link)
            return
        for one, events_before in before.items():
            self._wait_for(link, one, events_before)
        while self._told_at and len(self.seen.triggers) >= self._told_at[0]:
            say({"triggers": self._told_at.pop(0)})

    def _wait_for(self, link: Link, end: socket.socket, before: int) -> None:
        wanted = link.events(end)
        if wanted == before:
            return
        if not before:
            self._selector.register(end, wanted, link)
        elif not wanted:
            self._selector.unregister(end)
        else:
            self._selector.modify(end, wanted, link)

    def _close(self, link: Link) -> None:
        for end in link.ways:
            if end in self._selector.get_map():
                self._selector.unregister(end)
            end.close()


def say(line: object) -> None:
    print(json.dumps(line), flush=True)


def main(gateway_port: int, triggers: int) -> None:
    relay = Relay(gateway_port, triggers)
    say({"listening": relay.port})
    relay.run(sys.stdin.fileno())
    seen = relay.seen
    say(
        {
            "triggers": seen.triggers,
            "orders": seen.orders,
            "records": seen.records,
            "requests": seen.requests,
        }
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
