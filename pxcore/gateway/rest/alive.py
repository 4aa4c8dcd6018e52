"""Which orders are alive, also when the venue's count of them and its list disagree.

`v2/query` lists every order that is alive and says how many there are. A count that does not fit
is no list at first: an order may be on its way into it. When it is off by the same number look
after look, a second list is asked: `searchOpen` has every order that can fill, and no count. Legs
that wait for their entry are not in it, but no leg fills before its entry does. Where both lists
have the same orders open, the count is taken for wrong; where not, nothing is known.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Final

from pxcore.gateway.wire import codes
from pxcore.gateway.wire.endpoints import Orders
from pxcore.gateway.wire.rows import WireOrder
from pxcore.model import OrderStatus, ProtocolError, PxError, Unavailable

PAGE_ROWS: Final = 100
PAGES_MAX: Final = 50
SAME_LOOKS: Final = 4  # off by the same number, until the second list is asked
PAUSES_S: Final = (0.5, 1.0, 1.5)  # between them, for who has the time

Rows = dict[int, WireOrder]


class Miscounted(Unavailable):
    """The venue's count of orders and its list disagree: there is no saying which are alive.
    `rows` are those that it does list.
    """

    def __init__(self, said: str, rows: Iterable[WireOrder]) -> None:
        self.rows = list(rows)
        super().__init__(said)


class AliveOrders:
    """Remembers, for one client, by how much the count was off. Safe to use from many threads."""

    def __init__(self) -> None:
        self._off_by = 0
        self._looks = 0
        self._said: str | None = None
        self._lock = threading.Lock()

    @property
    def miscounted(self) -> str | None:
        """What the venue said, where its count was taken for wrong at the last look."""
        with self._lock:
            return self._said

    def look(
        self, ask_page: Callable[[int], Orders], ask_open: Callable[[], list[WireOrder]]
    ) -> list[WireOrder]:
        """`ask_page` takes the offset. Raises Miscounted, and ProtocolError for too many pages."""
        rows, total = _all_pages(ask_page)
        listed = len(rows)
        said = f"the venue says {total} open orders and lists {listed}"
        off_by = 0 if total is None else total - listed
        if not self._is_settled(off_by):
            raise Miscounted(said, rows.values())
        if off_by:
            try:
                others = {row.id: row for row in ask_open()}
            except PxError as error:
                raise Miscounted(f"{said}; {error}", rows.values()) from error
            whole = others | rows
            if len(whole) != total and set(others) != _open_in(rows):
                raise Miscounted(f"{said}; its other list has {len(others)}", whole.values())
            is_whole = len(whole) == total
            self._keep(None if is_whole else f"{said}; its other list has the same ones open")
            return list(whole.values())
        self._keep(None)
        return list(rows.values())

    def _is_settled(self, off_by: int) -> bool:
        """It fits, or has been off by this number often enough."""
        with self._lock:
            self._looks = self._looks + 1 if off_by == self._off_by else 1
            self._off_by = off_by
            return not off_by or self._looks >= SAME_LOOKS

    def _keep(self, said: str | None) -> None:
        with self._lock:
            self._said = said


def _all_pages(ask_page: Callable[[int], Orders]) -> tuple[Rows, int | None]:
    """Until the venue's count is reached or nothing new comes: how many rows a page has at the most
    is the venue's to say, and not documented.
    """
    rows: Rows = {}
    for _ in range(PAGES_MAX):
        page = ask_page(len(rows))
        known, total = len(rows), page.total_count
        rows |= {row.id: row for row in page.orders}
        if len(rows) == known or (total is not None and len(rows) >= total):
            return rows, total
    raise ProtocolError(f"more than {PAGES_MAX} pages of orders are alive")


def _open_in(rows: Rows) -> set[int]:
    return {row.id for row in rows.values() if codes.order_status(row.status) is OrderStatus.OPEN}
