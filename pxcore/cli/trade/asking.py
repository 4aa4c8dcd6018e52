"""The verbs that ask. None of them changes anything at the gateway."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.output import Form, Output
from pxcore.cli.trade import accounts, book, market, status
from pxcore.cli.trade.desk import open_desk
from pxcore.cli.trade.times import FORMS
from pxcore.cli.verb_settings import lenient_as_in_session, not_looked_at
from pxcore.config.settings import AccountlessSettings, LenientAccountlessSettings, LenientSettings
from pxcore.gateway.rest.bar_pages import BARS_MAX
from pxcore.model import BarUnit, OrderStatus

Json = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
_Since = Annotated[
    str | None, typer.Option(help=f"{FORMS}. By default since the trading day began.")
]

account_app = typer.Typer(no_args_is_help=True, help="The account of PX_ACCOUNT_ID.")
orders_app = typer.Typer(no_args_is_help=True, help="Orders of the account.")
positions_app = typer.Typer(no_args_is_help=True, help="Positions of the account.")


def add_to(app: typer.Typer, panel: str) -> None:
    """Under this heading of `px --help`."""
    app.command(rich_help_panel=panel)(ping)
    app.command(name="status", rich_help_panel=panel)(status_)
    app.command(name="accounts", rich_help_panel=panel)(accounts_)
    app.add_typer(account_app, name="account", rich_help_panel=panel)
    app.command(rich_help_panel=panel)(contracts)
    app.command(rich_help_panel=panel)(contract)
    app.command(rich_help_panel=panel)(bars)
    app.add_typer(orders_app, name="orders", rich_help_panel=panel)
    app.add_typer(positions_app, name="positions", rich_help_panel=panel)
    app.command(rich_help_panel=panel)(trades)


def form_of(json: bool) -> Form:
    return Form.JSON if json else Form.TABLE


def ping(context: typer.Context, json: Json = False) -> None:
    """Does the gateway answer? Needs no login.

    Example: px ping
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(status.ping(desk))


def status_(json: Json = False) -> None:
    """Mode, gateway, account, who holds it, kill switch, halt, requests left. Sends nothing.

    Example: px status
    """
    settings, problems = lenient_as_in_session(LenientAccountlessSettings)
    out = Output(form_of(json))
    code = status.show_status(settings, out, problems)
    if (others := not_looked_at("px status")) is not None:
        out.say(others)
    raise typer.Exit(code)


def accounts_(context: typer.Context, json: Json = False) -> None:
    """The user's accounts, those that may not trade among them.

    Example: px accounts
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(accounts.list_accounts(desk))


@account_app.command()
def check(context: typer.Context, json: Json = False) -> None:
    """Is the account fit to trade? 0 when it is; 1 when not, with what to do.

    Example: px account check
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(accounts.check_account(desk))


def contracts(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What to look for; all by default.")] = None,
    json: Json = False,
) -> None:
    """Contracts that the venue finds for a text, at most 20; without one all that is tradable.

    Example: px contracts nasdaq
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(market.list_contracts(desk, text))


def contract(
    context: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="Its id, name or symbol.")],
    json: Json = False,
) -> None:
    """One contract: its grid and what a tick is worth.

    Example: px contract MNQ
    """
    with open_desk(context, form_of(json), kind=AccountlessSettings) as desk:
        raise typer.Exit(market.show_contract(desk, wanted))


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
    """Bars of a contract, oldest first; stretches without a print have none. Asks until the start
    is covered, and says so when it cannot be.

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


@orders_app.command(name="open")
def orders_open(context: typer.Context, json: Json = False) -> None:
    """Orders that are alive, bracket legs that wait for their entry among them.

    Example: px orders open
    """
    with open_desk(context, form_of(json), kind=LenientSettings) as desk:
        raise typer.Exit(book.show_open_orders(desk))


@orders_app.command(name="search")
def orders_search(
    context: typer.Context,
    since: _Since = None,
    until: Annotated[str | None, typer.Option(help="Likewise; now by default.")] = None,
    status: Annotated[
        list[OrderStatus] | None, typer.Option(help="Of this status; may be given again.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Whose tag begins so.")] = None,
    json: Json = False,
) -> None:
    """Orders made in a stretch of time, whatever became of them.

    Example: px orders search --since 08:30 --status rejected
    """
    asked = book.OrdersAsked(since=since, until=until, statuses=tuple(status or ()), tag=tag)
    with open_desk(context, form_of(json)) as desk:
        raise typer.Exit(book.search_orders(desk, asked))


@positions_app.command(name="open")
def positions_open(context: typer.Context, json: Json = False) -> None:
    """What is held.

    Example: px positions open
    """
    with open_desk(context, form_of(json), kind=LenientSettings) as desk:
        raise typer.Exit(book.show_positions(desk))


def trades(context: typer.Context, since: _Since = None, json: Json = False) -> None:
    """Our executions, oldest first, and what they came to.

    Example: px trades --since 2026-11-20
    """
    with open_desk(context, form_of(json)) as desk:
        raise typer.Exit(book.show_fills(desk, since))
