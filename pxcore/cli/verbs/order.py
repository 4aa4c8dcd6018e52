"""`px order`, as it is typed. It says what it will do and asks, and sends it once."""

from enum import StrEnum
from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.trade import change, place
from pxcore.cli.trade.consent import Consent
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.verbs.forms import Beside, Json, Yes, form_of, way_out
from pxcore.gateway.rest import Urgency
from pxcore.model import OrderType, Side

app = typer.Typer(no_args_is_help=True, help="Place, modify or cancel one order.")
_OrderId = Annotated[
    int, typer.Argument(metavar="ID", parser=kinds.any_id, help="Id of the order.")
]


class OrderKind(StrEnum):
    """What can be placed, as it is typed."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TRAILING_STOP = "trailing-stop"
    JOIN_BID = "join-bid"
    JOIN_ASK = "join-ask"


@app.command(name="place")
def order_place(
    context: typer.Context,
    kind: Annotated[OrderKind, typer.Argument(metavar="TYPE", help="|".join(OrderKind))],
    side: Annotated[Side, typer.Option(help="buy or sell.")],
    size: Annotated[int, typer.Option(parser=kinds.contracts, help="Contracts.")],
    contract: Annotated[
        str | None, typer.Option(help="Id, name or symbol; PX_CONTRACT by default.")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Price of a limit order.")] = None,
    stop: Annotated[str | None, typer.Option(help="Price of a stop order.")] = None,
    trail: Annotated[
        int | None,
        typer.Option(
            parser=kinds.ticks, help="Ticks that a trailing-stop stays behind the last trade."
        ),
    ] = None,
    stop_loss: Annotated[
        int | None,
        typer.Option(parser=kinds.stop_ticks, help="Ticks from the fill to a stop-loss leg."),
    ] = None,
    take_profit: Annotated[
        int | None,
        typer.Option(parser=kinds.ticks, help="Ticks from the fill to a take-profit leg."),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(help="Your own name for it, never used before; made up by default."),
    ] = None,
    yes: Yes = False,
    beside_session: Beside = False,
    json: Json = False,
) -> None:
    """One order, sent once and followed until it works, is filled, or is over.

    Example: px order place market --side buy --size 1 --stop-loss 40 --take-profit 60
    """
    asked = place.OrderAsked(
        type=OrderType[kind.name],
        side=side,
        size=size,
        contract=contract,
        limit=limit,
        stop=stop,
        trail=trail,
        stop_loss=stop_loss,
        take_profit=take_profit,
        tag=tag,
    )
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with open_desk(context, form_of(json)) as desk:
        raise typer.Exit(place.place(desk, asked, consent))


@app.command(name="modify")
def order_modify(
    context: typer.Context,
    order_id: _OrderId,
    size: Annotated[int | None, typer.Option(parser=kinds.contracts, help="Contracts.")] = None,
    limit: Annotated[str | None, typer.Option(help="New price of a limit order.")] = None,
    stop: Annotated[str | None, typer.Option(help="New price of a stop order.")] = None,
    trail: Annotated[
        int | None,
        typer.Option(
            parser=kinds.ticks, help="Ticks that a trailing-stop stays behind the last trade."
        ),
    ] = None,
    yes: Yes = False,
    beside_session: Beside = False,
    json: Json = False,
) -> None:
    """Another size or price for one order that is alive; it keeps its id.

    Example: px order modify 3400000101 --stop 29510.25
    """
    asked = change.ChangeAsked(size=size, limit=limit, stop=stop, trail=trail)
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with open_desk(context, form_of(json), urgency=Urgency.URGENT) as desk:
        raise typer.Exit(change.modify(desk, order_id, asked, consent))


@app.command(name="cancel")
def order_cancel(
    context: typer.Context,
    order_id: _OrderId,
    yes: Yes = False,
    beside_session: Beside = False,
    json: Json = False,
) -> None:
    """Cancel one order, and see that it is gone.

    Example: px order cancel 3400000101
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with way_out(context, json) as desk:
        raise typer.Exit(change.cancel(desk, order_id, consent))
