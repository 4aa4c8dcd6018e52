"""`px kill`: keep every session from opening anything, on every machine that shares the store."""

from collections.abc import Sequence
from typing import Annotated

import typer

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.output import Form, Output
from pxcore.cli.reasons import REASON_MAX, reason_given
from pxcore.cli.verb_settings import lenient_settings
from pxcore.config.paths import Paths
from pxcore.config.settings import (
    AccountlessSettings,
    KillSettings,
    load_settings,
)
from pxcore.day.kill_switch import KillStatus, kill_status
from pxcore.model import Misconfigured
from pxcore.ownership.kill_acts import RunningSession, engage, holders, release, resume
from pxcore.upkeep.old_home import elsewhere

app = typer.Typer(no_args_is_help=True, help="The kill switch: on, off, status.")
_Reason = Annotated[str, typer.Option(help="Why. Kept in the store.")]


@app.command()
def on(
    reason: _Reason = "by hand",
    keep_position: Annotated[
        bool, typer.Option("--keep-position", help="Only keep entries out: flatten nothing.")
    ] = False,
) -> None:
    """Engage it: within a second no session enters any more, and each flattens and ends.

    Example: px kill on --reason news
    """
    settings = lenient_settings(KillSettings)
    why = reason_given(reason[:REASON_MAX])  # one that is too long keeps nobody from engaging it
    engaged = engage(settings, reason=why, flattens=not keep_position)
    for problem in engaged.problems:
        _out().warn(problem)
    what = "no entries; positions stay" if keep_position else "no entries; sessions flatten and end"
    if engaged.is_kept:
        _out().say(f"kill switch engaged for every account: {what}. `px kill off` releases it")
        return
    for session in engaged.told:
        _out().say(f"told {session}: {what}")
    _out().warn("it is kept nowhere: a session that starts later does not know of it")
    raise typer.Exit(1)


@app.command()
def off(
    reason: _Reason,
    resumes: Annotated[
        bool, typer.Option("--resume", help="Running sessions may enter again, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Release it, with a reason: sessions that start from now on may enter.

    A running session stays out until it ends, unless you add --resume, now or later. It says first
    what it will do, and asks.

    Example: px kill off --reason "news is out" --resume
    """
    settings = load_settings(kind=AccountlessSettings)
    why = reason_given(reason)
    status = kill_status(settings)
    for line in _lines(status):
        _out().say(line)
    if status.problem is not None:
        raise Misconfigured(f"{status.problem}; nothing was released")
    if not status.is_engaged and not resumes:
        _out().say("the kill switch is off already: nothing to release")
        return
    for line in _will_do(status, holders(settings), resumes=resumes):
        _out().say(line)
    if not yes and not _out().confirm("Release it?" if status.is_engaged else "Resume?"):
        _out().say("nothing was released" if status.is_engaged else "nothing was resumed")
        raise typer.Exit(1)
    if status.is_engaged:
        release(settings, reason=why)
        _out().say("kill switch released")
    if resumes:
        resume(settings, reason=why)
        _out().say("resumed: running sessions may enter again")


def _will_do(status: KillStatus, running: Sequence[RunningSession], *, resumes: bool) -> list[str]:
    """To whom it makes which difference."""
    lines = ["sessions that start from now on may enter"] if status.is_engaged else []
    for one in running:
        what = (
            "may enter again within a second"
            if resumes
            else "stays out until it ends, or until `px kill off --reason over --resume`"
        )
        lines.append(f"{one} {what}")
    if resumes and not running:
        lines.append("no session is running: there is none to resume")
    return lines


@app.command()
def status(
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Is it engaged, by what, and who engaged or released it. Exit status 1 while it is.

    Example: px kill status --json
    """
    settings = lenient_settings(KillSettings)
    out = Output(Form.JSON if json else Form.TABLE)
    found = kill_status(settings)
    out.show(found, *_lines(found))
    home = Paths(settings.home).home
    if others := elsewhere(home):
        out.warn(f"this is of {home}{others}")
    raise typer.Exit(1 if found.is_engaged or found.problem else 0)


def _out() -> Output:
    return Output(Form.TABLE)


def _lines(status: KillStatus) -> list[str]:
    facts = [
        ("setting", "off" if status.setting is None else f"ENGAGED: {status.setting}"),
        ("file", "off" if status.file is None else f"ENGAGED: {status.file}"),
    ]
    if status.problem is not None:
        facts.append(("store", f"not known: {status.problem}"))
    elif status.latch is None:
        facts.append(("store", "off"))
    else:
        latch = status.latch
        kind = "" if latch.flattens else ", entries only"
        at = f"{latch.at.astimezone(CHICAGO):%Y-%m-%d %H:%M:%S} Chicago"
        facts.append(("store", f"ENGAGED: {latch.reason} ({latch.who}, {at}{kind})"))
    for act in status.acts:
        at = f"{act.at.astimezone(CHICAGO):%Y-%m-%d %H:%M:%S}"
        facts.append((act.verb, f"{at} Chicago, {act.who}: {act.reason}"))
    return [f"{name:<10} {value}" for name, value in facts]
