"""The verbs for the day's limits and halts: look, tighten, re-arm."""

from typing import Annotated

import typer

from pxcore.cli.limits import show_limits, tighten_limits
from pxcore.cli.output import Form, Output
from pxcore.cli.rearm import Wish
from pxcore.cli.rearm import rearm as rearm_day
from pxcore.cli.verb_settings import settings_as_in_session

_Reason = Annotated[str, typer.Option(help="Why. Kept in the operator's journal.")]

limits_app = typer.Typer(invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(limits_app, name="limits")
    app.command()(rearm)


@limits_app.callback()
def limits(
    context: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of a table.")
    ] = False,
) -> None:
    """The day's limits in force, the settings, where each comes from; halts and re-arms.

    Example: px limits --json
    """
    if context.invoked_subcommand is None:
        form = Form.JSON if json else Form.TABLE
        raise typer.Exit(show_limits(settings_as_in_session(), Output(form)))


@limits_app.command()
def tighten(
    wishes: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="As settings.")],
    reason: _Reason,
) -> None:
    """Tighten limits for the rest of the trading day, those of a running session among them.

    Example: px limits tighten loss_usd_max=300 trades_max=4 --reason "choppy"
    """
    raise typer.Exit(tighten_limits(settings_as_in_session(), Output(Form.TABLE), wishes, reason))


def rearm(
    reason: _Reason,
    halt: Annotated[bool, typer.Option("--halt", help="The halts of the day.")] = False,
    limits: Annotated[
        bool, typer.Option("--limits", help="The limits in force: begin anew from the settings.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let go of what the trading day has latched. Refused while a session holds the account.

    Example: px rearm --halt --reason "data fault, checked with the platform"
    """
    wish = Wish(halts=halt, limits=limits, reason=reason, is_agreed=yes)
    raise typer.Exit(rearm_day(settings_as_in_session(), Output(Form.TABLE), wish))
