"""The edge of the command line: an error of ours is a line for each problem and an exit status.

1 not safe or not done, 2 a person must change something first. Never a traceback.
"""

import errno
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from pxcore.cli.day import NoDay, problems_of
from pxcore.model import Misconfigured, PxError


class Edge(TyperGroup):
    """The group that all verbs hang on."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PxError as error:
            _complain(error)
            raise typer.Exit(_status(error)) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read our output has gone: nobody is left to tell
            _complain(PxError(f"{error.filename or 'operating system'}: {error.strerror or error}"))
            raise typer.Exit(1) from None


def _complain(error: PxError) -> None:
    errors = Console(stderr=True, highlight=False)
    for problem in problems_of(error):
        errors.print(Text(f"px: {problem}", style="bold red"), soft_wrap=True)


def _status(error: PxError) -> int:
    if isinstance(error, NoDay):
        return error.status or 1
    return 2 if isinstance(error, Misconfigured) else 1
