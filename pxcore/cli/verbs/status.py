"""`px status`, as it is typed."""

import typer

from pxcore.cli.output import Output
from pxcore.cli.trade.status import show_status
from pxcore.cli.verb_settings import lenient_as_in_session, not_looked_at
from pxcore.cli.verbs.forms import Json, form_of
from pxcore.config.settings import LenientAccountlessSettings


def status(json: Json = False) -> None:
    """Mode, account, who holds it, kill switch, halt. Sends nothing.

    Example: px status
    """
    settings, problems = lenient_as_in_session(LenientAccountlessSettings)
    out = Output(form_of(json))
    code = show_status(settings, out, problems)
    if (others := not_looked_at("px status")) is not None:
        out.say(others)
    raise typer.Exit(code)
