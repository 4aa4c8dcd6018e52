"""`px paper`, as it is typed."""

from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.output import steady_console
from pxcore.cli.paper import PaperRequest, serve_paper
from pxcore.paper.exchange import BracketMode


def paper(
    contract: Annotated[str, typer.Option(help="Symbol of the contract.")] = "MNQ",
    seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the synthetic market.")] = 7,
    port: Annotated[int, typer.Option(parser=kinds.port, help="0 for a free one.")] = 0,
    account: Annotated[
        str, typer.Option(help="Program of its one account: 50k, 100k, 150k or practice.")
    ] = "50k",
    account_id: Annotated[
        int | None,
        typer.Option(
            parser=kinds.any_id, help="Id of that account: that of the state, or a new one."
        ),
    ] = None,
    brackets: Annotated[
        BracketMode, typer.Option(help="Bracket mode of the account.")
    ] = BracketMode.AUTO_OCO,
    speed: Annotated[
        float,
        typer.Option(
            parser=kinds.seconds(0.01, 1000), help="How much faster than real time its market runs."
        ),
    ] = 1.0,
    market: Annotated[
        str,
        typer.Option(
            help="Synthetic: calm, open, trend, range, halting, gapping, wild. Or a file: trades "
            "or one-minute bars (.csv, .gz, .zst), a script (.json)."
        ),
    ] = "open",
    faults: Annotated[Path | None, typer.Option(help="Faults, as TOML.")] = None,
    state: Annotated[Path | None, typer.Option(help="Keep the account in this file.")] = None,
    control: Annotated[
        bool, typer.Option("--control", help="Open the control API under /paper/.")
    ] = False,
) -> None:
    """The paper gateway alone, until Ctrl-C. REST and both hubs on 127.0.0.1.

    Example: px paper --port 8100 --account 50k --seed 7 --speed 1 --control
    """
    request = PaperRequest(
        symbol=contract,
        seed=seed,
        port=port,
        account_id=account_id,
        program=account,
        bracket_mode=brackets,
        speed=speed,
        market=market,
        faults=faults,
        state=state,
        has_control=control,
    )
    raise typer.Exit(serve_paper(request, steady_console()))
