"""`px positions`, as it is typed."""

import typer

from pxcore.cli.trade import book
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import LenientSettings

app = typer.Typer(no_args_is_help=True, help="Positions of the account.")


@app.command(name="open")
def positions_open(context: typer.Context, json: Json = False) -> None:
    """What is held.

    Example: px positions open
    """
    with open_desk(context, form_of(json), kind=LenientSettings) as desk:
        raise typer.Exit(book.show_positions(desk))
