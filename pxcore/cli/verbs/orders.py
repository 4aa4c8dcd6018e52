"""`px orders`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.trade import book
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.trade.times import FORMS
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import LenientSettings
from pxcore.model import OrderStatus

app = typer.Typer(no_args_is_help=True, help="Orders of the account.")
_Since = Annotated[
    str | None, typer.Option(help=f"{FORMS}. By default since the trading day began.")
]


@app.command(name="open")
def orders_open(context: typer.Context, json: Json = False) -> None:
    """Orders that are alive, bracket legs that wait for their entry among them.

    Example: px orders open
    """
    with open_desk(context, form_of(json), kind=LenientSettings) as desk:
        raise typer.Exit(book.show_open_orders(desk))


@app.command(name="search")
def orders_search(
    context: typer.Context,
    since: _Since = None,
    until: Annotated[str | None, typer.Option(help="Likewise; now by default.")] = None,
    status: Annotated[
        list[OrderStatus] | None, typer.Option(help="Of this status; may be given again.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only orders whose tag begins so.")] = None,
    json: Json = False,
) -> None:
    """Orders made in a stretch of time, whatever became of them.

    Example: px orders search --since 08:30 --status rejected
    """
    asked = book.OrdersAsked(since=since, until=until, statuses=tuple(status or ()), tag=tag)
    with open_desk(context, form_of(json)) as desk:
        raise typer.Exit(book.search_orders(desk, asked))
