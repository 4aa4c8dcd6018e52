"""The edge of the command line: an error of ours is a line for each problem and an exit status.

1 not safe or not done, 2 a person must change something first. Never a traceback. Settings, logs
and what paints a screen are imported by whoever needs them: `px --help` needs none of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from pxcore.cli.no_day import NoDay, problems_of
from pxcore.model.errors import Misconfigured, PxError
from pxcore.text.escaping import for_terminal
from pxcore.text.typed import shown, visible

ARGUMENT_MAX = 4000  # characters; the longest path of any system is shorter
_ANY_TEXT = ("--params", "--reason")  # a setting, and what is cut or refused by its own bound

_FILES = ("--market", "--faults", "--state")
_LIBRARY = "Value error, "


class Listed(TyperGroup):
    """A group whose help is plain text, none of it cut short: boxes take longer than the rest."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Under the headings of their panels."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            about = " ".join((command.help or "").partition("\n\n")[0].split())
            panels.setdefault(command.rich_help_panel or "Commands", []).append((name, about))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows, col_max=14)


class Edge(Listed):
    """The group that all verbs hang on."""

    def make_context(self, info_name: Any, args: list[str], *given: Any, **named: Any) -> Any:
        with _quoting():
            _require_words(args)
            return super().make_context(info_name, args, *given, **named)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _quoting():
                return super().invoke(ctx)
        except PxError as error:
            _complain(error)
            raise typer.Exit(_status(error)) from None
        except OSError as error:
            _complain(PxError(f"{error.filename or 'operating system'}: {error.strerror or error}"))
            raise typer.Exit(1) from None


def _require_words(args: list[str]) -> None:
    """No argument is without end, or holds what nobody sees, but for JSON and a reason."""
    for number, one in enumerate(args):
        before = args[number - 1] if number else ""
        option, equals, value = one.partition("=")
        is_value = before.startswith("-") and not one.startswith("-")
        name = before if is_value else option if one.startswith("-") else f"argument {number + 1}"
        if name in _ANY_TEXT:
            continue
        if name in _FILES and (one == "" or (equals and not value)):
            raise typer.BadParameter("it is empty: a file is wanted", param_hint=name)
        try:
            visible(value if equals and one.startswith("-") else one)
        except ValueError as error:
            raise typer.BadParameter(f"{shown(one)}: {error}", param_hint=name) from None
        if len(one) > ARGUMENT_MAX:
            text = f"{shown(one)}: at most {ARGUMENT_MAX:,} are read"
            raise typer.BadParameter(text, param_hint=name)


@contextmanager
def _quoting() -> Iterator[None]:
    """What was typed wrong is quoted in Typer's own complaint, all of whose kinds have a message
    and no public name. A choice that is none has words of another library before it.
    """
    try:
        yield
    except Exception as error:  # raised as it was, but for that
        message = getattr(error, "message", None)
        if isinstance(message, str) and not message.startswith("Usage:"):  # a group's own help
            error.message = for_terminal(message.removeprefix(_LIBRARY))  # type: ignore[attr-defined]
        raise


def log_to_stderr() -> None:
    """What is logged by the way goes there from WARNING up: standard output is for answers."""
    from pxcore.config.logs import log_to, take_over_crashes
    from pxcore.config.masking import Masker
    from pxcore.config.settings import LenientAccountlessSettings, load_settings

    take_over_crashes()
    try:
        settings = load_settings(kind=LenientAccountlessSettings)
    except Misconfigured:  # the verb says so itself, and does nothing else
        log_to(None, level="WARNING", masker=Masker())
    else:
        masker = Masker(settings.secrets)
        log_to(None, level="WARNING", masker=masker, form=settings.log_format)


def _complain(error: PxError) -> None:
    from pxcore.cli.output import error_console, line

    errors = error_console()
    for problem in problems_of(error):
        errors.print(line(f"px: {problem}", "bold red"), soft_wrap=True)


def _status(error: PxError) -> int:
    if isinstance(error, NoDay):
        return error.status or 1
    return 2 if isinstance(error, Misconfigured) else 1
