"""Texts of others, an account's name or what a venue said, as Markdown that shows them as they are.

By CommonMark 0.31 a backslash before punctuation shows it as itself, and by GFM's tables `\\|` is
no end of a cell. An underscore inside a word means nothing and stays, for whoever reads the file.
"""

import re
from collections.abc import Iterable, Sequence

_MEANS_SOMETHING = re.compile(r"^#|[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")


def shown(text: object) -> str:
    """On one line, and as it is."""
    return _MEANS_SOMETHING.sub(r"\\\g<0>", " ".join(str(text).split()))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Its lines, with a blank one after it."""
    return [
        _row(heads),
        f"|{'---|' * len(heads)}",
        *(_row([shown(cell) for cell in row]) for row in rows),
        "",
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
