"""`px rearm`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.output import Form, Output
from pxcore.cli.rearm import RearmWish
from pxcore.cli.rearm import rearm as rearm_day
from pxcore.cli.verb_settings import settings_as_in_session

_Reason = Annotated[str, typer.Option(help="Why. Kept in the operator's journal.")]


def rearm(
    reason: _Reason,
    halt: Annotated[bool, typer.Option("--halt", help="The halts of the day.")] = False,
    limits: Annotated[
        bool, typer.Option("--limits", help="The limits in force: begin again from the settings.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Clear what the trading day has latched: a halt, or tightened limits. Refused while a
    session holds the account.

    Example: px rearm --halt --reason "data fault, checked with the platform"
    """
    wish = RearmWish(halts=halt, limits=limits, reason=reason, is_agreed=yes)
    raise typer.Exit(rearm_day(settings_as_in_session(), Output(Form.TABLE), wish))
