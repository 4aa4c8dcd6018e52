"""The paper gateway: `px paper` in the foreground, or as a process of a demo's own."""

import secrets
import shlex
import tempfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import msgspec
from rich.console import Console

from pxcore.calendar.hours import CHICAGO, DayKind, chicago, latest_regular_day, trading_day
from pxcore.cli.market import DemoMarket
from pxcore.clock.clocks import ShiftedClock
from pxcore.clock.published import PublishedClock
from pxcore.config.paths import Paths
from pxcore.config.settings import PAPER_USER
from pxcore.gateway.rest import GatewayClient
from pxcore.gateway.rest.choose import choose_contract, exchange_root
from pxcore.host.bounded_files import read_end
from pxcore.host.decoding import decode_json
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, spawn
from pxcore.host.starting import Say, Step, first_line
from pxcore.model import Misconfigured, Unavailable
from pxcore.paper.config import PaperConfig, Recording
from pxcore.paper.exchange import BracketMode, ExchangeState
from pxcore.paper.keeper import read_state
from pxcore.paper.markets.catalogue import catalogue
from pxcore.paper.markets.synthetic import SHAPES
from pxcore.paper.process import run

_OPEN, _LATE = time(8, 30), time(14)  # Chicago
BEFORE_OPEN = timedelta(minutes=1)


class _Announced(msgspec.Struct, frozen=True):
    listening: str


def fresh_account_id() -> int:
    """None of an earlier gateway's, within four months."""
    return 20_000_000 + int(datetime.now(UTC).timestamp()) % 10_000_000


def _kept_account(kept: ExchangeState | None) -> int | None:
    return None if kept is None else next((one.id for one in kept.accounts), None)


class PaperRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `px paper` was asked for. `market` is a synthetic shape's name or a file."""

    symbol: str
    seed: int
    port: int
    account_id: int | None
    program: str
    bracket_mode: BracketMode
    speed: float
    market: str
    faults: Path | None
    state: Path | None
    has_control: bool


def serve_paper(request: PaperRequest, console: Console) -> int:
    """Runs it until Ctrl-C; prints the settings that point a day to it. Its account is new unless
    it is said or kept: what an earlier gateway did with an id is on record in the home folder.

    Its market stands at a minute before the 08:30 Chicago open, whatever the hour here, and runs
    once a session is ready; with a state it runs on from where that ended, if that is later.
    """
    kept = None if request.state is None else read_state(request.state)
    account_id = request.account_id or _kept_account(kept) or fresh_account_id()
    start = market_start(None if kept is None else kept.now)
    clock = ShiftedClock(market=start, wall=datetime.now(UTC), speed=request.speed)
    contract = choose_contract(request.symbol, catalogue(start.date()))
    folder = tempfile.TemporaryDirectory(prefix="px-paper-")  # 0700; it may serve any home
    clock_file, key = Path(folder.name) / "clock", secrets.token_urlsafe(24)

    waits = " until a session is ready, which opens the market" if is_before_open(start) else ""

    def announce(url: str) -> None:
        console.print(
            f"paper gateway: {contract.name}, {request.program} account, market {request.market}; "
            f"it is {start.astimezone(CHICAGO):%Y-%m-%d %H:%M:%S} Chicago there{waits}; "
            "Ctrl-C stops it",
            soft_wrap=True,
        )
        for name, value in (
            ("PX_PAPER_URL", url),
            ("PX_PAPER_KEY", key),
            ("PX_PAPER_CLOCK", clock_file),
            ("PX_ACCOUNT_ID", account_id),
            ("PX_CONTRACT", contract.id),
        ):
            console.print(f"export {name}={shlex.quote(str(value))}", soft_wrap=True)
        if request.has_control:
            console.print(
                f'# control API: curl -H "Authorization: Bearer $PX_PAPER_KEY" {url}/paper/state',
                soft_wrap=True,
            )

    config = PaperConfig(
        port=request.port,
        account_id=account_id,
        program=request.program,
        bracket_mode=request.bracket_mode,
        symbols=(exchange_root(contract),),
        seed=request.seed,
        clock=str(clock),
        market_start=start,
        opens_at=start + BEFORE_OPEN,
        waits=is_before_open(start),
        clock_file=str(clock_file),
        faults=None if request.faults is None else str(request.faults),
        state=None if request.state is None else str(request.state),
        has_control=request.has_control,
        api_key=key,
    )
    with folder:
        return run(_with_market(config, request.market), announce=announce)


def clock_path(paths: Paths, name: str) -> Path:
    """Where a gateway publishes its market's time: an absolute path, as settings want it."""
    return (paths.home / f"paper-{name}.clock").resolve()


