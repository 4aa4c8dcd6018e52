"""The floor: the least that a client can do between the print and its order.

picows and one msgspec decode a record; the order is bytes that were there before, on a connection
that is open and has been used. Buys and sells in turn, one contract, no bracket.
"""

import asyncio
import json
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import msgspec
import picows
from task import TRIGGER_SIZE, Task, end_of_stdin, ready

_SUBSCRIBE = ("SubscribeContractQuotes", "SubscribeContractTrades")
_END = b"\x1e"
_PING_S = 10.0


class Row(msgspec.Struct, gc=False):
    volume: int = 0
    price: float | None = None
    bestBid: float | None = None
    bestAsk: float | None = None


class Record(msgspec.Struct, gc=False):
    type: int = 0
    target: str = ""
    invocationId: str = ""
    arguments: tuple[str, Row | list[Row]] | None = None


def token_of(task: Task) -> str:
    body = json.dumps({"userName": task.user, "apiKey": task.key}).encode()
    request = urllib.request.Request(task.url + "/api/Auth/loginKey", data=body)
    with urllib.request.urlopen(request, timeout=10) as answer:
        token: str = json.load(answer)["token"]
        return token


class Orders:
    """A connection on which an order is one write. Answers are taken and not looked at."""

    def __init__(self, task: Task, token: str) -> None:
        url = urlsplit(task.url)
        assert url.hostname is not None and url.port is not None
        self._socket = socket.create_connection((url.hostname, url.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"Host: {url.netloc}\r\nAuthorization: Bearer {token}\r\n"
        self._socket.sendall(f"GET /api/Status/ping HTTP/1.1\r\n{head}\r\n".encode())
        self._socket.recv(65536)
        self._next, self._other = (self._prepared(task, head, side) for side in (0, 1))
        asyncio.get_running_loop().add_reader(self._socket, self._socket.recv, 65536)

    @staticmethod
    def _prepared(task: Task, head: str, side: int) -> bytes:
        order = {
            "accountId": task.account_id,
            "contractId": task.contract_id,
            "type": 2,
            "side": side,
            "size": 1,
        }
        body = json.dumps(order).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return f"POST /api/Order/place HTTP/1.1\r\n{head}{kind}".encode() + body

    def place(self) -> None:
        self._socket.send(self._next)
        self._next, self._other = self._other, self._next


class Listener(picows.WSListener):  # type: ignore[misc]
    def __init__(self, task: Task, orders: Orders) -> None:
        self._task = task
        self._orders = orders
        self._decode = msgspec.json.Decoder(Record).decode
        self._unfinished = b""
        self._waiting = len(_SUBSCRIBE)

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        calls: list[dict[str, Any]] = [
            {
                "type": 1,
                "invocationId": str(n),
                "target": method,
                "arguments": [self._task.contract_id],
            }
            for n, method in enumerate(_SUBSCRIBE)
        ]
        for said in ({"protocol": "json", "version": 1}, *calls):
            transport.send(picows.WSMsgType.TEXT, json.dumps(said).encode() + _END)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if self._unfinished or not frame.fin:
            payload = self._unfinished + payload
            self._unfinished = b"" if frame.fin else payload
            if not frame.fin:
                return
        for data in payload.split(_END):
            if data:
                self._take(self._decode(data))

    def _take(self, record: Record) -> None:
        if record.arguments is not None:
            row = record.arguments[1]
            if type(row) is list and row[0].volume == TRIGGER_SIZE:
                self._orders.place()
        elif record.type == 3:
            self._waiting -= 1
            if not self._waiting:
                ready()


async def main() -> None:
    task = Task.given()
    token = token_of(task)
    orders = Orders(task, token)
    url = f"{task.url.replace('http', 'ws', 1)}/hubs/market?access_token={token}"
    transport, _ = await picows.ws_connect(lambda: Listener(task, orders), url)
    pings = asyncio.create_task(keep_alive(transport))
    await end_of_stdin()
    pings.cancel()
    transport.disconnect()


async def keep_alive(transport: picows.WSTransport) -> None:
    """A hub gives up a client that says nothing."""
    while True:
        await asyncio.sleep(_PING_S)
        transport.send(picows.WSMsgType.TEXT, b'{"type":6}' + _END)


if __name__ == "__main__":
    asyncio.run(main())
