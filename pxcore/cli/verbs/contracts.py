"""`px contracts`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.trade import market
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings


def contracts(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What to look for; all by default.")] = None,
    json: Json = False,
) -> None:
    """Contracts that the venue finds for a text. At most 20; without a text all that is
    tradable.

    Example: px contracts nasdaq
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(market.list_contracts(desk, text))
