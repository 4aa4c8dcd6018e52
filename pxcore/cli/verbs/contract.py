"""`px contract`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.trade import market
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings


def contract(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Its id, name or symbol.")],
    json: Json = False,
) -> None:
    """One contract: its grid and what a tick is worth.

    Example: px contract MNQ
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(market.show_contract(desk, wanted))
