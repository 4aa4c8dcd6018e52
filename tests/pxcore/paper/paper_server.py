"""A paper gateway in a thread of the test's own process, and small clients for it."""

import asyncio
import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN, START_USD, quote
from patience import patience
from waiting import until
from websockets.sync.client import ClientConnection, connect

from pxcore.clock.clocks import ShiftedClock
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.markets.market import Tape
from pxcore.paper.markets.synthetic import synthetic
from pxcore.paper.server.app import ServerConfig, create_app
from pxcore.paper.server.transport import server_config
from pxcore.paper.server.venue import PaperVenue

END = "\x1e"
CONTROL_KEY = "key"  # as that of the log-in
Json = dict[str, Any]


class Gateway:
    """REST with the token of one login."""

    def __init__(
        self,
        port: int,
        venue: PaperVenue | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        clock: ShiftedClock | None = None,
        *,
        key: str = CONTROL_KEY,
    ) -> None:
        self._key = key
        self.venue = venue
        self.clock = clock
        self.address = ("127.0.0.1", port)
        self._loop = loop
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self.sockets = f"ws://127.0.0.1:{port}"
        self.token = ""

    def run(self, action: Callable[[PaperVenue], object]) -> None:
        """Does something to the venue on its own loop, and lets it take effect."""

        async def on_the_loop() -> None:
            assert self.venue is not None
            self.venue.settle()
            action(self.venue)
            self.venue.settle()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result(patience(5))

    def wait_until(self, is_it: Callable[[PaperVenue], bool]) -> None:
        """Returns once it is so; asks on the venue's own loop."""

        async def on_the_loop() -> bool:
            assert self.venue is not None
            return is_it(self.venue)

        def is_so() -> bool:
            assert self._loop is not None
            asked = asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop)
            return asked.result(patience(5))

        until(is_so)

    def wait_for_file(self, path: Path, text: str) -> None:
        """Returns once the file holds this text; asks the gateway meanwhile."""

        def is_there() -> bool:
            self.send("/api/Status/ping", None)
            return path.exists() and text in path.read_text()

        until(is_there, what=f"{path} holds {text}")

    def log_in(self) -> "Gateway":
        _, answer = self.post("/api/Auth/loginKey", userName="trader01", apiKey=self._key)
        self.token = answer["token"]
        return self

    def post(self, path: str, /, **body: object) -> tuple[int, Json]:
        status, text, _ = self.send(path, json.dumps(body).encode())
        return status, json.loads(text) if text else {}

    def post_raw(self, path: str, body: object) -> tuple[int, Any]:
        status, text, _ = self.send(path, json.dumps(body).encode())
        return status, json.loads(text)

    def get(self, path: str) -> Json:
        answer: Json = json.loads(self.send(path, None)[1])
        return answer

    def delete(self, path: str) -> Json:
        answer: Json = json.loads(self.send(path, None, method="DELETE")[1])
        return answer

    def send(
        self, path: str, body: bytes | None, *, bearer: str | None = None, method: str | None = None
    ) -> tuple[int, str, Mapping[str, str]]:
        is_control = path.lower().startswith("/paper/")
        token = (self._key if is_control else self.token) if bearer is None else bearer
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=patience(5)) as response:
                return response.status, response.read().decode(), dict(response.headers)
        except urllib.error.HTTPError as error:
            return (
                error.code,
                error.read().decode(),
                {k.lower(): v for k, v in error.headers.items()},
            )

    def hub(self, name: str) -> "Hub":
        return Hub(f"{self.sockets}/hubs/{name}?access_token={self.token}")


class Hub:
    """A hand-held SignalR client that shakes hands at once.

    It reads ahead without limit, unless `receive_buffer` (bytes) makes it one that hardly reads.
    """

    def __init__(self, url: str, version: int = 1, receive_buffer: int | None = None) -> None:
        raw, queue = None, None
        if receive_buffer is not None:
            address = urllib.parse.urlsplit(url)
            raw, queue = socket.socket(), 1
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            raw.connect((address.hostname, address.port))
        self.socket: ClientConnection = connect(
            url,
            compression=None,
            max_queue=queue,
            sock=raw,
            open_timeout=patience(10),
            close_timeout=patience(5),
            ping_interval=None,  # how soon the gateway answers is for a test to judge
        )
        self.records: list[Json] = []
        self._calls = 0
        self.send({"protocol": "json", "version": version})
        self.greeting = self.receive()

    def send(self, message: Json) -> None:
        self.socket.send(json.dumps(message) + END)

    def receive(self) -> Json:
        while not self.records:
            frame = self.socket.recv(timeout=patience(10))
            assert isinstance(frame, str) and frame.endswith(END)
            self.records = [json.loads(record) for record in frame[:-1].split(END)]
        return self.records.pop(0)

    def call(self, method: str, *arguments: object) -> Json:
        """Invokes and returns the completion; events before it are lost."""
        self._calls += 1
        number = str(self._calls)
        self.send(
            {"type": 1, "invocationId": number, "target": method, "arguments": list(arguments)}
        )
        return self.until(lambda record: record.get("invocationId") == number)

    def event(self, target: str) -> list[Any]:
        """The arguments of the next event of this name."""
        arguments: list[Any] = self.until(lambda r: r.get("target") == target)["arguments"]
        return arguments

    def until(self, is_it: Callable[[Json], bool]) -> Json:
        for _ in range(500_000):
            record = self.receive()
            if is_it(record):
                return record
        raise AssertionError("not among the next 500,000 records")


def fixed_tape() -> Tape:
    """One quote and then silence."""
    return iter([quote(0, 100_000, 100_001)])


def lively_tape() -> Tape:
    return synthetic(MNQ, start=OPEN, seed=1)


@contextmanager
def serving(
    tape: Tape,
    *,
    config: ServerConfig | None = None,
    speed: float = 1.0,
    venue: PaperVenue | None = None,
) -> Iterator[Gateway]:
    """The market begins at OPEN, now; a venue of the caller's own brings its own tape."""
    clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=speed)
    exchange = Exchange(
        contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "PRAC-V2-1", START_USD),), seed=7
    )
    venue = venue or PaperVenue(exchange=exchange, tape=tape, clock=clock)
    app = create_app(venue, config or ServerConfig(rest_limit=None, bars_limit=None))
    server = _Announcing(server_config(app))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.is_listening.wait(patience(5))
    try:
        yield Gateway(server.servers[0].sockets[0].getsockname()[1], venue, server.loop, clock)
    finally:
        server.should_exit = True
        thread.join(patience(5))
    assert not thread.is_alive()


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.is_listening.set()


def entry(tag: str = "T", **more: object) -> Json:
    """The body of a bracketed market buy of one MNQ."""
    body: Json = {
        "accountId": ACCOUNT,
        "contractId": "CON.F.US.MNQ.Z26",
        "type": 2,
        "side": 0,
        "size": 1,
        "limitPrice": None,
        "stopPrice": None,
        "trailPrice": None,
        "customTag": tag,
        "stopLossBracket": {"ticks": -40, "type": 4},
        "takeProfitBracket": {"ticks": 80, "type": 1},
    }
    return body | more


SINCE = (OPEN.replace(year=2020)).isoformat()
