"""What a verb says, and to whom: tables for people, one JSON document for programs.

With JSON nothing but the document goes to standard output; what a person must read meanwhile
goes to standard error. Piped tables have no lines and no colours, and are never cut or wrapped.
"""

import sys
from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 120
_PIPED_TABLE_WIDTH = 500


class Form(Enum):
    """For whom the answer is."""

    TABLE = "table"
    JSON = "json"


def console(piped_width: int = _PIPED_WIDTH) -> Console:
    """Standard output. Piped, it is wide enough for every table whatever the window is."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else piped_width)


class Output:
    """`show` is the answer; `say` is what a person reads on the way, `warn` what to beware of."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._screen = console(_PIPED_TABLE_WIDTH)
        self._errors = Console(stderr=True, highlight=False)
        self._person = self._screen if form is Form.TABLE else self._errors

    def say(self, text: str, style: str = "") -> None:
        self._person.print(Text(text, style=style), soft_wrap=True)

    def warn(self, text: str) -> None:
        self._errors.print(Text(f"px: {text}", style="bold yellow"), soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Does the person at the terminal answer yes? Anything else, and no answer, is no."""
        self._person.print(Text(f"{question} [y/N]: "), end="", soft_wrap=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def show(self, document: Any, *parts: Table | str) -> None:
        """The document as JSON, or the parts for a person: one or the other.

        Decimals become strings and times UTC ISO text, exact both.
        """
        if self.form is Form.JSON:
            text = msgspec.json.format(msgspec.json.encode(document), indent=2)
            typer.echo(text.decode())
            return
        for part in parts:
            printed = Text(part) if isinstance(part, str) else part
            self._screen.print(printed, soft_wrap=isinstance(part, str))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str]) -> Table:
    """A table whose columns named in `right` hold numbers. Nothing in it is ever cut short."""
    is_terminal = sys.stdout.isatty()
    made = Table(
        box=box.SIMPLE_HEAD if is_terminal else None,
        padding=(0, 1) if is_terminal else (0, 2, 0, 0),
        pad_edge=is_terminal,
    )
    for head in heads:
        made.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made