def market_start(kept: datetime | None) -> datetime:
    """A minute before the latest open, or where a kept state ended if that is later. One that stood
    at that minute stands there still: nobody has opened it.

    One that ended in the last hour before the flatten goes on before the next regular open.
    """
    day = latest_regular_day(datetime.now(CHICAGO).date())
    start = chicago(day, _OPEN) - BEFORE_OPEN
    if kept is None or kept < start:
        return start
    if is_before_open(kept):
        return kept
    day = kept.astimezone(CHICAGO).date()
    if trading_day(day).kind is DayKind.REGULAR and kept < chicago(day, _LATE):
        return kept + timedelta(seconds=1)
    day += timedelta(days=1)
    while trading_day(day).kind not in (DayKind.REGULAR, DayKind.UNKNOWN):
        day += timedelta(days=1)
    return chicago(day, _OPEN) - BEFORE_OPEN


def is_before_open(start: datetime) -> bool:
    """It waits for its session. A day that had begun may be one that nobody may trade any more:
    its market runs, or it would never be over.
    """
    return start == chicago(start.astimezone(CHICAGO).date(), _OPEN) - BEFORE_OPEN


def _with_market(config: PaperConfig, market: str) -> PaperConfig:
    """A shape's name, a script (.json) or a recording. Only a made-up market keeps hours."""
    path = Path(market)
    if market.lower() in SHAPES or not (path.suffix or path.exists()):
        return msgspec.structs.replace(config, shape=market, hours="exchange")
    if path.suffix.lower() == ".json":
        return msgspec.structs.replace(config, script=market)
    return msgspec.structs.replace(config, recording=Recording(path=market))


class Paper:
    """Starts at once and ends with us. Its account is new: nothing of an earlier demo is on it.

    Its market waits until a session is ready, and goes in step with that (`goes_in_steps`) so that
    the day is the same on any machine.
    """

    def __init__(
        self,
        paths: Paths,
        market: DemoMarket,
        *,
        seed: int,
        port: int,
        file: Path | None,
        account_id: int | None = None,
        goes_in_steps: bool = True,
    ) -> None:
        clock = ShiftedClock(market=market.clock_start, wall=datetime.now(UTC), speed=market.speed)
        self.account_id = account_id or fresh_account_id()
        self.url = ""
        self._key = secrets.token_urlsafe(24)
        self._log = paths.logs / "paper.log"
        self._clock_file = clock_path(paths, f"{self.account_id}-{secrets.token_hex(4)}")
        config = PaperConfig(
            port=port,
            account_id=self.account_id,
            symbols=(exchange_root(market.contract),),
            seed=seed,
            clock=str(clock),
            market_start=market.clock_start,
            waits=True,
            goes_in_steps=goes_in_steps,
            clock_file=str(self._clock_file),
            recording=None
            if file is None
            else Recording(
                path=str(file.resolve()), start=market.stretch_start, end=market.stretch_end
            ),
            exit_on_stdin_eof=True,
            api_key=self._key,
        )
        given = hand_over(paths.handed, msgspec.json.encode(config))
        self._process = spawn("pxcore.paper", given, stderr=self._log)

    def wait_until_listening(self, say: Say = lambda text: None) -> None:
        """Raises Unavailable, with what it said, when it ends or hangs before."""
        step = Step("the paper gateway", self._process, log=self._log, say=say)
        line = first_line(self._process, step)
        if not line:
            raise Unavailable(f"the paper gateway did not start: {self._last_words()}")
        self.url = decode_json(line, _Announced).listening

    def settings(self) -> dict[str, str]:
        """What points a day to it."""
        return {
            "PX_PAPER_URL": self.url,
            "PX_PAPER_KEY": self._key,
            "PX_PAPER_CLOCK": str(self._clock_file),
            "PX_ACCOUNT_ID": str(self.account_id),
        }

    def is_flat(self) -> bool:
        """Nothing held and no order alive, asked by REST now. Raises as the client does."""
        clock = PublishedClock(self._clock_file)
        client = GatewayClient(
            base_url=self.url,
            username=PAPER_USER,
            api_key=self._key,
            connect_timeout_s=2.0,
            reply_timeout_s=5.0,
            clock=clock,
        )
        try:
            return client.snapshot(self.account_id, day_start=clock.now()).is_flat
        finally:
            client.close()

    def end(self) -> None:
        end(self._process, patience=(35.0, 5.0, 5.0))
        self._clock_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        try:
            lines = read_end(self._log).strip().splitlines()
        except OSError as error:
            raise Misconfigured(f"{self._log} cannot be read: {error.strerror}") from error
        return lines[-1] if lines else f"see {self._log}"
