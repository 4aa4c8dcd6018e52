"""`px demo`, as it is typed."""

from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.choice import STRATEGY_OPTIONS, strategy_settings
from pxcore.cli.demo import DemoRequest, run_demo
from pxcore.cli.output import steady_console
from pxcore.config.settings import (
    load_settings,
)
from pxcore.config.sources import put_into_environ
from pxcore.model import Misconfigured

_SYNTHETIC_S = 40.0
_REPLAY_S = 75.0
_Params = Annotated[str | None, typer.Option(help="Its parameters, a JSON object.")]


def demo(
    seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the synthetic market.")] = 7,
    market: Annotated[
        Path | None,
        typer.Option(
            help="Replay recorded trades instead: time_utc,price,size as CSV, .csv.gz or .csv.zst."
        ),
    ] = None,
    contract: Annotated[str, typer.Option(help="Symbol of the contract.")] = "MNQ",
    seconds: Annotated[
        float | None,
        typer.Option(parser=kinds.seconds(5, 600), help="Length of the window, in real seconds."),
    ] = None,
    account: Annotated[
        int | None,
        typer.Option(
            parser=kinds.any_id, help="Account id the day is given, if not the paper account's."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(parser=kinds.port, help="Port of the paper gateway, 0 for a free one.")
    ] = 0,
    strategy: Annotated[
        str | None, typer.Option(help="Instead of timed-entry: a name or module:Class.")
    ] = None,
    params: _Params = None,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """One paper trading day, from nothing to the daily report. Runs through Prefect.

    Example: px demo --market trades.csv.gz --contract GC --json out.json
    """
    if json is not None and not json.parent.is_dir():
        raise Misconfigured(f"--json {json}: there is no folder {json.parent}")
    chosen = strategy_settings(strategy, params)
    put_into_environ(chosen, STRATEGY_OPTIONS)
    request = DemoRequest(
        seed=seed,
        symbol=contract,
        file=market,
        window_s=seconds or (_SYNTHETIC_S if market is None else _REPLAY_S),
        account_id=account,
        port=port,
        strategy=chosen,
        json=json,
    )
    raise typer.Exit(run_demo(request, load_settings(), steady_console()))
