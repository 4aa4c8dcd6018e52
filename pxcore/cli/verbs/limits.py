"""`px limits`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.limits import show_limits, tighten_limits
from pxcore.cli.output import Form, Output
from pxcore.cli.verb_settings import settings_as_in_session

app = typer.Typer(invoke_without_command=True)
_Reason = Annotated[str, typer.Option(help="Why. Kept in the operator's journal.")]


@app.callback()
def limits(
    context: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of a table.")
    ] = False,
) -> None:
    """The day's limits: what is in force, where each comes from, tighten them.

    Example: px limits --json
    """
    if context.invoked_subcommand is None:
        form = Form.JSON if json else Form.TABLE
        raise typer.Exit(show_limits(settings_as_in_session(), Output(form)))


@app.command()
def tighten(
    wishes: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...", help="Limits and their new values, such as trades_max=4."
        ),
    ],
    reason: _Reason,
) -> None:
    """Tighten limits for the rest of the trading day, those of a running session among them.

    Example: px limits tighten loss_usd_max=300 trades_max=4 --reason "choppy"
    """
    raise typer.Exit(tighten_limits(settings_as_in_session(), Output(Form.TABLE), wishes, reason))
