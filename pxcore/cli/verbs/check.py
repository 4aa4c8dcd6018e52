"""`px check`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.check import show_check
from pxcore.cli.output import Form, Output
from pxcore.config.settings import (
    AccountlessSettings,
    load_settings,
)


def check(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Measure this machine: is it quick enough to trade on? Sends nothing.

    Example: px check --json
    """
    out = Output(Form.JSON if json else Form.TABLE)
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(show_check(settings, out, sleep=context.obj))
