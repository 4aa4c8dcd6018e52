"""`px strategies`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.output import console
from pxcore.cli.strategies import show_strategies


def strategies(
    name: Annotated[
        str | None, typer.Argument(help="Only this one; also module:Class of your own.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """What a session can trade, with every parameter. Its default and its range, too.

    Example: px strategies vwap-reversion
    """
    raise typer.Exit(show_strategies(name, console(), as_json=json))
