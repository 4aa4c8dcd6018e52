"""`px replay`: a session's journal fed to a fresh engine, and what that one thinks at a moment."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path

from pxcore.cli.output import Form, Grid, Output
from pxcore.cli.sessions import journal_of, moment_in
from pxcore.config.paths import Paths
from pxcore.engine.explain import Explanation, explain
from pxcore.journal.denial_text import refusal_told
from pxcore.journal.replay import Divergence, Replay
from pxcore.journal.rows import Row
from pxcore.model import Misconfigured
from pxcore.reports.daily import clock_text
from pxcore.text.typed import shown


def replay_session(paths: Paths, session: str | None, *, until: str | None, as_json: bool) -> int:
    """0 when the fresh engine decided as the session's did, up to `until`; 1 when not."""
    path = journal_of(paths, session)
    out = Output(Form.JSON if as_json else Form.TABLE)
    with redirect_stdout(sys.stderr):  # a strategy that prints does not answer for us
        again = Replay(path)
        divergence = again.run(until=_stop_before(path, until)) if until else again.run()
    if divergence is not None:
        return _differs(out, path, divergence)
    if until is not None and again.at is None:
        raise Misconfigured(f"--until {shown(until)} is before the session's first event")
    if until is None or again.at is None:
        document = {"session": path.stem, "events": again.events, "differs": None}
        out.show(document, f"{path.stem}: {again.events} events, every command the same")
        return 0
    found = explain(again.engine, again.at)
    head = f"{path.stem} after row {again.seq}, {clock_text(again.at)} Chicago"
    out.show(found, head, *_facts(found), _grid(found), _verdict(found))
    if again.is_whole and not (until.isdecimal() and again.seq >= int(until)):
        out.warn(f"the session ended before {shown(until)}: this is how it stood at its end")
    return 0


def _stop_before(path: Path, until: str) -> Callable[[Row], bool]:
    """A row's number, that row still taken; or a moment, its events still taken."""
    if until.isdecimal():
        last = int(until)
        if last < 1:
            raise Misconfigured("--until 0: rows count from 1")
        return lambda row: row.seq > last
    moment: datetime = moment_in(path, until, option="--until")
    return lambda row: row.at is not None and row.at > moment


def _differs(out: Output, path: Path, found: Divergence) -> int:
    document = {"session": path.stem, "differs": found}
    out.show(
        document,
        f"{path.stem}: row {found.seq} differs",
        f"recorded: {found.recorded}",
        f"replayed: {found.replayed}",
    )
    return 1


def _facts(found: Explanation) -> list[str]:
    def shown(value: object, unit: str = "") -> str:
        return "not known" if value is None else f"{value}{unit}"

    def age(seconds: float | None) -> str:
        return "never" if seconds is None else f"{seconds:.1f} s ago"

    facts = [
        ("phase", found.phase),
        ("holds", f"{found.exposure:+d}" if found.exposure else "nothing"),
        ("orders alive", str(found.orders_alive)),
        ("bid, ask", f"{shown(found.bid)}, {shown(found.ask)}"),
        ("quote, print", f"{age(found.quote_age_s)}, {age(found.print_age_s)}"),
        ("the day", shown(found.day_usd, " USD")),
        ("headroom", shown(found.headroom_usd, " USD")),
        ("trades", str(found.trades)),
    ]
    optional = (
        ("protection", found.protection),
        ("state unknown", found.unknown_because),
        ("ending", found.ending),
        ("strategy", found.waits),
        ("denied so far", ", ".join(f"{gate} {n}" for gate, n in found.denials.items()) or None),
    )
    facts += [(name, value) for name, value in optional if value is not None]
    return [f"{name:<14} {value}" for name, value in facts]


def _grid(found: Explanation) -> Grid:
    rows = [
        (gate.value, "passes", "")
        if refused is None
        else (gate.value, "REFUSED", refusal_told(refused))
        for gate, refused in found.gates.items()
    ]
    return Grid(("gate", "an entry", "because"), rows)


def _verdict(found: Explanation) -> str:
    refusal = found.first_refusal
    if refusal is None:
        why = found.waits or "its own reasons"
        return (
            f"an entry would pass every gate: if there was none, the strategy wanted none ({why})"
        )
    return f"an entry would be denied ({refusal.gate}): {refusal_told(refusal)}"
