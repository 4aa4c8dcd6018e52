"""What `px` understands. Each verb is a few lines here and a module of its own beside it.

Exit status: 0 done and safe, 1 not safe or not done, 2 a person must change something first,
3 no session today, 130 broken off.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pxcore.cli.choice import strategy_settings
from pxcore.cli.day import NoDay, problems_of
from pxcore.cli.demo import DemoRequest, run_demo
from pxcore.cli.flatten import flatten
from pxcore.cli.paper import serve_paper
from pxcore.cli.real_day import run_day
from pxcore.cli.record import replay_session, serve_ui, show_report
from pxcore.cli.strategies import show_strategies
from pxcore.model import Misconfigured, PxError
from pxcore.runtime.plan import Paths
from pxcore.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_SYNTHETIC_S = 40.0
_REPLAY_S = 75.0


_Strategy = Annotated[
    str | None, typer.Option(help="Instead of PX_STRATEGY: a name or module:Class.")
]
_Params = Annotated[str | None, typer.Option(help="Its parameters, a JSON object.")]


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
    strategy: Annotated[
        str | None, typer.Option(help="Instead of timed-entry: a name or module:Class.")
    ] = None,
    params: _Params = None,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """One paper trading day through Prefect, from nothing to the daily report.

    Example: px demo --market trades.csv.gz --contract GC --json out.json
    """
    if json is not None and not json.parent.is_dir():
        raise Misconfigured(f"--json {json}: there is no folder {json.parent}")
    chosen = strategy_settings(strategy, params)
    os.environ.update(chosen)
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
    raise typer.Exit(run_demo(request, load_settings(), console()))


_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_Session = Annotated[str | None, typer.Argument(help="Session id; the newest by default.")]


@app.command()
def paper(
    contract: Annotated[str, typer.Option(help="Symbol of the contract.")] = "MNQ",
    seed: Annotated[int, typer.Option(help="Seed of the synthetic market.")] = 7,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 0,
    account: Annotated[int, typer.Option(min=1, help="Id of its one account.")] = 20_000_001,
) -> None:
    """The paper gateway alone: REST and both hubs on 127.0.0.1, until Ctrl-C.

    Example: px paper --contract MES --port 8100
    """
    raise typer.Exit(
        serve_paper(symbol=contract, seed=seed, port=port, account_id=account, console=console())
    )


@app.command()
def run(
    yes: _Yes = False,
    strategy: _Strategy = None,
    params: _Params = None,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """The trading day now, on the gateway and account of the settings, through Prefect.

    Example: px run --json out.json
    """
    os.environ.update(strategy_settings(strategy, params))
    raise typer.Exit(run_day(load_settings(), console(), is_agreed=yes, json=json))


@app.command(name="flatten")
def flatten_now(
    yes: _Yes = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds until it gives up.")] = 60.0,
) -> None:
    """Cancel every order and close every position of the account, and prove it by REST.

    Example: px flatten --yes
    """
    raise typer.Exit(flatten(load_settings(), console(), is_agreed=yes, timeout_s=timeout))


@app.command()
def strategies(
    name: Annotated[
        str | None, typer.Argument(help="Only this one; also module:Class of your own.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """What a session can trade, with every parameter, its default and its range.

    Example: px strategies vwap-reversion
    """
    raise typer.Exit(show_strategies(name, console(), as_json=json))


@app.command()
def report(session: _Session = None) -> None:
    """The daily-loss report of a session.

    Example: px report px-20261120-150102-a1b2
    """
    raise typer.Exit(show_report(Paths(load_settings().home), session, console()))


@app.command()
def replay(session: _Session = None) -> None:
    """Feed a session's journal to a fresh engine: it must decide the same.

    Example: px replay
    """
    raise typer.Exit(replay_session(Paths(load_settings().home), session, console()))


@app.command()
def ui(
    run_id: Annotated[str | None, typer.Argument(help="Id of a flow run to open.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one.")] = 0,
) -> None:
    """Prefect's UI over the runs of this home folder, until Ctrl-C.

    Example: px ui --port 4200
    """
    raise typer.Exit(serve_ui(Paths(load_settings().home), port, run_id, console()))


def console() -> Console:
    """Standard output. Piped, it is wide enough for every table whatever the window is."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Runs the command line; an error of ours is a line for each problem, never a traceback."""
    try:
        app(standalone_mode=True)
    except PxError as error:
        _complain(error)
        sys.exit(_status(error))
    except OSError as error:
        _complain(PxError(f"{error.filename or 'operating system'}: {error.strerror or error}"))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(error: PxError) -> None:
    errors = Console(stderr=True, highlight=False)
    for problem in problems_of(error):
        errors.print(Text(f"px: {problem}", style="bold red"), soft_wrap=True)


def _status(error: PxError) -> int:
    if isinstance(error, NoDay):
        return error.status or 1
    return 2 if isinstance(error, Misconfigured) else 1
