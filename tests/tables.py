"""Tables of the pages that `make pages` writes."""

from collections.abc import Iterable, Iterator

Row = tuple[str, ...]


def table(heads: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Its lines. A `|` within a cell would end it."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(one.replace('|', '¦') for one in row)} |"
