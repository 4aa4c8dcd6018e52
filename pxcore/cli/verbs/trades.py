"""`px trades`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.trade import book
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.trade.times import FORMS
from pxcore.cli.verbs.forms import Json, form_of

_Since = Annotated[
    str | None, typer.Option(help=f"{FORMS}. By default since the trading day began.")
]


def trades(context: typer.Context, since: _Since = None, json: Json = False) -> None:
    """Our executions, oldest first, and what they came to.

    Example: px trades --since 2026-11-20
    """
    with open_desk(context, form_of(json)) as desk:
        raise typer.Exit(book.show_fills(desk, since))
