"""The paper gateway as a process: binds loopback, says where, and ends when it is told to.

It ends on SIGTERM or SIGINT within two seconds; on end of file of stdin, if so configured, when
nobody needs it any more: a session that lost its parent must still be able to flatten.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Annotated

import msgspec
import uvicorn

from pxcore.clock import Clock, ShiftedClock, WallClock
from pxcore.model import Contract, MarketTrade, Misconfigured, Quote
from pxcore.paper.bars import BarStore, made_up_minutes
from pxcore.paper.catalogue import catalogue, find_contract, plausible_ticks
from pxcore.paper.depth import with_depth
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.market import DeepTape, Tape, merged
from pxcore.paper.recording import read_trades
from pxcore.paper.replay import cut, replay
from pxcore.paper.server.app import ServerConfig, create_app
from pxcore.paper.server.venue import Venue
from pxcore.paper.synthetic import MNQ_SHAPE, synthetic

EXIT_OK, EXIT_FAULT, EXIT_MISCONFIGURED = 0, 1, 2
_IDLE_WAIT_S = 30.0
_POLL_S = 0.1
_STOP_S = 1


Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stretch of a recorded file to play; None for an end means the file's own."""

    path: str
    start: Moment | None = None
    end: Moment | None = None


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All there is to say about a paper gateway.

    `port` 0 is any free one. `clock` is `wall` or MARKET@WALL@SPEED; `market_start` is when the
    market's tape begins, by default the clock's now. A recording plays the first of `symbols`;
    the others are synthetic. `user_name` and `api_key` of None accept any that are not empty.
    """

    port: int = 0
    account_id: int = 26200002
    account_name: str = "PRAC-V2-600001-40000002"
    balance_usd: Decimal = Decimal("50000.00")
    symbols: tuple[str, ...] = ("MNQ",)
    seed: int = 1
    clock: str = "wall"
    market_start: Moment | None = None
    recording: Recording | None = None
    user_name: str | None = None
    api_key: str | None = None
    exit_on_stdin_eof: bool = False


def main(arguments: list[str]) -> int:
    """Runs with the configuration that the one argument holds as JSON; returns the exit status."""
    if len(arguments) != 1:
        return _refused("usage: python -m pxcore.paper '{\"port\": 0, ...}'")
    try:
        config = msgspec.json.decode(arguments[0], type=PaperConfig)
    except msgspec.DecodeError as error:
        return _refused(f"configuration: {error}")
    return run(config)


def announce_as_json(url: str) -> None:
    """The one line that a parent process waits for."""
    print(msgspec.json.encode({"listening": url}).decode(), flush=True)


def run(config: PaperConfig, *, announce: Callable[[str], None] = announce_as_json) -> int:
    """Serves until it is stopped; returns the exit status: 2, and a line why, if it cannot.

    `announce` is called with the base URL once it listens.
    """
    try:
        clock: Clock = WallClock() if config.clock == "wall" else ShiftedClock.parse(config.clock)
        market = build_market(config, config.market_start or clock.now())
        listener = _bound(config.port)
    except Misconfigured as error:
        return _refused(str(error))
    return asyncio.run(_serve(config, clock, market, listener, announce))


def _refused(why: str) -> int:
    print(f"paper gateway: {why}", file=sys.stderr)
    return EXIT_MISCONFIGURED


@dataclass(frozen=True, slots=True)
class Market:
    """The exchange, what will happen in it, and the bars from before that."""

    exchange: Exchange
    tape: DeepTape
    bars: BarStore


def build_market(config: PaperConfig, start: datetime) -> Market:
    """The market of a configuration; its tape begins at `start`. Raises Misconfigured."""
    start = start.astimezone(UTC)
    listed = catalogue(start.date())
    contracts = list(dict.fromkeys(find_contract(listed, symbol) for symbol in config.symbols))
    if not contracts:
        raise Misconfigured("a paper market needs at least one symbol")
    account = AccountSpec(config.account_id, config.account_name, config.balance_usd)
    exchange = Exchange(contracts=listed, accounts=(account,), seed=config.seed)
    tapes = [synthetic(contract, start=start, seed=config.seed) for contract in contracts]
    if config.recording is not None:
        tapes[0] = _replayed(config.recording, contracts[0], start)
    bars = BarStore()
    deep = [
        with_depth(_with_history(tape, bars, config.seed, contract), contract, seed=config.seed)
        for tape, contract in zip(tapes, contracts, strict=True)
    ]
    return Market(exchange, merged(*deep), bars)


def _with_history(tape: Tape, bars: BarStore, seed: int, contract: Contract) -> Tape:
    """The same tape; the bars now hold a day that leads to its first price."""
    first = next(tape, None)
    if first is None:
        return tape
    level = first.price_ticks if isinstance(first, MarketTrade) else None
    if isinstance(first, Quote):
        level = first.bid_ticks
    minutes = made_up_minutes(
        contract,
        before=first.at,
        seed=seed,
        last_ticks=plausible_ticks(contract) if level is None else level,
        volatility_ticks=MNQ_SHAPE.volatility_ticks,
    )
    bars.remember(contract.id, minutes)
    return chain([first], tape)


def _replayed(recording: Recording, contract: Contract, start: datetime) -> Tape:
    trades = read_trades(Path(recording.path), contract)
    first, last = recording.start or trades[0].at, recording.end or trades[-1].at
    return replay(cut(trades, start=first, end=last, speed=1.0), contract, market_start=start)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)  # now, so that a second gateway cannot take the same port
    except (OSError, OverflowError) as error:
        listener.close()
        raise Misconfigured(f"cannot listen on 127.0.0.1:{port}: {error}") from error
    return listener


async def _serve(
    config: PaperConfig,
    clock: Clock,
    market: Market,
    listener: socket.socket,
    announce: Callable[[str], None],
) -> int:
    statuses = [EXIT_OK]
    loop = asyncio.get_running_loop()

    def stop(status: int = EXIT_OK) -> None:
        statuses.append(status)
        server.should_exit = True

    venue = Venue(
        exchange=market.exchange,
        tape=market.tape,
        bars=market.bars,
        clock=clock,
        on_fault=lambda: stop(EXIT_FAULT),
    )
    app = create_app(venue, ServerConfig(user_name=config.user_name, api_key=config.api_key))
    server = _Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws_ping_interval=None,  # its payload kills some clients; SignalR has pings of its own
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_STOP_S,
        ),
        announce,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    waiting = None
    if config.exit_on_stdin_eof:
        waiting = loop.create_task(_stop_when_orphaned_and_idle(venue, server))
    await server.serve(sockets=[listener])
    if waiting is not None:
        waiting.cancel()
    return max(statuses)


async def _stop_when_orphaned_and_idle(venue: Venue, server: uvicorn.Server) -> None:
    """After end of file, waits until nobody needs the venue, but not for ever, and stops it."""
    loop, is_orphaned = asyncio.get_running_loop(), asyncio.Event()
    threading.Thread(target=_watch_stdin, args=(loop, is_orphaned), daemon=True).start()
    await is_orphaned.wait()
    deadline = loop.time() + _IDLE_WAIT_S
    while not venue.is_idle and loop.time() < deadline:
        await asyncio.sleep(_POLL_S)
    server.should_exit = True


def _watch_stdin(loop: asyncio.AbstractEventLoop, is_orphaned: asyncio.Event) -> None:
    """Unbuffered: a daemon thread inside a buffered read of stdin can abort the interpreter."""
    with contextlib.suppress(OSError):  # a stdin that cannot be read has ended too
        while os.read(0, 1):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: nothing is left to stop
        loop.call_soon_threadsafe(is_orphaned.set)


class _Server(uvicorn.Server):
    """Signals are ours; where it listens is told once it does."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()
            self._announce(f"http://{host}:{port}")
