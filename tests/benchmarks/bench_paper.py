"""How fast the paper gateway is. Run by `make bench-paper`; prints a line for each figure.

Three questions: how many market events a second the pure exchange takes with one working bracket;
whether one process serves 20 clients; how many market messages a second it brings to one client.
The server runs in a process of its own, the clients in this one; the figures are of this machine.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import psutil
from websockets.sync.client import connect

from pxcore.clock.clocks import ShiftedClock
from pxcore.model import OrderType, Side
from pxcore.paper.exchange import AccountSpec, Exchange, Leg, PlaceRequest, program_named
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.synthetic import synthetic

END = "\x1e"
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LISTED = catalogue(date(2026, 11, 20))
MNQ = find_contract(LISTED, "MNQ")
SUBJECTS = ("Quotes", "Trades", "MarketDepth")
EVENTS = 300_000
EXCHANGE_WANTED, MESSAGES_WANTED, CLIENTS = 150_000, 10_000, 20


def exchange_events_per_s(*, has_program: bool) -> float:
    """Market events through `Exchange.feed` with a position and both of its legs working."""
    program = program_named("50k") if has_program else None
    account = AccountSpec(1, "A", Decimal(50_000), program=program)
    exchange = Exchange(contracts=LISTED, accounts=(account,), seed=1)
    first, *steps = islice(synthetic(MNQ, start=OPEN, seed=1), EVENTS)
    exchange.feed(first)
    exchange.place(
        first.at,
        1,
        PlaceRequest(
            contract_id=MNQ.id,
            type=OrderType.MARKET,
            side=Side.BUY,
            size=1,
            stop_loss=Leg(ticks=-20_000 if not has_program else -1500, type=OrderType.STOP),
            take_profit=Leg(ticks=20_000, type=OrderType.LIMIT),
        ),
    )
    begun = time.perf_counter()
    for step in steps:
        exchange.feed(step)
    seconds = time.perf_counter() - begun
    working = sum(order.is_working for order in exchange.orders(1))
    assert working == 2, f"{working} legs work at the end, the figure would be of something else"
    return len(steps) / seconds


@contextmanager
def gateway(speed: float) -> Iterator[tuple[str, ShiftedClock]]:
    """Its base URL and clock; the market is calm, at so many times its own speed."""
    clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC) + timedelta(seconds=1), speed=speed)
    config = {"clock": str(clock), "market_start": OPEN.isoformat(), "is_rate_limited": False}
    process = subprocess.Popen(
        [sys.executable, "-m", "pxcore.paper", json.dumps(config)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["listening"], clock
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def cpu_s(url: str) -> float:
    """CPU seconds that the process behind a URL has used."""
    port = int(url.rsplit(":")[-1])
    (connection,) = (
        c
        for c in psutil.net_connections("tcp4")
        if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN
    )
    times = psutil.Process(connection.pid).cpu_times()
    return times.user + times.system


def token_of(url: str) -> str:
    body = json.dumps({"userName": "bench", "apiKey": "bench"}).encode()
    request = urllib.request.Request(url + "/api/Auth/loginKey", data=body)
    with urllib.request.urlopen(request, timeout=5) as answer:
        token: str = json.load(answer)["token"]
        return token


@dataclass(slots=True)
class Client:
    """Subscribed to everything of one contract; counts records, and how late the newest was."""

    messages: int = 0
    last: str = ""
    heard: datetime = OPEN

    def listen(self, url: str, clock: ShiftedClock, token: str, seconds: float) -> None:
        address = f"{url.replace('http', 'ws')}/hubs/market?access_token={token}"
        with connect(address, compression=None, max_size=None, max_queue=None) as hub:
            hub.send('{"protocol":"json","version":1}' + END)
            hub.recv()
            for number, subject in enumerate(SUBJECTS):
                call = {
                    "type": 1,
                    "invocationId": str(number),
                    "target": f"SubscribeContract{subject}",
                    "arguments": [MNQ.id],
                }
                hub.send(json.dumps(call) + END)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                frame = hub.recv(timeout=5)
                assert isinstance(frame, str)
                self.messages += frame.count('"target":"Gateway')
                if '"timestamp":"' in frame:
                    self.last, self.heard = frame, clock.now()

    @property
    def behind_s(self) -> float:
        """How old the last event was when it came, in market seconds."""
        stamp = self.last.rsplit('"timestamp":"', 1)[1][:23]
        return (self.heard - datetime.fromisoformat(stamp).replace(tzinfo=UTC)).total_seconds()


def served(*, clients: int, speed: float, seconds: float) -> tuple[float, float, float]:
    """Messages a second to each client, CPU share of the server, seconds behind at the end."""
    with gateway(speed) as (url, clock):
        token = token_of(url)
        crowd = [Client() for _ in range(clients)]
        threads = [
            threading.Thread(target=client.listen, args=(url, clock, token, seconds))
            for client in crowd
        ]
        before, begun = cpu_s(url), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - begun
        share = (cpu_s(url) - before) / elapsed
        behind_s = max(client.behind_s for client in crowd) / speed
        return min(client.messages for client in crowd) / elapsed, share, behind_s


def line(what: str, figure: str, wanted: str, *, is_met: bool) -> bool:
    print(f"{'ok  ' if is_met else 'MISS'} {what:<58} {figure:>30}   wanted {wanted}", flush=True)
    return is_met


def main() -> int:
    met = []
    for has_program in (False, True):
        rate = exchange_events_per_s(has_program=has_program)
        what = "pure exchange, one working bracket" + (", 50k program" if has_program else "")
        met.append(line(what, f"{rate:,.0f} events/s", "150,000", is_met=rate >= EXCHANGE_WANTED))
    each, share, behind_s = served(clients=CLIENTS, speed=1.0, seconds=15.0)
    is_met = share < 0.9 and behind_s < 0.5
    figure = f"{each:,.0f}/s each, {share:.0%} CPU, {behind_s * 1000:.0f} ms"
    met.append(
        line(
            "20 clients, every quote, print and depth update",
            figure,
            "< 90% CPU, < 500 ms behind",
            is_met=is_met,
        )
    )
    each, share, behind_s = served(clients=1, speed=120.0, seconds=12.0)
    figure = f"{each:,.0f} messages/s, {behind_s * 1000:.0f} ms"
    met.append(
        line(
            f"one client, {share:.0%} CPU of the server",
            figure,
            "10,000",
            is_met=each >= MESSAGES_WANTED,
        )
    )
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
