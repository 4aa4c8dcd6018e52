"""Tables of Markdown: a row a line, a cell a text, whoever chose it."""

from collections.abc import Iterable, Sequence

from pxcore.text.escaping import for_cell


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Its lines, with a blank one after it."""
    return [
        _row(heads),
        f"|{'---|' * len(heads)}",
        *(_row(row) for row in rows),
        "",
    ]


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(for_cell, cells))} |"
