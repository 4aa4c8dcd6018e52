"""What `px` understands. Each verb is a few lines here and a module of its own beside it.

Exit status: 0 done and safe, 1 not safe or not done, 2 a person must change something first,
3 no session today, 130 broken off.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pxcore.cli.day import NoDay, problems_of
from pxcore.cli.demo import Demo, DemoRequest
from pxcore.model import Misconfigured, PxError
from pxcore.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_SYNTHETIC_S = 40.0
_REPLAY_S = 75.0


@app.callback()
def px() -> None:
    """Scheduled trading sessions on ProjectX. Without settings everything is paper."""


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Seed of the synthetic market.")] = 7,
    market: Annotated[
        Path | None,
        typer.Option(help="Replay recorded trades instead: time_utc,price,size as CSV or .gz."),
    ] = None,
    contract: Annotated[str, typer.Option(help="Symbol of the contract.")] = "MNQ",
    seconds: Annotated[
        float | None, typer.Option(min=5, max=600, help="Length of the window, in real seconds.")
    ] = None,
    account: Annotated[
        int | None, typer.Option(help="Account id the day is given, if not the paper account's.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the paper gateway, 0 for a free one.")
    ] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """One paper trading day through Prefect, from nothing to the daily report.

    Example: px demo --market trades.csv.gz --contract GC --json out.json
    """
    if json is not None and not json.parent.is_dir():
        raise Misconfigured(f"--json {json}: there is no folder {json.parent}")
    request = DemoRequest(
        seed=seed,
        symbol=contract,
        file=market,
        window_s=seconds or (_SYNTHETIC_S if market is None else _REPLAY_S),
        account_id=account,
        port=port,
        json=json,
    )
    raise typer.Exit(Demo(request, load_settings(), Console(highlight=False)).run())


def main() -> None:
    """Runs the command line; an error of ours is a line for each problem, never a traceback."""
    try:
        app(standalone_mode=True)
    except PxError as error:
        _complain(error)
        sys.exit(_status(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(error: PxError) -> None:
    console = Console(stderr=True, highlight=False)
    for problem in problems_of(error):
        console.print(Text(f"px: {problem}", style="bold red"), soft_wrap=True)


def _status(error: PxError) -> int:
    if isinstance(error, NoDay):
        return error.status or 1
    return 2 if isinstance(error, Misconfigured) else 1
