"""`px down`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.down import bring_down
from pxcore.cli.output import steady_console
from pxcore.cli.verb_settings import (
    lenient_settings,
)
from pxcore.config.settings import DownSettings

_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def down(
    leave: Annotated[
        bool, typer.Option("--leave", help="A protected position stays under its bracket.")
    ] = False,
    yes: _Yes = False,
) -> None:
    """Stop the `px up` of this home folder; a running session flattens first.

    Example: px down
    """
    settings = lenient_settings(DownSettings)
    raise typer.Exit(bring_down(settings, steady_console(), leaves=leave, is_agreed=yes))
