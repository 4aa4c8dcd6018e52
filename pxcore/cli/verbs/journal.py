"""`px journal`: read a session's rows, follow them, prove them, take them elsewhere."""

import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pxcore.calendar.hours import CHICAGO
from pxcore.cli import kinds
from pxcore.cli.output import Form, Output, say_line
from pxcore.cli.rebuild import rebuild_store
from pxcore.cli.sessions import journal_of, moment_in
from pxcore.config.paths import Paths
from pxcore.config.settings import load_settings
from pxcore.engine.commands import Denied
from pxcore.journal.denial_text import denial_told
from pxcore.journal.export import text_of, what_of, write_csv, write_parquet
from pxcore.journal.follow import Follower
from pxcore.journal.reader import decode_command, read_rows
from pxcore.journal.repair import repair
from pxcore.journal.rows import Row, RowKind
from pxcore.journal.seal import read_seal
from pxcore.journal.segments import (
    day_ends_in,
    flattens_in,
    numbers_of,
    session_of,
    sessions_in,
)
from pxcore.journal.verify import Soundness, verify
from pxcore.model import Misconfigured, ProtocolError, PxError
from pxcore.ownership.account_lock import AccountLock
from pxcore.reports.daily import reported_hash
from pxcore.store.projection.journals import owner_of
from pxcore.text.plain import plain, plain_json

app = typer.Typer(no_args_is_help=True, help="The audit journal: every event and decision.")

_Session = Annotated[str | None, typer.Argument(help="Session id; the newest by default.")]
_Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Rows of this kind, or events and commands of this name."),
]
_Since = Annotated[
    str | None,
    typer.Option(help="From then on: 09:42 or 09:42:30 Chicago time, or ISO with a zone."),
]
_Json = Annotated[bool, typer.Option("--json", help="The rows themselves, one JSON a line.")]
_WIDTH = 240
_EVERY_S = 0.2


@app.command()
def show(
    session: _Session = None,
    kind: _Kinds = None,
    since: _Since = None,
    limit: Annotated[int, typer.Option(parser=kinds.rows, help="So many rows at most.")] = 200,
    json: _Json = False,
) -> None:
    """A session's rows in order.

    Example: px journal show --kind denied --since 09:42
    """
    path = _path(session)
    names: set[str] = set()
    count = 0
    for row in _wanted(path, kind, since, names):
        if count == limit:
            _out(json).warn(f"and more: --limit {limit} was reached")
            return
        _say(row, as_json=json)
        count += 1
    if not count:
        _out(json).warn(f"{path.stem} has no such row{_meant(kind, names)}")


@app.command()
def tail(
    session: _Session = None,
    kind: _Kinds = None,
    lines: Annotated[
        int, typer.Option("-n", parser=kinds.whole(0, 1_000_000), help="Rows to begin with.")
    ] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the session has ended, or Ctrl-C.")
    ] = False,
    json: _Json = False,
) -> None:
    """A session's last rows, and with --follow the new ones.

    Example: px journal tail --follow --kind command
    """
    path = _path(session)
    follower, last = _last_rows(path, kind, lines)
    for row in last:
        _say(row, as_json=json)
    pause = threading.Event()
    while follow:
        is_over = read_seal(path) is not None  # nothing is added from here on
        for row in follower.new_rows():
            if _is_of(row, kind):
                _say(row, as_json=json)
        if is_over or follower.is_closed:
            return
        pause.wait(_EVERY_S)


