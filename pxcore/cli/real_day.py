"""`px run`: the trading day now, with the settings of this folder."""

import os
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import typer
from loguru import logger
from rich.console import Console

from pxcore.calendar.hours import CHICAGO, trading_day_at
from pxcore.cli.output import agrees
from pxcore.cli.terminal_day import Prepared, TerminalDay, idle_s
from pxcore.config.limits import allowed
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.day.settled import day_terms
from pxcore.day.window import NotNow, window_of
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Account
from pxcore.ownership.home_lock import household_of, started_elsewhere
from pxcore.strategies import make_strategy
from pxcore.text.counting import counted
from pxcore.venue.connect import connect
from pxcore.venue.resolve import resolve_account, take_snapshot
from pxcore.venue.scoping import scope_of


def run_day(settings: Settings, console: Console, *, is_agreed: bool, json: Path | None) -> int:
    """The exit status. Asks before a live day unless `is_agreed`; raises as start-up does."""
    make_strategy(settings.strategy, settings.strategy_params)
    client = connect(settings)
    account = resolve_account(client, settings)
    name = f"account {account.id} {account.name}"
    today = trading_day_at(settings.clock.now()).day
    limits, held = allowed(settings, day_terms(settings, account.id, today).in_force)
    console.print(
        f"{_MODES[settings.mode].format(settings.contract)} on {name}, gateway {settings.gateway}: "
        f"at most {counted(limits.trades_max, 'trade')} of {counted(settings.size, 'contract')}, "
        f"daily loss limit {limits.loss_usd_max} USD"
    )
    console.print(_when(settings), soft_wrap=True)
    for what in held:
        console.print(what, style="yellow", soft_wrap=True)
    if others := started_elsewhere(household_of(Paths(settings.home).home)):
        console.print(others, style="yellow", soft_wrap=True)
    needs_asking = settings.mode is Mode.LIVE and not is_agreed
    if needs_asking and not agrees(console, "Trade this live account?"):
        raise typer.Abort
    day = TerminalDay(Paths(settings.home), console, title="px run", json=json)

    def prepare(stack: ExitStack) -> Prepared:
        return Prepared(
            account=name,
            idle_s=idle_s(settings),
            environ=dict(os.environ),
            cwd=Path.cwd(),
            is_flat=lambda: _is_flat(client, account, settings),
        )

    return day.run(prepare)


_MODES = {
    Mode.PAPER: "paper: to trade {}",
    Mode.SHADOW: "SHADOW: to watch {} and send no order,",
    Mode.LIVE: "LIVE: to trade {}",
}


def _when(settings: Settings) -> str:
    """The window, and that it is waited for; or why there is none now, which the run finds too."""
    now = settings.clock.now()
    try:
        window = window_of(settings, now)
    except NotNow as error:
        return f"no session now: {error}"
    start, end, flat_by = map(_hour, (window.start, window.end, window.flat_by))
    told = f"entries on {window.day:%a %d %b} from {start} to {end} Chicago, flat by {flat_by}"
    return f"{told}; the window has not begun: it waits" if now < window.start else told


def _hour(at: datetime) -> str:
    there = at.astimezone(CHICAGO)
    return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def _is_flat(client: GatewayClient, account: Account, settings: Settings) -> bool:
    seen = take_snapshot(client, account, settings)
    return seen.only(scope_of(settings, account.id, client, say=logger.warning)).is_flat
