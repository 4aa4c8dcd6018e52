"""What `px` understands. Each verb is a few lines here and a module of its own beside it.

Exit status: 0 done and safe, 1 not safe or not done, 2 a person must change something first,
3 no session today, 130 broken off.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pxcore.cli import alerts, arming, journal, kill, kinds, service
from pxcore.cli.check import show_check
from pxcore.cli.choice import STRATEGY_OPTIONS, strategy_settings
from pxcore.cli.command_line import Edge, log_to_stderr
from pxcore.cli.demo import DemoRequest, run_demo
from pxcore.cli.deploy import deploy_to
from pxcore.cli.down import bring_down
from pxcore.cli.flatten import flatten
from pxcore.cli.here import say_here
from pxcore.cli.home_paper import forget_stale_facts
from pxcore.cli.housekeeping import keep_house
from pxcore.cli.output import Form, Output, console, steady_console
from pxcore.cli.paper import PaperRequest, serve_paper
from pxcore.cli.period import day_of, month_of, show_period
from pxcore.cli.preflight import show_preflight
from pxcore.cli.real_day import run_day
from pxcore.cli.reconcile import reconcile_day
from pxcore.cli.replay import replay_session
from pxcore.cli.report import show_report
from pxcore.cli.simulate import run_simulation
from pxcore.cli.strategies import show_strategies
from pxcore.cli.trade import acting, asking
from pxcore.cli.ui import make_new_key, serve_ui
from pxcore.cli.up import keep_up
from pxcore.cli.verb_settings import (
    lenient_as_in_session,
    lenient_settings,
    not_looked_at,
    settings_as_in_session,
    warn_each,
)
from pxcore.cli.version import show_version
from pxcore.cli.watchdog import watch
from pxcore.closing.period import week_of
from pxcore.config.logs import take_over_crashes
from pxcore.config.paths import Paths
from pxcore.config.settings import (
    AccountlessSettings,
    LenientAccountlessSettings,
    LenientSettings,
    load_settings,
)
from pxcore.config.sources import put_into_environ
from pxcore.model import Misconfigured
from pxcore.paper.exchange import BracketMode
from pxcore.upkeep.old_home import settle_old_home

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_SYNTHETIC_S = 40.0
_REPLAY_S = 75.0


_Strategy = Annotated[
    str | None, typer.Option(help="Instead of PX_STRATEGY: a name or module:Class.")
]
_Params = Annotated[str | None, typer.Option(help="Its parameters, a JSON object.")]


def _say_version(is_asked: bool) -> None:
    if is_asked:
        raise typer.Exit(show_version())


@app.callback()
def px(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Versions and the home folder; nothing else is done.",
        ),
    ] = False,
) -> None:
    """Scheduled trading sessions on ProjectX. Without settings everything is paper."""
    log_to_stderr()


@app.command()
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
    """One paper trading day through Prefect, from nothing to the daily report.

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


_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_Session = Annotated[str | None, typer.Argument(help="Session id; the newest by default.")]


