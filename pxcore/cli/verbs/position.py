"""`px position`, as it is typed. It says what it will do and asks, and sends it once."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.trade import close
from pxcore.cli.trade.consent import Consent
from pxcore.cli.verbs.forms import Beside, Json, Yes, way_out

app = typer.Typer(no_args_is_help=True, help="Close or reduce one position.")


@app.command(name="close")
def position_close(
    context: typer.Context,
    contract: Annotated[
        str | None, typer.Argument(help="Id, name or symbol; the one held by default.")
    ] = None,
    yes: Yes = False,
    beside_session: Beside = False,
    json: Json = False,
) -> None:
    """Close one position at the market. The legs of its bracket survive, and are listed.

    Everything at once, orders and positions, is `px flatten`.

    Example: px position close MNQ
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with way_out(context, json) as desk:
        raise typer.Exit(close.close(desk, contract, consent))


@app.command(name="reduce")
def position_reduce(
    context: typer.Context,
    contract: Annotated[str, typer.Argument(help="Id, name or symbol.")],
    by: Annotated[int, typer.Option(parser=kinds.contracts, help="Contracts to close.")],
    yes: Yes = False,
    beside_session: Beside = False,
    json: Json = False,
) -> None:
    """Close part of one position at the market. The legs of its bracket keep their size.

    Example: px position reduce MNQ --by 1
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with way_out(context, json) as desk:
        raise typer.Exit(close.reduce(desk, contract, by, consent))
