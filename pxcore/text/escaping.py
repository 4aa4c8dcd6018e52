r"""How a text from outside is written, for each place where one leaves the program.

Outside is whatever somebody else chose: an account's name, a venue's reason, a tag, a reason that
a person typed, a strategy's words, a file's name, a setting. One function a place, and every place
uses its own: what is shown is the text, and nothing in it acts. What would act on a screen is shown
as Python writes it first (`plain_text`), then what means something in that place is escaped.

`tests/test_raw_places.py` looks for places that go without.
"""

import re
from html import escape
from typing import Final

from pxcore.text.plain import plain, plain_json, plain_lines

# By CommonMark 0.31 a backslash before punctuation shows it as itself, and by GFM's tables `\|` is
# no end of a cell. An underscore inside a word means nothing and stays, for whoever reads the file.
# The last three are GFM's links that need no brackets: an address, `www.`, and a mailbox.
_MARKDOWN: Final = re.compile(
    r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|(?<=[\w.+-])@(?=\w)",
    re.IGNORECASE,
)
# What makes a line a head, an item of a list, a rule, the row under a table's heads, or none of it.
_LINE_START: Final = re.compile(r"^(#|[-+=:]+(?=\s|$)|\d+[.)](?=\s|$))")
_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # also as wide signs (OWASP, CSV Injection)


def for_terminal(text: object) -> str:
    """On one line of a screen: no colour, no cursor, no line of its own, no turned order."""
    return plain(str(text))


def for_terminal_lines(text: object) -> str:
    """As `for_terminal`, and line feeds stay: for a text of ours of several lines."""
    return plain_lines(str(text))


def for_log(text: object) -> str:
    """The message of a log line, which stays one."""
    return plain(str(text))


def for_log_lines(text: object) -> str:
    """A traceback under its log line."""
    return plain_lines(str(text))


def for_prefect(text: object) -> str:
    """The name or message of a state, a line of a run's log, a word of an event: Prefect shows
    these as text.
    """
    return plain(str(text))


def for_markdown(text: object) -> str:
    """On one line of Markdown, anywhere in it: no markup, no link, no image, no HTML."""
    line = plain(" ".join(str(text).split()))
    return _LINE_START.sub(_line_start, _MARKDOWN.sub(r"\\\g<0>", line))


def for_cell(text: object) -> str:
    """A cell of a Markdown table, and no more than that one."""
    return _MARKDOWN.sub(r"\\\g<0>", plain(" ".join(str(text).split())))


def for_html(text: object) -> str:
    """The text of an element or a quoted attribute, in HTML and in SVG."""
    return escape(plain(str(text)), quote=True)


def for_csv(text: object) -> str:
    """A field that no spreadsheet takes for a formula: one that would be has a quote before it."""
    shown = plain(str(text))
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def for_csv_json(text: str) -> str:
    """As `for_csv`, for a JSON document: it stays the same one."""
    return for_csv(plain_json(text, "utf-8"))


def for_alert(*lines: object) -> str:
    """An alert's title or text, of as many lines as are given: as text, for those that show text.
    Which receivers need more is for `alerts` to know.
    """
    return "\n".join(plain(str(line)) for line in lines)


def for_alert_markdown(text: str) -> str:
    """An alert for a receiver that takes its text for Markdown: it calls nobody (`@everyone`)."""
    return "\n".join(map(for_markdown, text.replace("@", "\uff20").split("\n")))


def _line_start(match: re.Match[str]) -> str:
    """A number is a list's by what follows it, everything else by how it begins."""
    start = match[0]
    return f"{start[:-1]}\\{start[-1]}" if start[0].isdigit() else f"\\{start}"
