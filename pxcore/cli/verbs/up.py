"""`px up`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.home_paper import forget_stale_facts
from pxcore.cli.output import steady_console
from pxcore.cli.up import keep_up
from pxcore.config.paths import Paths
from pxcore.config.settings import (
    AccountlessSettings,
    load_settings,
)
from pxcore.upkeep.old_home import settle_old_home


def up(
    port: Annotated[
        int,
        typer.Option(parser=kinds.port, help="Port of Prefect's server; 0 for a free one."),
    ] = 4200,
    seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the paper market.")] = 7,
) -> None:
    """Everything on this machine: schedules, runners, watchdog, Prefect's UI. On paper its
    gateway as well.

    Example: px up
    """
    screen, before = steady_console(), load_settings(kind=AccountlessSettings)
    settle_old_home(before, lambda text: screen.print(text, soft_wrap=True))
    Paths(before.home).make()
    forget_stale_facts(before.home)
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(keep_up(settings, screen, port=port, seed=seed))
