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
from datetime import datetime
from pathlib import Path

import msgspec
import uvicorn

from pxcore.clock.clocks import Clock, ShiftedClock, WallClock
from pxcore.clock.published import ClockFile, ClockPace, PublishedClock
from pxcore.config.logs import log_to
from pxcore.config.masking import Masker
from pxcore.host.decoding import decode_json
from pxcore.host.handing import is_handed, taken_over
from pxcore.model import Misconfigured, ProtocolError
from pxcore.paper.assembly import PaperMarket, build_market
from pxcore.paper.config import PaperConfig
from pxcore.paper.exchange import ExchangeState
from pxcore.paper.faults.file import FaultFile, read_faults
from pxcore.paper.keeper import check_writable, read_state, write_state
from pxcore.paper.server.access import BARS_LIMIT, REST_LIMIT
from pxcore.paper.server.app import ServerConfig, create_app
from pxcore.paper.server.market_time import MarketTime
from pxcore.paper.server.transport import server_config
from pxcore.paper.server.venue import PaperVenue
from pxcore.text.escaping import for_terminal

EXIT_OK, EXIT_FAULT, EXIT_MISCONFIGURED = 0, 1, 2
_IDLE_WAIT_S = 30.0
_POLL_S = 0.1
_KEEP_S = 1.0


def main(arguments: list[str]) -> int:
    """Runs with the configuration that the one argument holds as JSON, or that was handed over;
    returns the exit status.
    """
    if len(arguments) != 1:
        return _refused("usage: python -m pxcore.paper '{\"port\": 0, ...}'")
    try:
        given = taken_over(arguments[0]) if is_handed(arguments[0]) else arguments[0]
        config = decode_json(given, PaperConfig)
    except (ProtocolError, OSError) as error:
        return _refused(f"configuration: {error}")
    log_to(None, level="WARNING", masker=Masker((config.api_key,) if config.api_key else ()))
    return run(config)


def announce_as_json(url: str) -> None:
    """The one line that a parent process waits for."""
    sys.stdout.buffer.write(msgspec.json.encode({"listening": url}) + b"\n")
    sys.stdout.flush()


def run(config: PaperConfig, *, announce: Callable[[str], None] = announce_as_json) -> int:
    """Serves until it is stopped; returns the exit status: 2, and a line why, if it cannot.

    `announce` is called with the base URL once it listens.
    """
    try:
        clock: Clock = WallClock() if config.clock == "wall" else ShiftedClock.parse(config.clock)
        kept = _kept(config)
        resumed = _resumed(config)
        start = config.market_start or clock.now()
        start = max([start, *(moment for moment in (kept and kept.now, resumed) if moment)])
        waits = config.waits and resumed is None
        file = None if config.clock_file is None else ClockFile(Path(config.clock_file))
        market = build_market(config, start, kept)
        hostile = read_faults(Path(config.faults)) if config.faults else FaultFile()
        listener = _bound(config.port)
    except Misconfigured as error:
        return _refused(str(error))
    is_own = waits or resumed is not None
    market_time = MarketTime(clock, start=start if is_own else None, waits=waits, file=file)
    return asyncio.run(_serve(config, market_time, market, hostile, start, listener, announce))


def _kept(config: PaperConfig) -> ExchangeState | None:
    """What an earlier process with this state file left; time never goes back behind it."""
    if config.state is None:
        return None
    check_writable(Path(config.state))
    return read_state(Path(config.state))


def _resumed(config: PaperConfig) -> datetime | None:
    """The market's time now, if an earlier process with this clock's file had opened it already:
    it does not wait again, until its market begins again.
    """
    if config.clock_file is None or not Path(config.clock_file).exists():
        return None
    try:
        clock = PublishedClock(Path(config.clock_file))
    except Misconfigured:  # it died before it wrote one, or while
        return None
    has_opened = clock.reading().pace is not ClockPace.WAITING
    is_this_market = config.market_start is None or clock.now() >= config.market_start
    return clock.now() if has_opened and is_this_market else None


def _refused(why: str) -> int:
    print(for_terminal(f"paper gateway: {why}"), file=sys.stderr)
    return EXIT_MISCONFIGURED


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
    market_time: MarketTime,
    market: PaperMarket,
    hostile: FaultFile,
    start: datetime,
    listener: socket.socket,
    announce: Callable[[str], None],
) -> int:
    statuses = [EXIT_OK]
    loop = asyncio.get_running_loop()

    def stop(status: int = EXIT_OK) -> None:
        statuses.append(status)
        server.should_exit = True

    venue = PaperVenue(
        exchange=market.exchange,
        tape=market.tape,
        bars=market.bars,
        clock=market_time,
        goes_in_steps=config.goes_in_steps,
        dialect=config.dialect,
        seed=config.seed,
        fault_seed=config.seed if hostile.seed is None else hostile.seed,
        on_fault=lambda: stop(EXIT_FAULT),
    )
    for fault in hostile.faults:
        venue.arm(fault, start)
    app = create_app(venue, _server_settings(config))
    server = _Server(server_config(app), announce)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    jobs = []
    if config.exit_on_stdin_eof:
        jobs.append(loop.create_task(_stop_when_orphaned_and_idle(venue, server)))
    if config.state is not None:
        jobs.append(loop.create_task(_keep(venue, Path(config.state))))
    await server.serve(sockets=[listener])
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
    if config.state is not None:
        write_state(Path(config.state), venue.exchange.state())
    return max(statuses)


def _server_settings(config: PaperConfig) -> ServerConfig:
    return ServerConfig(
        user_name=config.user_name,
        api_key=config.api_key,
        token_lifetime_s=config.token_lifetime_s,
        rest_limit=REST_LIMIT if config.is_rate_limited else None,
        bars_limit=BARS_LIMIT if config.is_rate_limited else None,
        dialect=config.dialect,
        control_key=config.api_key or "" if config.has_control else "",
    )


async def _keep(venue: PaperVenue, path: Path) -> None:
    """Writes the state at once, and again within a second of whatever changes an account."""
    written = -1
    while True:
        if venue.broadcaster.account_events != written:
            written = venue.broadcaster.account_events
            write_state(path, venue.exchange.state())
        await asyncio.sleep(_KEEP_S)


async def _stop_when_orphaned_and_idle(venue: PaperVenue, server: uvicorn.Server) -> None:
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
