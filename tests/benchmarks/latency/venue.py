"""A paper gateway with the round's market, the relay before it, and how to reach the two."""

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from latency.figures import Round
from latency.market import SYMBOL, Market
from latency.processes import Child, quiet_environ
from latency.task import Task
from pxcore.calendar.hours import CHICAGO, chicago, latest_regular_day
from pxcore.clock.clocks import ShiftedClock
from pxcore.config.settings import PAPER_USER
from pxcore.paper.markets.catalogue import catalogue, find_contract

_OPEN = time(8, 30)  # Chicago
_LEAD = timedelta(seconds=1)  # from the market's first step to the open
_STARTS_S = 120.0  # it makes every step of its script first
_TELLS_S = 30.0
_LATE_TIMES = 4.0  # a gateway that cannot keep up slows its market down
_AT_LEAST_S = 120.0  # until a session is ready, which opens the market
_RELAY = Path(__file__).with_name("relay.py")


@dataclass(frozen=True, slots=True)
class Venue:
    """`opens_at` is when the window may begin, `closes_at` when the market is over; both of its own
    time.
    """

    task: Task
    market: Market
    clock_file: Path
    opens_at: datetime
    closes_at: datetime
    relay: Child
    given_up_s: float

    def wait_for_trigger(self, number: int, contender: Child) -> None:
        """Returns when the market's first or last has passed. Raises Failed when it does not."""
        while json.loads(self.relay.line(self.given_up_s, beside=contender))["triggers"] != number:
            continue

    def round(self) -> Round:
        """What the relay has seen, which ends it."""
        self.relay.close_stdin()
        return Round.of(json.loads(self.relay.line(_TELLS_S)))


@contextmanager
def open_venue(market: Market, account_id: int, folder: Path) -> Iterator[Venue]:
    """For one contender, once: account, clock and record are new."""
    day = latest_regular_day(datetime.now(CHICAGO).date())
    opens_at = chicago(day, _OPEN)
    start = opens_at - _LEAD
    clock_file, key = folder / "clock", secrets.token_urlsafe(24)
    config = {
        "account_id": account_id,
        "symbols": [SYMBOL],
        "script": str(market.script),
        "clock": str(ShiftedClock(market=start, wall=datetime.now(UTC), speed=1.0)),
        "market_start": start.isoformat(),
        "waits": True,
        "clock_file": str(clock_file),
        "api_key": key,
        "is_rate_limited": False,  # only ours keeps the limits: it counts for itself
        "exit_on_stdin_eof": True,
    }
    environ = quiet_environ()
    command = [sys.executable, "-m", "pxcore.paper", json.dumps(config)]
    with Child("the paper gateway", command, folder / "paper.log", environ=environ) as gateway:
        url = json.loads(gateway.line(_STARTS_S))["listening"]
        port = url.rsplit(":", 1)[1]
        command = [sys.executable, str(_RELAY), port, str(market.triggers)]
        with Child("the relay", command, folder / "relay.log", environ=environ) as relay:
            port = json.loads(relay.line(_STARTS_S))["listening"]
            yield Venue(
                task=Task(
                    url=f"http://127.0.0.1:{port}",
                    user=PAPER_USER,
                    key=key,
                    account_id=account_id,
                    contract_id=find_contract(catalogue(day), SYMBOL).id,
                ),
                market=market,
                clock_file=clock_file,
                opens_at=opens_at,
                closes_at=start + timedelta(seconds=market.length_s),
                relay=relay,
                given_up_s=_AT_LEAST_S + _LATE_TIMES * market.length_s,
            )
