"""`px account`, as it is typed."""

import typer

from pxcore.cli.trade import accounts
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings

app = typer.Typer(no_args_is_help=True, help="The account of PX_ACCOUNT_ID.")


@app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Is the account fit to trade? 0 when it is; 1 when not, with what to do.

    Example: px account check
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(accounts.check_account(desk))
