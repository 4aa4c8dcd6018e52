"""`px replay`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.replay import replay_session
from pxcore.config.paths import Paths
from pxcore.config.settings import (
    load_settings,
)

_Session = Annotated[str | None, typer.Argument(help="Session id; the newest by default.")]


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
