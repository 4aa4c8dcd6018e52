"""`px ui`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli import kinds
from pxcore.cli.output import console
from pxcore.cli.ui import make_new_key, serve_ui
from pxcore.config.paths import Paths
from pxcore.config.settings import (
    load_settings,
)


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
    """Prefect's UI in a browser, logged in. Of the `px up` that runs here, or, without one, by
    itself over the runs of this home folder, until Ctrl-C.

    Example: px ui --port 4200
    """
    paths = Paths(load_settings().home)
    if new_key:
        raise typer.Exit(make_new_key(paths, console()))
    raise typer.Exit(serve_ui(paths, port, run_id, console(), opens=not no_open))
