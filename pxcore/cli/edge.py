"""The edge of the command line: an error of ours is a line for each problem and an exit status.

1 not safe or not done, 2 a person must change something first. Never a traceback.
"""

from typing import Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from pxcore.cli.day import NoDay, problems_of
from pxcore.cli.output import error_console
from pxcore.logs import log_to
from pxcore.masking import Masker
from pxcore.model import Misconfigured, PxError
from pxcore.settings import AccountlessSettings, load_settings


class Edge(TyperGroup):
    """The group that all verbs hang on."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PxError as error:
            _complain(error)
            raise typer.Exit(_status(error)) from None
        except OSError as error:
            _complain(PxError(f"{error.filename or 'operating system'}: {error.strerror or error}"))
            raise typer.Exit(1) from None


def log_to_stderr() -> None:
    """What is logged by the way goes there from WARNING up: standard output is for answers."""
    try:
        settings = load_settings(kind=AccountlessSettings)
    except Misconfigured:  # the verb says so itself, and does nothing else
        log_to(None, level="WARNING", masker=Masker())
    else:
        masker = Masker(settings.secrets)
        log_to(None, level="WARNING", masker=masker, form=settings.log_format)


def _complain(error: PxError) -> None:
    errors = error_console()
    for problem in problems_of(error):
        errors.print(Text(f"px: {problem}", style="bold red"), soft_wrap=True)


def _status(error: PxError) -> int:
    if isinstance(error, NoDay):
        return error.status or 1
    return 2 if isinstance(error, Misconfigured) else 1
