"""`px report`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.output import console
from pxcore.cli.period import day_of, month_of, show_period
from pxcore.cli.report import show_report
from pxcore.closing.period import week_of
from pxcore.config.settings import (
    load_settings,
)
from pxcore.model import Misconfigured


def report(
    which: Annotated[
        str | None,
        typer.Argument(metavar="[DATE|SESSION]", help="The newest session by default."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Its page in a browser as well.")] = False,
    week: Annotated[
        bool, typer.Option("--week", help="The week of that date, or this one.")
    ] = False,
    month: Annotated[bool, typer.Option("--month", help="The month of it.")] = False,
    account: Annotated[
        int | None,
        typer.Option(parser=kinds.any_id, help="Of a week or month, instead of PX_ACCOUNT_ID."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """The daily-loss report of a session, a day, a week or a month.

    Example: px report --week
    """
    settings = load_settings()
    if not (week or month):
        raise typer.Exit(show_report(settings, which, console(), opens=open_, as_json=json))
    if (week and month) or open_:
        raise Misconfigured("--week, --month and --open do not go together")
    day = day_of(settings, which)
    stretch = week_of(day) if week else month_of(day)
    raise typer.Exit(show_period(settings, stretch, account, as_json=json))
