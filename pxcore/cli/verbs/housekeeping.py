"""`px housekeeping`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.housekeeping import keep_house
from pxcore.config.settings import (
    AccountlessSettings,
    load_settings,
)


def housekeeping(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Delete what is old, compress journals, back up the databases.

    Example: px housekeeping --dry-run
    """
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(keep_house(settings, is_dry=dry_run, as_json=json))
