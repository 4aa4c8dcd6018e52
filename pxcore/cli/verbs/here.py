"""`px here`, as it is typed."""

import typer

from pxcore.cli.here import say_here
from pxcore.cli.output import console
from pxcore.cli.verb_settings import (
    lenient_settings,
)
from pxcore.config.settings import (
    LenientAccountlessSettings,
)


def here() -> None:
    """Check in: with PX_PRESENCE_S nothing is opened while nobody does.

    Example: px here
    """
    raise typer.Exit(say_here(lenient_settings(LenientAccountlessSettings), console()))
