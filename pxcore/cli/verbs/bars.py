"""`px bars`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.trade import market
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.trade.times import FORMS
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import AccountlessSettings
from pxcore.gateway.rest.bar_pages import BARS_MAX
from pxcore.model import BarUnit


def bars(
    context: typer.Context,
    contract: Annotated[
        str | None, typer.Argument(help="Id, name or symbol; PX_CONTRACT by default.")
    ] = None,
    unit: Annotated[BarUnit, typer.Option(help="What a bar's length is counted in.")] = (
        BarUnit.MINUTE
    ),
    every: Annotated[int, typer.Option(parser=kinds.rows, help="Units in a bar.")] = 1,
    start: Annotated[
        str | None, typer.Option(help=f"{FORMS}. By default the newest 100 bars.")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Likewise; now by default.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            parser=kinds.whole(1, BARS_MAX), help="The newest so many alone; with --start, all."
        ),
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="The forming bar too.")] = False,
    json: Json = False,
) -> None:
    """Bars of a contract, oldest first. Stretches without a print have none. Asks until the
    start is covered, and says so when it cannot be.

    Example: px bars MNQ --unit minute --every 5 --start 08:30
    """
    asked = market.BarsAsked(
        contract=contract,
        unit=unit,
        every=every,
        start=start,
        end=end,
        limit=limit,
        with_partial=partial,
    )
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(market.show_bars(desk, asked))
