"""What a verb says, and to whom: tables for people, one JSON document for programs.

With JSON nothing but the document goes to standard output; what a person must read meanwhile
goes to standard error. A table has no lines, and piped no colours either. None is ever cut or
folded: on a screen that is too narrow its rows are sentences.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import typer
from rich.console import Console, RenderableType
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


class _Steady(Console):
    """Goes on when what it says reaches nobody: what it serves is not to be broken off for that."""

    def print(self, *objects: Any, **how: Any) -> None:
        try:
            super().print(*objects, **how)
        except UnicodeEncodeError:
            super().print(*(ascii(str(one)) for one in objects))
        except OSError:  # a full disk, a terminal that was closed
            self.quiet = True

    def on_broken_pipe(self) -> None:
        self.quiet = True
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def steady_console() -> Console:
    """As `console`, for what moves money: `px flatten | head` flattens to its end."""
    return _Steady(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of text under heads; the columns named in `right` hold numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str] = ()

    @property
    def width(self) -> int:
        """Columns of the screen that it needs as a table."""
        columns = zip(self.heads, *self.rows, strict=True)
        return sum(max(map(len, column)) + 2 for column in columns)

    def table(self) -> Table:
        made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for head in self.heads:
            made.add_column(head, justify="right" if head in self.right else "left", no_wrap=True)
        for row in self.rows:
            made.add_row(*(Text(cell) for cell in row))
        return made

    def sentences(self) -> list[Text]:
        """A row each, for a screen that is too narrow: names and values of what there is."""
        found = []
        for row in self.rows:
            named = zip(self.heads, row, strict=True)
            found.append(
                Text(", ".join(f"{head} {cell}" for head, cell in named if cell not in ("-", "")))
            )
        return found


def parts_for(part: Grid | str, screen: Console) -> list[RenderableType]:
    """What is printed of it on that screen."""
    if isinstance(part, str):
        return [Text(part)]
    if part.width <= screen.width or not screen.is_terminal:
        return [part.table()]
    return list(part.sentences())


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

    def show(self, document: Any, *parts: Grid | str) -> None:
        """The document as JSON, or the parts for a person: one or the other.

        Decimals become strings and times UTC ISO text, exact both.
        """
        if self.form is Form.JSON:
            text = msgspec.json.format(msgspec.json.encode(document), indent=2)
            typer.echo(text.decode())
            return
        for part in parts:
            for printed in parts_for(part, self._screen):
                self._screen.print(printed, soft_wrap=isinstance(part, str))
