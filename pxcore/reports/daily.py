"""The daily-loss report: what the day made, what it risked, what was refused, and whether our
record and the venue's agree. One value; the renderings are beside it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from pxcore.calendar import CHICAGO
from pxcore.engine.rounds import Round, fold_rounds
from pxcore.model import Contract, Fill, OrderType, Snapshot
from pxcore.reports.reconcile import Reconciliation
from pxcore.reports.record import Incident, Record


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of the session. Prices in price units, `exit_by` says what closed it."""

    side: str
    size: int
    opened_at: datetime
    held_s: float | None
    entry_price: str
    exit_price: str | None
    exit_by: str
    gross_usd: Decimal
    costs_usd: Decimal

    @property
    def net_usd(self) -> Decimal:
        return self.gross_usd - self.costs_usd


class DailyReport(msgspec.Struct, frozen=True, kw_only=True):
    """USD throughout, `net_usd` after fees and commissions; `ended` is None when it was killed."""

    session_id: str
    mode: str
    account: str
    trading_day: date
    contract: str
    strategy: str
    market: str
    window_start: datetime
    window_end: datetime
    ended: str | None
    is_flat: bool
    verdict: str
    trades: tuple[TradeLine, ...]
    fills: int
    gross_usd: Decimal
    costs_usd: Decimal
    net_usd: Decimal
    balance_usd: Decimal
    loss_usd_max: Decimal
    headroom_usd_min: Decimal | None
    entries_sent: int
    protected: int
    unprotected_s: Decimal
    denials: dict[str, int]
    incidents: tuple[Incident, ...]
    differences: tuple[dict[str, str], ...]
    reconnects: int
    bad_records: int
    conflated_quotes: int
    journal_hash: str | None = None


def make_report(
    record: Record,
    *,
    opening: Snapshot,
    closing: Snapshot,
    reconciliation: Reconciliation,
    market: str,
) -> DailyReport:
    """From our record, the venue's two snapshots and what comparing them found."""
    config = record.opening.config
    before = {f.id for f in opening.fills}
    fills = [f for f in closing.fills if f.id not in before and not f.is_voided]
    rounds = _rounds_since(opening, closing.fills, config.contract)
    end = record.closing
    gross = sum((f.pnl_usd or Decimal(0) for f in fills), Decimal(0))
    costs = sum((f.costs_usd for f in fills), Decimal(0))
    return DailyReport(
        session_id=config.session_id,
        mode=record.opening.mode,
        account=f"{closing.account.id} {closing.account.name}",
        trading_day=config.trading_day,
        contract=config.contract.name,
        strategy=record.opening.strategy,
        market=market,
        window_start=config.window_start,
        window_end=config.window_end,
        ended=end.reason if end else None,
        is_flat=closing.is_flat,
        verdict=reconciliation.verdict,
        trades=_trades(rounds, record, config.contract),
        fills=len(fills),
        gross_usd=gross,
        costs_usd=costs,
        net_usd=gross - costs,
        balance_usd=closing.account.balance_usd,
        loss_usd_max=record.limits.loss_usd_max,
        headroom_usd_min=end.headroom_usd_min if end else None,
        entries_sent=len(record.sent),
        protected=record.protected_count,
        unprotected_s=record.unprotected_s,
        denials=dict(sorted(record.denials.items())),
        incidents=tuple(record.incidents),
        differences=tuple(
            {"kind": d.kind, "what": d.what, "ours": d.ours, "venues": d.venues}
            for d in reconciliation.differences
        ),
        reconnects=end.reconnects if end else 0,
        bad_records=end.bad_records if end else 0,
        conflated_quotes=end.conflated_quotes if end else 0,
        journal_hash=record.journal_hash,
    )


def _rounds_since(
    opening: Snapshot, fills: Iterable[Fill], contract: Contract
) -> tuple[Round, ...]:
    """Rounds that ended or began in the session: one that it took over began before."""
    before = sum(r.is_closed for r in fold_rounds(opening.fills) if r.contract_id == contract.id)
    rounds = [r for r in fold_rounds(fills) if r.contract_id == contract.id]
    return tuple(rounds[before:])


def _trades(rounds: Iterable[Round], record: Record, contract: Contract) -> tuple[TradeLine, ...]:
    lines = []
    for one in rounds:
        held = (one.closed_at - one.opened_at).total_seconds() if one.closed_at else None
        lines.append(
            TradeLine(
                side="long" if one.side == "buy" else "short",
                size=one.size,
                opened_at=one.opened_at,
                held_s=held,
                entry_price=_price(contract, one.entry_ticks),
                exit_price=None if one.exit_ticks is None else _price(contract, one.exit_ticks),
                exit_by=_exit_by(one, record),
                gross_usd=one.gross_usd,
                costs_usd=one.costs_usd,
            )
        )
    return tuple(lines)


def _exit_by(one: Round, record: Record) -> str:
    if one.exit_order_id is None:
        return "still open"
    order = record.orders.get(one.exit_order_id)
    if order is None:
        return "unknown order"
    names = {OrderType.STOP: "stop", OrderType.LIMIT: "target", OrderType.MARKET: "flatten"}
    return names.get(order.type, str(order.type))


def _price(contract: Contract, ticks: Decimal) -> str:
    return str((contract.tick_size * ticks).quantize(contract.tick_size))


def clock_text(moment: datetime) -> str:
    """Chicago wall time, which is what a trader's day is told in."""
    return moment.astimezone(CHICAGO).strftime("%H:%M:%S")