@app.command(name="verify")
def verify_journals(
    session: _Session = None,
    all_: Annotated[bool, typer.Option("--all", help="Every journal there is.")] = False,
    repairs: Annotated[
        bool, typer.Option("--repair", help="Set a torn last row aside and seal what a death left.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Is the journal what was written? 1 when one is damaged; an open one is said to be so.

    Example: px journal verify --all
    """
    paths = Paths(load_settings().home)
    folder = paths.journals
    every = [*sessions_in(folder), *flattens_in(folder), *day_ends_in(folder)] if all_ else []
    chosen = every or [_path(session)]
    if repairs:
        for path in chosen:
            _repair(paths, path)
    found = [verify(path, expected_hash=_reported(paths, path)) for path in chosen]
    _out(json).show(found, *map(str, found))
    raise typer.Exit(int(any(one.soundness is Soundness.DAMAGED for one in found)))


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="FILE.csv or FILE.parquet.")],
    session: Annotated[str | None, typer.Option(help="The newest by default.")] = None,
    kind: _Kinds = None,
    since: _Since = None,
) -> None:
    """A session's rows for other programs.

    Example: px journal export day.parquet --kind event
    """
    writers = {".csv": write_csv, ".parquet": write_parquet}
    write = writers.get(to.suffix)
    if write is None:
        raise Misconfigured(f"{to}: the name must end in .csv or .parquet")
    path = _path(session)
    try:
        rows = write(_wanted(path, kind, since), to)
    except OSError as error:
        raise Misconfigured(f"{to} cannot be written: {error.strerror}") from error
    Output(Form.TABLE).say(f"{rows:,} rows of {session_of(path)} in {to}")


@app.command()
def rebuild(
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove the days that no journal tells of.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
) -> None:
    """Rebuild the store's tables from every journal there is. Halts stay latched.

    Example: px journal rebuild
    """
    raise typer.Exit(rebuild_store(load_settings(), prunes=prune, as_json=json))


# -- parts ------------------------------------------------------------------------------------


def _out(as_json: bool) -> Output:
    return Output(Form.JSON if as_json else Form.TABLE)


def _path(session: str | None) -> Path:
    return journal_of(Paths(load_settings().home), session)


def _meant(wanted: list[str] | None, names: set[str]) -> str:
    """What may be meant by a name that no row has."""
    strange = [one for one in wanted or () if one not in names]
    near = [match for one in strange for match in get_close_matches(one, names, n=1)]
    return f"; is {' or '.join(near)} meant?" if near else ""


def _wanted(
    path: Path, kinds: list[str] | None, since: str | None, names: set[str] | None = None
) -> Iterator[Row]:
    """A row that has no time of its own, a request's, has that of the row before it. `names` gets
    every name by which rows could be wanted.
    """
    begin = None if since is None else moment_in(path, since, option="--since")
    moment: datetime | None = None
    for row in read_rows(path):
        moment = row.at or moment
        if names is not None:
            names.update((str(row.kind), what_of(row)))
        is_due = begin is None or (moment is not None and moment >= begin)
        if is_due and _is_of(row, kinds):
            yield row


def _last_rows(path: Path, kinds: list[str] | None, count: int) -> tuple[Follower, deque[Row]]:
    """Of the last file where it has enough of them, else of all; and who reads on from there."""
    first = max(numbers_of(path), default=1)
    while True:
        follower = Follower(path, first=first)
        rows = deque((r for r in follower.new_rows() if _is_of(r, kinds)), maxlen=count)
        if len(rows) == count or first == 1:
            return follower, rows
        first = 1


def _is_of(row: Row, kinds: Iterable[str] | None) -> bool:
    return not kinds or str(row.kind) in kinds or what_of(row) in kinds


def _say(row: Row, *, as_json: bool) -> None:
    if as_json:
        text = msgspec.json.encode(row).decode("utf-8", "backslashreplace")
        say_line(plain_json(text, sys.stdout.encoding))
        return
    body = plain(_told(row))
    line = f"{row.seq:>7}  {_moment(row)}  {row.kind:<8} {plain(what_of(row)):<15} {body}"
    say_line(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…")


def _told(row: Row) -> str:
    """A refused entry in the sentence that its screen had; anything else as it stands there."""
    with suppress(ProtocolError):
        if row.kind is RowKind.COMMAND and isinstance(denied := decode_command(row), Denied):
            return f"{denied.gate}: {denied.side} denied: {denial_told(denied)}"
    return text_of(row)


def _moment(row: Row) -> str:
    """Chicago's; of a damaged row perhaps none that it ever had."""
    try:
        return f"{(row.at or row.wall).astimezone(CHICAGO):%H:%M:%S.%f}"
    except (OverflowError, ValueError):
        return "--:--:--.------"


def _reported(paths: Paths, path: Path) -> str | None:
    return reported_hash(paths.report(session_of(path)))


def _repair(paths: Paths, path: Path) -> None:
    """Only where nobody writes: the session's account is taken meanwhile."""
    try:
        account_id, _ = owner_of(path)
        with AccountLock(paths.home, account_id, holder="px journal"):
            done = repair(path)
    except (PxError, OSError) as error:
        Output(Form.TABLE).warn(f"{session_of(path)} is not repaired: {error}")
        return
    if done is not None:
        Output(Form.TABLE).warn(str(done))
