"""One day of an account, from its journals to the store's rows. Reads only; the same rows always.

Orders and fills are one row each, however many journals tell of them: the venue's word at the
day's end counts most, then the stream's, then REST's; of two of a kind the later one.
"""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from pxcore.engine.book import advance
from pxcore.engine.rounds import fold_rounds
from pxcore.journal.latches import Latched
from pxcore.journal.operator import OperatorJournal
from pxcore.model import WHOLE, Fill, Order, PxError
from pxcore.reports.daily import DailyReport
from pxcore.reports.reconcile import VenueDay
from pxcore.reports.verdict import Verdict
from pxcore.store.projection.tables import (
    Base,
    FillRow,
    IncidentRow,
    OperatorActRow,
    OrderRow,
    TradingDayRow,
    row_of,
)

REST, STREAM, VENUE = "rest", "stream", "day's end"
_RANK = {REST: 0, STREAM: 1, VENUE: 2}


class Halted(msgspec.Struct, frozen=True, kw_only=True):
    """A halt as a journal has it; `wall` is our own clock's."""

    latched: Latched
    wall: datetime


class Told:
    """What one journal tells of the day, in its order: nothing of it counts before all is read."""

    def __init__(self, account_id: int, trading_day: date) -> None:
        self.account_id = account_id
        self.trading_day = trading_day
        self.rows: list[Base] = []
        self.halts: list[Halted] = []
        self.orders: list[tuple[Order, str]] = []
        self.fills: list[tuple[Fill, str]] = []

    def note(self, journal: str, seq: int, at: datetime, level: str, code: str, text: str) -> None:
        """An incident."""
        self.rows.append(
            IncidentRow(
                account_id=self.account_id,
                trading_day=self.trading_day,
                journal=journal,
                seq=seq,
                at=at,
                level=level,
                code=code,
                text=text,
            )
        )


class DayFold:
    """What is known of the day so far. `rows` are those of single journals."""

    def __init__(self, account_id: int, trading_day: date) -> None:
        self.account_id = account_id
        self.trading_day = trading_day
        self.rows: list[Base] = []
        self.halts: list[Halted] = []
        self.unread: list[str] = []  # one sentence each
        self.sessions: set[str] = set()
        self.closing: VenueDay | None = None
        self.verdicts: dict[str | None, Verdict] = {}  # of each session, of the whole day (None)
        self.reports: dict[str, DailyReport] = {}
        self._orders: dict[int, tuple[Order, str]] = {}
        self._fills: dict[int, tuple[Fill, str]] = {}

    def take(self, told: Told) -> None:
        self.rows += told.rows
        self.halts += told.halts
        for order, by in told.orders:
            self.see_order(order, by)
        for fill, by in told.fills:
            self.see_fill(fill, by)

    def see_order(self, order: Order, by: str) -> None:
        known = self._orders.get(order.id)
        if known is None or _RANK[by] > _RANK[known[1]]:
            self._orders[order.id] = (order, by)
        elif known[1] == by:
            self._orders[order.id] = (advance(known[0], order), by)

    def see_fill(self, fill: Fill, by: str) -> None:
        known = self._fills.get(fill.id)
        if known is None or _RANK[by] >= _RANK[known[1]]:
            self._fills[fill.id] = (fill, by)

    def see_verdict(self, session_id: str | None, verdict: Verdict) -> None:
        """A comparison of the whole day takes the place of what its sessions' said before."""
        if session_id is None:
            self.verdicts.clear()
        self.verdicts[session_id] = verdict

    @property
    def verdict(self) -> Verdict | None:
        """The worst that still stands; None when a session was never compared, unless another's
        was broken.
        """
        worst = max(self.verdicts.values(), key=list(Verdict).index, default=None)
        is_whole = None in self.verdicts or self.sessions <= self.verdicts.keys()
        return worst if is_whole or worst is Verdict.BROKEN else None

    def see_operator(self, journals: Path) -> None:
        """What a person did to the day."""
        journal = OperatorJournal(
            journals, account_id=self.account_id, trading_day=self.trading_day
        )
        try:
            acts = journal.rows()
        except PxError as error:
            self.unread.append(str(error))
            return
        self.rows += [
            row_of(
                OperatorActRow,
                row,
                **self._of,
                journal=journal.path.stem,
                act=msgspec.json.encode(row.act).decode(),
            )
            for row in acts
        ]

    def finished(self) -> list[Base]:
        """Every row of the day, but for halts."""
        orders = [
            row_of(OrderRow, order, **self._of, order_id=order.id, seen_by=by)
            for _, (order, by) in sorted(self._orders.items())
        ]
        fills = [
            row_of(FillRow, fill, **self._of, fill_id=fill.id, seen_by=by)
            for _, (fill, by) in sorted(self._fills.items())
        ]
        return [*self.rows, *orders, *fills, self._day()]

    @property
    def _of(self) -> dict[str, Any]:
        return {"account_id": self.account_id, "trading_day": self.trading_day}

    def _day(self) -> TradingDayRow:
        fills = [fill for fill, _ in self._fills.values() if not fill.is_voided]
        gross = sum((f.pnl_usd or Decimal(0) for f in fills), Decimal(0))
        costs = sum((f.costs_usd for f in fills), Decimal(0))
        closing = self.closing.closing if self.closing is not None else None
        scope = WHOLE if closing is None else closing.scope
        return TradingDayRow(
            **self._of,
            sessions=len(self.sessions),
            trades=len(fold_rounds(f for f in fills if scope.holds(f.contract_id))),
            fills=len(fills),
            gross_usd=gross,
            costs_usd=costs,
            net_usd=gross - costs,
            balance_usd=closing.account.balance_usd if closing is not None else None,
            is_flat=closing.is_flat if closing is not None else None,
            verdict=self.verdict,
        )
