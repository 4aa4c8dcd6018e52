"""Three clients of the same market hub, one a process: `python hub_clients.py KIND PORT COUNT`.

`ours` is the gateway's Realtime down to the model's events, `shipped` signalrcore as it comes,
`floor` the least that a client can do: picows and one msgspec decode a record. Each prints one
line of JSON: CPU microseconds a message from the first to the last, messages a second, and the
latency from the server's socket to the handler, in microseconds, of every 50th message.
"""

import asyncio
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

_EVERY = 50
_SUBSCRIBE = (
    "SubscribeContractQuotes",
    "SubscribeContractTrades",
    "SubscribeContractMarketDepth",
)


class Meter:
    """Counts messages; told of every one, it asks for the stamp of every 50th alone."""

    def __init__(self, wanted: int) -> None:
        self.done = threading.Event()
        self._wanted = wanted
        self._count = 0
        self._latencies: list[float] = []
        self._began = (0.0, 0.0)
        self._ended = (0.0, 0.0)

    def count(self, stamp: Callable[[], datetime]) -> None:
        self._count += 1
        count = self._count
        if count == 1:
            self._began = (time.perf_counter(), _cpu_s())
        if count % _EVERY == 0:
            self._latencies.append((datetime.now(UTC) - stamp()).total_seconds() * 1e6)
        if count == self._wanted:
            self._ended = (time.perf_counter(), _cpu_s())
            self.done.set()

    def report(self) -> dict[str, float]:
        took_s, cpu_s = (self._ended[i] - self._began[i] for i in range(2))
        ordered = sorted(self._latencies)
        return {
            "cpu_us": cpu_s / self._wanted * 1e6,
            "per_s": self._wanted / took_s,
            "p50_us": ordered[len(ordered) // 2],
            "p99_us": ordered[len(ordered) * 99 // 100],
        }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(port: int, meter: Meter) -> None:
    from hub_server import CONTRACT

    from pxcore.clock.clocks import WallClock
    from pxcore.gateway.hubs import Realtime
    from pxcore.model import Contract, DepthLevel, MarketTrade, Quote

    mnq = Contract(
        id=CONTRACT,
        name="MNQZ6",
        description="",
        symbol_id="F.US.MNQ",
        tick_size=Decimal("0.25"),
        tick_value=Decimal("0.5"),
        is_active=True,
    )
    market = (Quote, MarketTrade, DepthLevel)

    def deliver(event: object) -> None:
        if type(event) in market:
            meter.count(lambda: event.happened_at)  # type: ignore[attr-defined]

    realtime = Realtime(
        rtc_url=f"http://127.0.0.1:{port}",
        token=lambda: "t",
        account_id=1,
        contracts={mnq.id: mnq},
        deliver=deliver,
        clock=WallClock(),
        wants_depth=True,
    )
    realtime.market.start()
    meter.done.wait()
    realtime.stop()


def shipped(port: int, meter: Meter) -> None:
    from hub_server import CONTRACT
    from signalrcore.hub_connection_builder import HubConnectionBuilder

    hub = (
        HubConnectionBuilder()
        .with_url(
            f"ws://127.0.0.1:{port}/hubs/market?access_token=t",
            options={"skip_negotiation": True},
        )
        .build()
    )
    is_open = threading.Event()
    hub.on_open(is_open.set)

    def handle(arguments: list) -> None:  # type: ignore[type-arg]
        row = arguments[1]
        first = row[0] if isinstance(row, list) else row
        meter.count(lambda: datetime.fromisoformat(first["timestamp"]))

    for target in ("GatewayQuote", "GatewayTrade", "GatewayDepth"):
        hub.on(target, handle)
    hub.start()
    is_open.wait()
    for method in _SUBSCRIBE:
        hub.send(method, [CONTRACT])
    meter.done.wait()


def floor(port: int, meter: Meter) -> None:
    import msgspec
    import picows
    from hub_server import CONTRACT

    class Row(msgspec.Struct, gc=False):
        timestamp: datetime
        price: float | None = None
        bestBid: float | None = None
        bestAsk: float | None = None

    class Invocation(msgspec.Struct, gc=False):
        type: int
        target: str = ""
        arguments: tuple[str, Row | list[Row]] | None = None

    decode = msgspec.json.Decoder(Invocation).decode

    class Listener(picows.WSListener):  # type: ignore[misc]
        def on_ws_connected(self, transport: picows.WSTransport) -> None:
            hello = [{"protocol": "json", "version": 1}]
            calls = [
                {"type": 1, "invocationId": str(n), "target": method, "arguments": [CONTRACT]}
                for n, method in enumerate(_SUBSCRIBE)
            ]
            for said in hello + calls:
                transport.send(picows.WSMsgType.TEXT, json.dumps(said).encode() + b"\x1e")

        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            payload = frame.get_payload_as_memoryview()
            if len(payload) < 64:  # the handshake's answer and the completions
                return
            arguments = decode(payload[:-1]).arguments
            assert arguments is not None
            row = arguments[1]
            meter.count(lambda: (row[0] if type(row) is list else row).timestamp)
            if meter.done.is_set():
                transport.disconnect()

    async def run() -> None:
        url = f"ws://127.0.0.1:{port}/hubs/market?access_token=t"
        transport, _ = await picows.ws_connect(Listener, url)
        await transport.wait_disconnected()

    asyncio.run(run())


KINDS = {"ours": ours, "shipped": shipped, "floor": floor}

if __name__ == "__main__":
    made = Meter(int(sys.argv[3]))
    KINDS[sys.argv[1]](int(sys.argv[2]), made)
    print(json.dumps(made.report()), flush=True)
    sys.stdout.flush()
    import os

    os._exit(0)  # signalrcore's reader would wait for the server's next byte
