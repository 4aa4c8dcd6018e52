"""The paper gateway that `px up` keeps: its account outlives it, its market is always in session.

Its market stands a minute before an open, whatever the hour here, and runs once a session is ready;
when its day is over and nobody trades, it stands a minute before the next open. Where it listens
stands in a file of the home folder, what time it is there in another, which every command and run
reads.
"""

import secrets
import subprocess
from datetime import UTC, datetime, time
from pathlib import Path

import msgspec

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.orchestrator import free_port
from pxcore.cli.paper import BEFORE_OPEN, clock_path, is_before_open, market_start
from pxcore.clock.clocks import ShiftedClock
from pxcore.clock.published import PublishedClock
from pxcore.config.paths import Paths
from pxcore.config.sources import PAPER_FACTS
from pxcore.gateway.rest.choose import choose_contract, exchange_root
from pxcore.host.bounded_files import write_file
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, spawn
from pxcore.host.starting import Say, Step, first_line
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership.home_lock import household_of
from pxcore.paper.config import PaperConfig
from pxcore.paper.keeper import read_state
from pxcore.paper.markets.catalogue import catalogue

DEFAULT_ACCOUNT = 20_000_001
_DAY_OVER = time(15, 30)  # Chicago, of the market's own clock


class HomePaper:
    """One account's. `start` is for whoever keeps the process."""

    def __init__(
        self,
        paths: Paths,
        *,
        account_id: int,
        symbol: str,
        seed: int,
        say: Say = lambda text: None,
    ) -> None:
        self.account_id = account_id
        self._say = say
        self._paths = paths
        self._symbol = symbol
        self._seed = seed
        self._port = free_port()
        self._key = secrets.token_urlsafe(24)
        self._state = paths.home / f"paper-{account_id}.json"
        self._log = paths.logs / f"paper-{account_id}.log"
        self._clock_file = clock_path(paths, str(account_id))
        self._clock_file.unlink(missing_ok=True)
        self._renew_clock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def market_now(self) -> datetime:
        try:
            return PublishedClock(self._clock_file).now()
        except Misconfigured:  # it was not started yet
            return self._start

    @property
    def is_day_over(self) -> bool:
        local = self.market_now.astimezone(CHICAGO)
        return local.date() > self._start.astimezone(CHICAGO).date() or local.time() >= _DAY_OVER

    def facts(self) -> dict[str, str | int]:
        """As settings."""
        return {
            "paper_url": self.url,
            "paper_key": self._key,
            "paper_clock": str(self._clock_file),
            "account_id": self.account_id,
            "contract": self._contract_id,
        }

    def next_day(self) -> None:
        """From its next start on."""
        self._renew_clock()

    def start(self) -> "subprocess.Popen[str]":
        """Listening when this returns. Raises Unavailable, with its last words, when it is not."""
        config = PaperConfig(
            port=self._port,
            account_id=self.account_id,
            api_key=self._key,
            program="50k",
            symbols=(self._root,),
            seed=self._seed,
            shape="open",
            hours="exchange",
            clock=str(self._clock),
            market_start=self._start,
            opens_at=self._start + BEFORE_OPEN,
            waits=is_before_open(self._start),
            clock_file=str(self._clock_file),
            state=str(self._state),
            exit_on_stdin_eof=True,
        )
        given = hand_over(self._paths.handed, msgspec.json.encode(config))
        process = spawn("pxcore.paper", given, stderr=self._log)
        name = f"the paper gateway of {self.account_id}"
        try:
            if not first_line(process, Step(name, process, log=self._log, say=self._say)):
                raise Unavailable(f"{name} did not start: see {self._log}")
        except BaseException:
            end(process, patience=(1.0, 5.0, 5.0))
            raise
        return process

    def _renew_clock(self) -> None:
        kept = read_state(self._state)
        self._start = market_start(None if kept is None else kept.now)
        self._clock = ShiftedClock(market=self._start, wall=datetime.now(UTC), speed=1.0)
        contract = choose_contract(self._symbol, catalogue(self._start.date()))
        self._contract_id, self._root = contract.id, exchange_root(contract)


def write_facts(paths: Paths, gateways: list[HomePaper]) -> None:
    """Where they are, for every process of this home."""
    facts = {
        "first": gateways[0].account_id,
        "gateways": {str(one.account_id): one.facts() for one in gateways},
    }
    write_file(_path(paths), msgspec.json.format(msgspec.json.encode(facts), indent=2))


def forget_stale_facts(home: Path) -> None:
    """Of a `px up` that was killed: its gateways are gone."""
    if household_of(home) is None:
        remove_facts(Paths(home))


def remove_facts(paths: Paths) -> None:
    _path(paths).unlink(missing_ok=True)


def _path(paths: Paths) -> Path:
    return paths.home / PAPER_FACTS
