"""What `px` understands: a table of verbs, each loaded when it is called.

A verb under stress must not wait for the others' imports. A verb lives in the module of its name
in `verbs`: a Typer app, or a function of its name.

Exit status: 0 done and safe, 1 not safe or not done, 2 a person must change something first,
3 no session today, 130 broken off.
"""

import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand

from pxcore.cli.command_line import Edge, Listed, log_to_stderr

NOW = "Now"
DAY = "The trading day"
RECORD = "Results and records"
MACHINE = "This machine"
LOOK = "The gateway by hand: look"
ACT = "Orders and positions by hand"


class Verb(NamedTuple):
    """`about` is what the list of `px --help` says; the verb's own help begins with it."""

    name: str
    panel: str
    about: str


VERBS = (
    Verb("flatten", NOW, "Cancel every order and close every position of the account."),
    Verb("kill", NOW, "The kill switch: on, off, status."),
    Verb("down", NOW, "Stop the `px up` of this home folder; a running session flattens first."),
    Verb("status", NOW, "Mode, account, who holds it, kill switch, halt. Sends nothing."),
    Verb("limits", NOW, "The day's limits: what is in force, where each comes from, tighten them."),
    Verb("rearm", NOW, "Clear what the trading day has latched: a halt, or tightened limits."),
    Verb("here", NOW, "Check in: with PX_PRESENCE_S nothing is opened while nobody does."),
    Verb("demo", DAY, "One paper trading day, from nothing to the daily report."),
    Verb("preflight", DAY, "The check list before a trading day. Sends no order."),
    Verb("run", DAY, "The trading day now, on the gateway and account of the settings."),
    Verb("up", DAY, "Everything on this machine: schedules, runners, watchdog, Prefect's UI."),
    Verb("ui", DAY, "Prefect's UI in a browser, logged in."),
    Verb("strategies", DAY, "What a session can trade, with every parameter."),
    Verb("paper", DAY, "The paper gateway alone, until Ctrl-C."),
    Verb("report", RECORD, "The daily-loss report of a session, a day, a week or a month."),
    Verb("reconcile", RECORD, "The account's trading day so far: our journals against the venue."),
    Verb("replay", RECORD, "Feed a session's journal to a fresh engine: it must decide the same."),
    Verb("journal", RECORD, "The audit journal: every event and decision."),
    Verb("simulate", RECORD, "Bad days in virtual time, every invariant checked at each step."),
    Verb("check", MACHINE, "Measure this machine: is it quick enough to trade on?"),
    Verb("watchdog", MACHINE, "Watch the account beside its sessions, as `px up` does."),
    Verb("housekeeping", MACHINE, "Delete what is old, compress journals, back up the databases."),
    Verb("alerts", MACHINE, "Alerts to where PX_ALERT_URLS says."),
    Verb("service", MACHINE, "Keep `px up` running, over crashes and reboots."),
    Verb("deploy", MACHINE, "Register the deployments for the workers of a work pool."),
    Verb("ping", LOOK, "Does the gateway answer? Needs no login."),
    Verb("accounts", LOOK, "The user's accounts, including those that may not trade."),
    Verb("account", LOOK, "The account of PX_ACCOUNT_ID."),
    Verb("contracts", LOOK, "Contracts that the venue finds for a text."),
    Verb("contract", LOOK, "One contract: its grid and what a tick is worth."),
    Verb("bars", LOOK, "Bars of a contract, oldest first."),
    Verb("orders", LOOK, "Orders of the account."),
    Verb("positions", LOOK, "Positions of the account."),
    Verb("trades", LOOK, "Our executions, oldest first, and what they came to."),
    Verb("order", ACT, "Place, modify or cancel one order."),
    Verb("position", ACT, "Close or reduce one position."),
)
_BY_NAME = {verb.name: verb for verb in VERBS}


class Verbs(Edge):
    """The group of them all. In a list each is an outline, when it is called it is itself."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_BY_NAME)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = _BY_NAME.get(cmd_name)
        return None if verb is None else _outline(verb)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in _BY_NAME:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)

    @property
    def commands(self) -> Any:
        """Every verb, loaded: for whoever reads them all."""
        return {name: load(name) for name in _BY_NAME}

    @commands.setter
    def commands(self, none: object) -> None:
        """Typer's group begins with none."""


def _outline(verb: Verb) -> TyperCommand:
    return TyperCommand(name=verb.name, help=verb.about, rich_help_panel=verb.panel)


def load(name: str) -> Any:
    """The verb as Typer understands it, its module imported."""
    verb = _BY_NAME[name]
    module = import_module(f"pxcore.cli.verbs.{name}")
    made = typer.Typer(rich_markup_mode=None)
    if hasattr(module, "app"):
        made.add_typer(module.app, name=name, cls=Listed, rich_help_panel=verb.panel)
    else:
        made.command(name=name, rich_help_panel=verb.panel)(getattr(module, name))
    made.callback()(lambda: None)  # or one verb alone would be the whole program
    group: Any = typer.main.get_command(made)
    found = group.commands[name]
    for one in (found, *getattr(found, "commands", {}).values()):
        if one.help:  # an example is to be copied: no line of it is folded
            one.help = one.help.replace("\n\nExample:", "\n\n\b\nExample:")
    return found


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from pxcore.cli.version import show_version

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


def main() -> None:
    """Runs the command line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
