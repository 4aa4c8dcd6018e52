"""`px preflight`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.output import Form, Output
from pxcore.cli.preflight import show_preflight
from pxcore.cli.verb_settings import (
    settings_as_in_session,
)


def preflight(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell those of PX_ALERT_URLS what fails.")
    ] = False,
) -> None:
    """The check list before a trading day. Sends no order.

    Example: px preflight --alert
    """
    out = Output(Form.JSON if json else Form.TABLE)
    raise typer.Exit(
        show_preflight(settings_as_in_session(), out, is_alerted=alert, sleep=context.obj)
    )
