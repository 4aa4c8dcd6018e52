"""`px reconcile`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.reconcile import reconcile_day
from pxcore.config.settings import (
    load_settings,
)


def reconcile(
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """The account's trading day so far: our journals against the venue. Also without a session.

    Example: px reconcile --json
    """
    raise typer.Exit(reconcile_day(load_settings(), as_json=json))
