"""The prices of one contract that it cannot have: counted, and told in bounds.

At a price limit the venue goes on sending a side that is not there. Told is that it is gone, and
that it is back and how many were left out; of each kind of price once a minute at most.
"""

from datetime import datetime, timedelta
from typing import Protocol

_TOLD_EVERY = timedelta(minutes=1)


class PriceReport(Protocol):
    """`bad_price` hears of each of them, `tell` what a person should read."""

    def bad_price(self) -> None: ...

    def tell(self, what: str) -> None: ...


class BadPrices:
    """`gone` are the kinds (bid, ask, last, print, depth) whose newest price was none."""

    def __init__(self, contract: str, report: PriceReport) -> None:
        self.gone: set[str] = set()
        self._contract = contract
        self._report = report
        self._left_out: dict[str, int] = {}  # since it was told last
        self._told_at: dict[str, datetime] = {}
        self._is_told: set[str] = set()  # that they are gone

    def note(self, kind: str, why: str, at: datetime) -> None:
        """This came instead of a price."""
        self._report.bad_price()
        is_new = kind not in self.gone
        self.gone.add(kind)
        self._left_out[kind] = self._left_out.get(kind, 0) + 1
        told_at = self._told_at.get(kind)
        if is_new and (told_at is None or at - told_at >= _TOLD_EVERY):
            self._told_at[kind] = at
            self._is_told.add(kind)
            self._report.tell(f"no {kind} of {self._contract}: {why}{self._so_far(kind)}")

    def note_back(self, kind: str) -> None:
        """A price again, of a kind that was gone."""
        self.gone.discard(kind)
        if kind in self._is_told:
            self._is_told.discard(kind)
            count = self._left_out.pop(kind)
            self._report.tell(f"the {kind} of {self._contract} is back; left out: {count}")

    def _so_far(self, kind: str) -> str:
        count = self._left_out[kind]
        return f" (and {count - 1} before)" if count > 1 else ""