@app.command()
def paper(
    contract: Annotated[str, typer.Option(help="Symbol of the contract.")] = "MNQ",
    seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the synthetic market.")] = 7,
    port: Annotated[int, typer.Option(parser=kinds.port, help="0 for a free one.")] = 0,
    account: Annotated[
        str, typer.Option(help="Program of its one account: 50k, 100k, 150k or practice.")
    ] = "50k",
    account_id: Annotated[
        int, typer.Option(parser=kinds.any_id, help="Id of that account.")
    ] = 20_000_001,
    brackets: Annotated[
        BracketMode, typer.Option(help="Bracket mode of the account.")
    ] = BracketMode.AUTO_OCO,
    speed: Annotated[
        float, typer.Option(parser=kinds.seconds(0.01, 1000), help="Market seconds in one of ours.")
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
    """The paper gateway alone: REST and both hubs on 127.0.0.1, until Ctrl-C.

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
    put_into_environ(strategy_settings(strategy, params), STRATEGY_OPTIONS)
    screen, settings = steady_console(), settings_as_in_session()
    settle_old_home(settings, lambda text: screen.print(text, soft_wrap=True))
    raise typer.Exit(run_day(settings, screen, is_agreed=yes, json=json))


@app.command()
def preflight(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Tell those of PX_ALERT_URLS what fails.")
    ] = False,
) -> None:
    """The check list before a trading day: is everything fit for it? Sends no order.

    Example: px preflight --alert
    """
    out = Output(Form.JSON if json else Form.TABLE)
    raise typer.Exit(
        show_preflight(settings_as_in_session(), out, is_alerted=alert, sleep=context.obj)
    )


@app.command()
def check(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Measure this machine: is it quick enough, as it is now, to trade on? Sends nothing.

    Example: px check --json
    """
    out = Output(Form.JSON if json else Form.TABLE)
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(show_check(settings, out, sleep=context.obj))


@app.command(name="flatten")
def flatten_now(
    yes: _Yes = False,
    timeout: Annotated[
        float, typer.Option(parser=kinds.seconds(1, 3600), help="Seconds until it gives up.")
    ] = 60.0,
    everything: Annotated[
        bool,
        typer.Option("--everything", help="Also what PX_FOREIGN=ignore leaves alone."),
    ] = False,
) -> None:
    """Cancel every order and close every position of the account, and prove it by REST.

    With PX_FOREIGN=ignore only those of our own contract, unless --everything is given.

    Example: px flatten --yes
    """
    screen = steady_console()
    settings = lenient_settings()
    try:
        status = flatten(
            settings, screen, is_agreed=yes, timeout_s=timeout, is_everything=everything
        )
    finally:
        if (others := not_looked_at("px flatten")) is not None:
            screen.print(others, soft_wrap=True)
    raise typer.Exit(status)


@app.command()
def up(
    port: Annotated[
        int, typer.Option(parser=kinds.port, help="Of Prefect's server and UI; 0 for a free one.")
    ] = 4200,
    seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the paper market.")] = 7,
) -> None:
    """Everything on this machine: server with its UI, schedules, runners, watchdog, paper gateway.

    Example: px up
    """
    screen, before = steady_console(), load_settings(kind=AccountlessSettings)
    settle_old_home(before, lambda text: screen.print(text, soft_wrap=True))
    Paths(before.home).make()
    forget_stale_facts(before.home)
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(keep_up(settings, screen, port=port, seed=seed))


@app.command()
def down(
    leave: Annotated[
        bool, typer.Option("--leave", help="A protected position stays under its bracket.")
    ] = False,
    yes: _Yes = False,
) -> None:
    """Stop the `px up` of this home folder; a session that lives flattens first.

    Example: px down
    """
    settings = lenient_settings(LenientAccountlessSettings)
    raise typer.Exit(bring_down(settings, steady_console(), leaves=leave, is_agreed=yes))


@app.command()
def deploy(
    pool: Annotated[str, typer.Option(help="Name of the work pool; made if there is none.")],
) -> None:
    """Register the deployments for the workers of a work pool, on the server of PREFECT_API_URL.

    Example: px deploy --pool trading
    """
    raise typer.Exit(deploy_to(pool))


@app.command()
def watchdog(
    tied: Annotated[
        bool, typer.Option("--tied", help="End with standard input, once nobody needs it.")
    ] = False,
) -> None:
    """Watch the account beside its sessions; flatten what one that died or hangs leaves behind.

    Example: px watchdog
    """
    settings, problems = lenient_as_in_session(LenientSettings)
    warn_each(problems)
    raise typer.Exit(watch(settings, steady_console(), is_tied=tied))


@app.command()
def here() -> None:
    """Say that you are there: with PX_PRESENCE_S nothing is opened while nobody is.

    Example: px here
    """
    raise typer.Exit(say_here(lenient_settings(LenientAccountlessSettings), console()))


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
def report(
    which: Annotated[
        str | None,
        typer.Argument(metavar="[DATE|SESSION]", help="The newest session by default."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Its page in a browser as well.")] = False,
    week: Annotated[bool, typer.Option("--week", help="The week with that date, or now.")] = False,
    month: Annotated[bool, typer.Option("--month", help="The month of it.")] = False,
    account: Annotated[
        int | None,
        typer.Option(parser=kinds.any_id, help="Of a week or month, instead of PX_ACCOUNT_ID."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """The daily-loss report of a session or a day; with --week or --month by day, hour, strategy.

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


@app.command()
def reconcile(
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """The account's trading day so far, our journals against the venue; also without a session.

    Example: px reconcile --json
    """
    raise typer.Exit(reconcile_day(load_settings(), as_json=json))


@app.command()
def replay(
    session: _Session = None,
    until: Annotated[
        str | None,
        typer.Option(help="Stop after this row, or at this Chicago time, and explain the state."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Feed a session's journal to a fresh engine: it must decide the same.

    With --until it stops there and says what every gate would say of an entry.

    Example: px replay --until 09:42
    """
    paths = Paths(load_settings().home)
    raise typer.Exit(replay_session(paths, session, until=until, as_json=json))


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(parser=kinds.rows, help="How many days.")] = 200,
    first_seed: Annotated[int, typer.Option(parser=kinds.seed, help="Seed of the first one.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Write the outcome here as JSON.")] = None,
) -> None:
    """Bad days in virtual time: faults, kills and restarts, every invariant checked at each step.

    Example: px simulate --seeds 1000 --json days.json
    """
    raise typer.Exit(
        run_simulation(first_seed=first_seed, seeds=seeds, json=json, console=console())
    )


@app.command()
def ui(
    run_id: Annotated[str | None, typer.Argument(help="Id of a flow run to open.")] = None,
    port: Annotated[int, typer.Option(parser=kinds.port, help="0 for a free one.")] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only print the link, which logs in once.")
    ] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Log every browser out, and end.")
    ] = False,
) -> None:
    """Prefect's UI in a browser that is logged in: of the `px up` that runs here, or by itself over
    the runs of this home folder, until Ctrl-C.

    Example: px ui --port 4200
    """
    paths = Paths(load_settings().home)
    if new_key:
        raise typer.Exit(make_new_key(paths, console()))
    raise typer.Exit(serve_ui(paths, port, run_id, console(), opens=not no_open))


@app.command()
def housekeeping(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Let go of old journals, logs and reports, compress journals, back up the databases.

    Example: px housekeeping --dry-run
    """
    settings = load_settings(kind=AccountlessSettings)
    raise typer.Exit(keep_house(settings, is_dry=dry_run, as_json=json))


arming.add_to(app)
app.add_typer(service.app, name="service")
app.add_typer(journal.app, name="journal")
app.add_typer(alerts.app, name="alerts")
app.add_typer(kill.app, name="kill")
asking.add_to(app, "The gateway by hand: look")
acting.add_to(app, "The gateway by hand: move money")


def main() -> None:
    """Runs the command line."""
    take_over_crashes()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
