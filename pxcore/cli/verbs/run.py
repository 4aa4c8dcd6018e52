"""`px run`, as it is typed."""

from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli.choice import STRATEGY_OPTIONS, strategy_settings
from pxcore.cli.output import steady_console
from pxcore.cli.real_day import run_day
from pxcore.cli.verb_settings import (
    settings_as_in_session,
)
from pxcore.config.sources import put_into_environ
from pxcore.upkeep.old_home import settle_old_home

_Strategy = Annotated[
    str | None, typer.Option(help="Instead of PX_STRATEGY: a name or module:Class.")
]
_Params = Annotated[str | None, typer.Option(help="Its parameters, a JSON object.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def run(
    yes: _Yes = False,
    strategy: _Strategy = None,
    params: _Params = None,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """The trading day now, on the gateway and account of the settings. Runs through Prefect.

    Example: px run --json out.json
    """
    put_into_environ(strategy_settings(strategy, params), STRATEGY_OPTIONS)
    screen, settings = steady_console(), settings_as_in_session()
    settle_old_home(settings, lambda text: screen.print(text, soft_wrap=True))
    raise typer.Exit(run_day(settings, screen, is_agreed=yes, json=json))
