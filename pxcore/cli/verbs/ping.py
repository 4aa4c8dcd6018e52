"""`px ping`, as it is typed."""

import typer

from pxcore.cli.trade import status
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings


def ping(context: typer.Context, json: Json = False) -> None:
    """Does the gateway answer? Needs no login.

    Example: px ping
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(status.ping(desk))
