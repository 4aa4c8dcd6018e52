"""Ours in production shape: `px run`, under Prefect, with everything on, in a home of its own."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from latency.market import TARGET_TICKS
from latency.processes import Child, quiet_environ
from latency.venue import Venue
from pxcore.calendar.hours import CHICAGO

_BENCHMARKS = Path(__file__).parents[1]
_ENDS_S = 180.0  # from the market's last trigger: flat, reconciled, reported, taken down
# No limit of the day is in the way of the next order, and nothing but its target ends a trade.
_WIDE = {
    "PX_GATEWAY": "paper",
    "PX_STRATEGY": "latency.strategy:AtTheTrigger",
    "PX_STOP_LOSS_TICKS": "900",
    "PX_TAKE_PROFIT_TICKS": str(TARGET_TICKS),
    "PX_LOSS_USD_MAX": "50000",
    "PX_TRADES_MAX": "1000",
    "PX_COOLDOWN_S": "0",
    "PX_VENUE_REFUSALS_MAX": "100",
    "PX_RESTARTS_MAX": "0",
}


def settings_for(venue: Venue, home: Path) -> dict[str, str]:
    task = venue.task
    end = venue.closes_at + timedelta(seconds=1)
    return _WIDE | {
        "PX_HOME": str(home),
        "PX_PAPER_URL": task.url,
        "PX_PAPER_KEY": task.key,
        "PX_PAPER_CLOCK": str(venue.clock_file),
        "PX_ACCOUNT_ID": str(task.account_id),
        "PX_CONTRACT": task.contract_id,
        "PX_WINDOW_START": _chicago(venue.opens_at),
        "PX_WINDOW_END": _chicago(end),
        "PX_FLAT_BY": _chicago(end + timedelta(seconds=60)),
    }


def run_ours(
    venue: Venue, folder: Path, *, at_triggers: Callable[[int], None] = lambda pid: None
) -> None:
    """The day as a user has it. Raises Failed unless it ends flat and reconciled. `at_triggers` is
    told its process at the market's first trigger and at its last.
    """
    log = folder / "px-run.log"
    environ = quiet_environ() | settings_for(venue, folder / "home")
    environ["PYTHONPATH"] = str(_BENCHMARKS)
    command = [sys.executable, "-m", "pxcore.cli", "run", "--yes"]
    with Child("px run", command, log, environ=environ, cwd=folder, leaves_s=90.0) as day:
        for number in sorted({1, venue.market.triggers}):
            venue.wait_for_trigger(number, day)
            at_triggers(day.pid)
        if status := day.wait(_ENDS_S):
            raise day.failed(f"ended with status {status}")


def _chicago(moment: datetime) -> str:
    return f"{moment.astimezone(CHICAGO):%H:%M:%S}"
