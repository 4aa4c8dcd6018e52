"""`px run`: the trading day now, with the settings of this folder."""

import os
from contextlib import ExitStack
from pathlib import Path

import typer
from loguru import logger
from rich.console import Console

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import agrees
from pxcore.cli.terminal_day import Prepared, TerminalDay, idle_s
from pxcore.config.limits import allowed
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.day.settled import day_terms
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Account
from pxcore.ownership.home_lock import household_of, started_elsewhere
from pxcore.strategies import make_strategy
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
        f"{_MODES[settings.mode]} {settings.contract} on {name}, gateway "
        f"{settings.gateway}: at most {limits.trades_max} trades of {settings.size}, "
        f"daily loss limit {limits.loss_usd_max} USD"
    )
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
    Mode.PAPER: "paper: will trade",
    Mode.SHADOW: "shadow: will watch, and send no order for,",
    Mode.LIVE: "LIVE: will trade",
}


def _is_flat(client: GatewayClient, account: Account, settings: Settings) -> bool:
    seen = take_snapshot(client, account, settings)
    return seen.only(scope_of(settings, account.id, client, say=logger.warning)).is_flat
