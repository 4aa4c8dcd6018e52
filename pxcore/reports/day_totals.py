"""What the whole day came to, and which of its sessions made what of it.

The one source of the day's money for state names, reports, alerts and pages: a session that was
restarted after another one is not the day.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from pxcore.engine.limits import realised_usd
from pxcore.engine.rounds import fold_rounds
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.reader import decode_closing, read_last_row, read_opening, read_rows
from pxcore.journal.rows import RowKind
from pxcore.journal.segments import session_of, sessions_in
from pxcore.model import Fill, Snapshot

BEFORE = "before the first session"
_NOBODY = -1
DIED = "killed: the journal has no last row"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of some fills, USD. `trades` are rounds that they begin, those still open among them."""

    trades: int
    fills: int
    gross_usd: Decimal
    costs_usd: Decimal
    net_usd: Decimal


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the account made from one session's start until the next one's. Without a session, from
    the day's beginning, it is called `BEFORE`. `began` is by the session's own clock.
    """

    session_id: str
    began: datetime | None
    ended: str | None
    figures: Figures


class DayTotals(msgspec.Struct, frozen=True, kw_only=True):
    """By the venue's fills of the account. The lines' figures add up to the whole. `unread` names
    journals whose sessions are not among them.
    """

    figures: Figures
    sessions: tuple[SessionLine, ...]
    unread: tuple[str, ...] = ()


class _Began(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its journal tells it; `known` are the fills that its start saw."""

    session_id: str
    wall: datetime
    at: datetime  # by its own clock
    known: frozenset[int]
    ended: str | None


def totals_of(
    closing: Snapshot, journals: Path, *, account_id: int, trading_day: date
) -> DayTotals:
    """Of the day so far, by the venue's last look at it."""
    unread: list[str] = []
    began = sorted(_sessions(journals, account_id, trading_day, unread), key=lambda one: one.wall)
    parts = _Parts(closing, began)
    return DayTotals(
        figures=parts.figures(parts.fills),
        sessions=tuple(parts.lines(began)),
        unread=tuple(unread),
    )


def _sessions(
    journals: Path, account_id: int, trading_day: date, unread: list[str]
) -> Iterator[_Began]:
    for path in sessions_in(journals, trading_day=trading_day):
        try:
            opening = read_opening(path)
            if opening.config.account_id != account_id:
                continue
            first = next(read_rows(path))
            yield _Began(
                session_id=opening.config.session_id,
                wall=first.wall,
                at=first.at or first.wall,
                known=frozenset(f.id for f in opening.config.opening_fills),
                ended=_end_of(path),
            )
        except DAMAGED:
            unread.append(session_of(path))


def _end_of(path: Path) -> str | None:
    last = read_last_row(path)
    return None if last is None or last.kind is not RowKind.CLOSED else decode_closing(last).reason


class _Parts:
    """Every fill is in one part, and every round by the first fill of what opened it: that of the
    last session which began without having seen it.
    """

    def __init__(self, closing: Snapshot, began: Sequence[_Began]) -> None:
        counted = (f for f in closing.fills if not f.is_voided)
        self.fills = sorted(counted, key=lambda f: (f.happened_at, f.id))
        owner: dict[int, int] = {}
        known: set[int] = set()
        for number, one in enumerate(began):
            known |= one.known
            owner |= {f.id: number for f in self.fills if f.id not in known}
        self._parts: dict[int, list[Fill]] = {}
        for fill in self.fills:
            self._parts.setdefault(owner.get(fill.id, _NOBODY), []).append(fill)
        mine = (f for f in self.fills if closing.scope.holds(f.contract_id))
        self._entries = Counter(one.entry_order_id for one in fold_rounds(mine))

    def lines(self, began: Sequence[_Began]) -> Iterator[SessionLine]:
        if _NOBODY in self._parts:
            figures = self.figures(self._parts[_NOBODY])
            yield SessionLine(session_id=BEFORE, began=None, ended=None, figures=figures)
        for number, one in enumerate(began):
            yield SessionLine(
                session_id=one.session_id,
                began=one.at,
                ended=one.ended or DIED,
                figures=self.figures(self._parts.get(number, [])),
            )

    def figures(self, part: Sequence[Fill]) -> Figures:
        firsts = {f.order_id: f.id for f in reversed(self.fills)}
        gross = sum((f.pnl_usd or Decimal(0) for f in part), Decimal(0))
        net = realised_usd(part)
        return Figures(
            trades=sum(self._entries[f.order_id] for f in part if firsts[f.order_id] == f.id),
            fills=len(part),
            gross_usd=gross,
            costs_usd=gross - net,
            net_usd=net,
        )
