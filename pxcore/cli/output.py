"""What a verb says, and to whom: tables for people, one JSON document for programs.

With JSON nothing but the document goes to standard output; what a person must read meanwhile
goes to standard error. A table has no lines, and piped no colours either. None is ever cut or
folded: on a screen that is too narrow its rows are sentences.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from loguru import logger
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from pxcore.host.streams import act_on
from pxcore.text.escaping import for_terminal, for_terminal_lines
from pxcore.text.plain import plain_json

_PIPED_WIDTH = 120
_PIPED_TABLE_WIDTH = 500


NEEDS_YES = "it needs your yes: run it in a terminal, or add --yes"


class Form(Enum):
    """For whom the answer is."""

    TABLE = "table"
    JSON = "json"


class _Plain(RenderHook):
    """What is printed acts on no screen, whoever's words it holds: see `escaping`."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Escaped(one) for one in renderables]


class _Escaped:
    def __init__(self, shown: ConsoleRenderable) -> None:
        self._shown = shown

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for one in screen.render(self._shown, options):
            is_ours = one.control is not None  # colours and cursor, by rich itself
            yield one if is_ours else Segment(for_terminal_lines(one.text), one.style)


class _Screen(Console):
    """Takes text as text: brackets are no style, words between colons no emoji, and a text is one
    line.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **how)
        self.push_render_hook(_Plain())

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(line(o) if isinstance(o, str) else o for o in objects), **how)


class _Steady(_Screen):
    """Goes on when what it says reaches nobody: what it serves is not to be broken off for that."""

    def print(self, *objects: Any, **how: Any) -> None:
        try:
            super().print(*objects, **how)
        except Exception as error:  # whatever it was, what is being done comes first
            logger.debug("not shown: {!r}", error)

    def on_broken_pipe(self) -> None:
        self.quiet = True


def console(piped_width: int = _PIPED_WIDTH) -> Console:
    """Standard output. Piped, it is wide enough for every table whatever the window is."""
    return _Screen(width=_width(piped_width))


def steady_console() -> Console:
    """As `console`, for what moves money: `px flatten | head` flattens to its end, and one whose
    terminal stands still does, too.
    """
    act_on()
    return _Steady(width=_width(_PIPED_WIDTH))


def error_console() -> Console:
    """Standard error."""
    return _Screen(stderr=True)


def steady_error_console() -> Console:
    """As `error_console`, for what moves money."""
    return _Steady(stderr=True)


def _width(piped_width: int) -> int | None:
    return None if sys.stdout.isatty() else piped_width


def line(text: str, style: str = "") -> Text:
    """For `print`: one line, whoever's words it holds."""
    return Text(for_terminal(text), style=style)


def agrees(screen: Console, question: str) -> bool:
    """Does the person at the terminal answer yes? Anything else, and no answer, is no."""
    screen.print(line(f"{question} [y/N]: "), end="", soft_wrap=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say_json(document: Any) -> None:
    """The document, and nothing else, on standard output. Decimals become strings and times UTC
    ISO text, exact both.
    """
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    say_line(plain_json(text, sys.stdout.encoding))


def say_line(text: str) -> None:
    """On standard output, for what a program reads, too: lines stay, what would act is shown."""
    sys.stdout.write(f"{for_terminal_lines(text)}\n")


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
            made.add_row(*map(line, row))
        return made

    def sentences(self) -> list[Text]:
        """A row each, for a screen that is too narrow: names and values of what there is."""
        found = []
        for row in self.rows:
            named = zip(self.heads, row, strict=True)
            found.append(
                line(", ".join(f"{head} {cell}" for head, cell in named if cell not in ("-", "")))
            )
        return found


def parts_for(part: Grid | str, screen: Console) -> list[RenderableType]:
    """What is printed of it on that screen."""
    if isinstance(part, str):
        return [line(part)]
    if part.width <= screen.width or not screen.is_terminal:
        return [part.table()]
    return list(part.sentences())


class Output:
    """`show` is the answer; `say` is what a person reads on the way, `warn` what to beware of."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._screen = console(_PIPED_TABLE_WIDTH)
        self._errors = error_console()
        self._person = self._screen if form is Form.TABLE else self._errors

    def say(self, text: str, style: str = "") -> None:
        self._person.print(line(text, style), soft_wrap=True)

    def warn(self, text: str) -> None:
        self._errors.print(line(f"px: {text}", "bold yellow"), soft_wrap=True)

    def confirm(self, question: str) -> bool:
        """Does the person at the terminal answer yes? Anything else, and no answer, is no."""
        return agrees(self._person, question)

    def show(self, document: Any, *parts: Grid | str) -> None:
        """The document as JSON, or the parts for a person: one or the other."""
        if self.form is Form.JSON:
            say_json(document)
            return
        for part in parts:
            for printed in parts_for(part, self._screen):
                self._screen.print(printed, soft_wrap=isinstance(part, str))
