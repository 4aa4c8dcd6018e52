"""Lists of a stretch of time that the venue may have cut: whole again, or an error.

Orders and trades have no paging and no documented cap (gateway reference, 2.8 and 2.15), so that
none is to be expected; bars had a cut that nobody was told of. An answer that looks cut, by the
venue's own count or by a round number of rows, is asked for again on both its sides until nothing
new comes. One that does not costs nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar

from pxcore.gateway.wire.rows import moment
from pxcore.model import ProtocolError

_CAP_LEAST: Final = 100  # rows: whoever cuts at fewer would have been seen to
_CAP_STEP: Final = 50
_LOOKS_MAX: Final = 20


class _Row(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def creation_timestamp(self) -> str: ...


R = TypeVar("R", bound=_Row)
Ask = Callable[[datetime, datetime | None], tuple[Sequence[R], int | None]]


def whole(ask: Ask[R], what: str, start: datetime, end: datetime | None) -> list[R]:
    """All rows; `ask` gives those of a stretch, and the venue's count of them if it has one.

    In the venue's order, or oldest first when more than one answer was needed. Raises ProtocolError
    when they do not come to the venue's count.
    """
    rows, total = ask(start, end)
    if not _looks_cut(len(rows), total):
        return list(rows)
    found = {row.id: row for row in rows}
    for _ in range(_LOOKS_MAX):
        times = [moment(row.creation_timestamp) for row in found.values()]
        fresh: dict[int, R] = {}
        if times:
            for part in ((start, min(times)), (max(times), end)):
                fresh |= {row.id: row for row in ask(*part)[0] if row.id not in found}
        if not fresh:
            break
        found |= fresh
    else:
        raise ProtocolError(f"the venue lists {what} without an end: {len(found)} came")
    if total is not None and len(found) < total:
        raise ProtocolError(f"the venue counts {total} {what} and lists {len(found)}")
    return sorted(found.values(), key=lambda row: (moment(row.creation_timestamp), row.id))


def _looks_cut(rows: int, total: int | None) -> bool:
    if total is not None and total > rows:
        return True
    return rows >= _CAP_LEAST and (rows % _CAP_STEP == 0 or rows & (rows - 1) == 0)
