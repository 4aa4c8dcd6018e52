"""`px watchdog`, as it is typed."""

from typing import Annotated

import typer

from pxcore.cli.output import steady_console
from pxcore.cli.verb_settings import (
    lenient_as_in_session,
    warn_each,
)
from pxcore.cli.watchdog import watch
from pxcore.config.settings import (
    LenientSettings,
)


def watchdog(
    tied: Annotated[
        bool, typer.Option("--tied", help="End with standard input, once nobody needs it.")
    ] = False,
) -> None:
    """Watch the account beside its sessions, as `px up` does. Flattens what a session that died
    or hangs leaves behind.

    Example: px watchdog
    """
    settings, problems = lenient_as_in_session(LenientSettings)
    warn_each(problems)
    raise typer.Exit(watch(settings, steady_console(), is_tied=tied))
