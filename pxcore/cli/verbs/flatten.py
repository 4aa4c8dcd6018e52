"""`px flatten`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.flatten import flatten_account
from pxcore.cli.output import steady_console
from pxcore.cli.verb_settings import (
    lenient_settings,
    not_looked_at,
)

_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def flatten(
    yes: _Yes = False,
    timeout: Annotated[
        float, typer.Option(parser=kinds.seconds(1, 3600), help="Seconds until it gives up.")
    ] = 60.0,
    everything: Annotated[
        bool,
        typer.Option("--everything", help="Also what PX_FOREIGN=ignore leaves alone."),
    ] = False,
) -> None:
    """Cancel every order and close every position of the account. Proven by REST.

    With PX_FOREIGN=ignore only those of our own contract, unless --everything is given.

    Example: px flatten --yes
    """
    screen = steady_console()
    settings = lenient_settings()
    try:
        status = flatten_account(
            settings, screen, is_agreed=yes, timeout_s=timeout, is_everything=everything
        )
    finally:
        if (others := not_looked_at("px flatten")) is not None:
            screen.print(others, soft_wrap=True)
    raise typer.Exit(status)
