"""The verbs that move money. Each says what it will do and asks, and sends it once."""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.trade import change, close, place
from pxcore.cli.trade.asking import Json, form_of
from pxcore.cli.trade.consent import Consent
from pxcore.cli.trade.desk import Desk, open_desk
from pxcore.config.settings import LenientSettings
from pxcore.gateway import Urgency
from pxcore.model import OrderType, Side

_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_Beside = Annotated[
    bool, typer.Option("--beside-session", help="Act although a session holds the account.")
]
_OrderId = Annotated[
    int, typer.Argument(metavar="ID", parser=kinds.any_id, help="Id of the order.")
]

order_app = typer.Typer(no_args_is_help=True, help="Place, modify or cancel one order.")
position_app = typer.Typer(no_args_is_help=True, help="Close or reduce one position.")


def _way_out(context: typer.Context, json: bool) -> AbstractContextManager[Desk]:
    """For what takes risk off: the settings that it needs must be right, and no others."""
    kind = LenientSettings
    return open_desk(context, form_of(json), kind=kind, urgency=Urgency.URGENT)


class Kind(StrEnum):
    """What can be placed, as it is typed."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    TRAILING_STOP = "trailing-stop"
    JOIN_BID = "join-bid"
    JOIN_ASK = "join-ask"


def add_to(app: typer.Typer, panel: str) -> None:
    """Under this heading of `px --help`."""
    app.add_typer(order_app, name="order", rich_help_panel=panel)
    app.add_typer(position_app, name="position", rich_help_panel=panel)


@order_app.command(name="place")
def order_place(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(metavar="TYPE", help="|".join(Kind))],
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
    tag: Annotated[str | None, typer.Option(help="New for ever; made up by default.")] = None,
    yes: _Yes = False,
    beside_session: _Beside = False,
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


@order_app.command(name="modify")
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
    yes: _Yes = False,
    beside_session: _Beside = False,
    json: Json = False,
) -> None:
    """Another size or price for one order that is alive; it keeps its id.

    Example: px order modify 3400000101 --stop 29510.25
    """
    asked = change.ChangeAsked(size=size, limit=limit, stop=stop, trail=trail)
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with open_desk(context, form_of(json), urgency=Urgency.URGENT) as desk:
        raise typer.Exit(change.modify(desk, order_id, asked, consent))


@order_app.command(name="cancel")
def order_cancel(
    context: typer.Context,
    order_id: _OrderId,
    yes: _Yes = False,
    beside_session: _Beside = False,
    json: Json = False,
) -> None:
    """Cancel one order, and see that it is gone.

    Example: px order cancel 3400000101
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with _way_out(context, json) as desk:
        raise typer.Exit(change.cancel(desk, order_id, consent))


@position_app.command(name="close")
def position_close(
    context: typer.Context,
    contract: Annotated[
        str | None, typer.Argument(help="Id, name or symbol; the one held by default.")
    ] = None,
    yes: _Yes = False,
    beside_session: _Beside = False,
    json: Json = False,
) -> None:
    """Close one position at the market. The legs of its bracket survive, and are listed.

    Everything at once, orders and positions, is `px flatten`.

    Example: px position close MNQ
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with _way_out(context, json) as desk:
        raise typer.Exit(close.close(desk, contract, consent))


@position_app.command(name="reduce")
def position_reduce(
    context: typer.Context,
    contract: Annotated[str, typer.Argument(help="Id, name or symbol.")],
    by: Annotated[int, typer.Option(parser=kinds.contracts, help="Contracts to close.")],
    yes: _Yes = False,
    beside_session: _Beside = False,
    json: Json = False,
) -> None:
    """Close part of one position at the market. The legs of its bracket keep their size.

    Example: px position reduce MNQ --by 1
    """
    consent = Consent(is_agreed=yes, is_beside=beside_session)
    with _way_out(context, json) as desk:
        raise typer.Exit(close.reduce(desk, contract, by, consent))
