"""`px accounts`, as it is typed."""

import typer

from pxcore.cli.trade.accounts import list_accounts
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings


def accounts(context: typer.Context, json: Json = False) -> None:
    """The user's accounts, including those that may not trade.

    Example: px accounts
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(list_accounts(desk))
