"""The daily-loss report: what the day made, what it risked, what was refused, and whether our
record and the venue's agree. One value; the renderings are beside it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

import msgspec

from pxcore.calendar.hours import CHICAGO
from pxcore.engine.rounds import Round, fold_rounds
from pxcore.host.bounded_files import read_file
from pxcore.host.decoding import decode_json
from pxcore.model import Contract, Fill, OrderType, ProtocolError, Snapshot
from pxcore.reports.day_totals import DayTotals, Figures
from pxcore.reports.measures import DataGap, Latency, Point
from pxcore.reports.others import OtherSession, all_denials, worst
from pxcore.reports.period import Consistency, DayLine, consistency_of
from pxcore.reports.record import Incident, Record
from pxcore.reports.verdict import Reconciliation

_BYTES_MAX = 64 << 20


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One trade of the session. Prices in price units, `exit_by` says what closed it.

    In ticks: how far the market went against and with it, what its entry filled worse than the
    price at decision, and its stop worse than its level; None where not known. `reason` is the
    strategy's.
    """

    side: str
    size: int
    opened_at: datetime
    held_s: float | None
    entry_price: str
    exit_price: str | None
    exit_by: str
    gross_usd: Decimal
    costs_usd: Decimal
    adverse_ticks: str | None = None
    favourable_ticks: str | None = None
    entry_slip_ticks: str | None = None
    exit_slip_ticks: str | None = None
    reason: str | None = None
    closed_at: datetime | None = None

    @property
    def net_usd(self) -> Decimal:
        return self.gross_usd - self.costs_usd


class DailyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Of one session, in USD, `net_usd` after fees and commissions; `ended` is None when it was
    killed. What is of the whole day is `day` (None in reports of before it was told), and with it
    the curve, the peak, the max drawdown and the consistency.
    """

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
    consistency: Consistency | None = None
    profit_usd_lock: Decimal | None = None
    drawdown_usd_max: Decimal | None = None
    balance_usd_floor: Decimal | None = None
    peak_usd: Decimal | None = None
    worst_drawdown_usd: Decimal | None = None
    equity: tuple[Point, ...] = ()
    prices: tuple[Point, ...] = ()
    tick_size: Decimal = Decimal(1)
    latencies: tuple[Latency, ...] = ()
    gaps: tuple[DataGap, ...] = ()
    day: DayTotals | None = None
    others: tuple[OtherSession, ...] = ()

    @property
    def day_verdict(self) -> str:
        """The worst of its sessions'."""
        return worst(self.verdict, self.others)

    @property
    def day_denials(self) -> dict[str, int]:
        return all_denials(self.denials, self.others)

    @property
    def day_trades(self) -> int:
        return len(self.trades) if self.day is None else self.day.figures.trades

    @property
    def day_net_usd(self) -> Decimal:
        return self.net_usd if self.day is None else self.day.figures.net_usd


def reported_hash(folder: Path) -> str | None:
    """The journal's last hash by the report in that folder, which lies elsewhere than the journal;
    None without one.
    """
    try:
        return read_report(folder / "report.json").journal_hash
    except (OSError, ProtocolError):
        return None


def read_report(file: Path) -> DailyReport:
    """As it was written. Raises OSError, and ProtocolError for what is no report."""
    return decode_json(read_file(file, _BYTES_MAX), DailyReport)


def as_other(report: DailyReport) -> OtherSession:
    """For the report of a later session of the day."""
    return OtherSession(
        session_id=report.session_id,
        verdict=report.verdict,
        entries_sent=report.entries_sent,
        protected=report.protected,
        unprotected_s=report.unprotected_s,
        denials=report.denials,
        incidents=report.incidents,
    )


def make_report(
    record: Record,
    *,
    opening: Snapshot,
    closing: Snapshot,
    reconciliation: Reconciliation,
    market: str,
    day: DayTotals,
    others: Iterable[OtherSession] = (),
    earlier: Iterable[DayLine] | None = (),
) -> DailyReport:
    """From our record, the venue's two snapshots and what comparing them found.

    `earlier` are the account's days before this one, None where they are not known.
    """
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
        headroom_usd_min=_headroom_min(record),
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
        consistency=None
        if earlier is None
        else _consistency(earlier, config.trading_day, day.figures),
        profit_usd_lock=record.limits.profit_usd_lock,
        drawdown_usd_max=record.limits.drawdown_usd_max,
        balance_usd_floor=record.limits.balance_usd_floor,
        peak_usd=record.extremes.peak_usd if record.extremes else None,
        worst_drawdown_usd=record.extremes.fall_usd if record.extremes else None,
        equity=record.measures.equity,
        prices=record.measures.prices,
        tick_size=config.contract.tick_size,
        latencies=record.measures.latencies,
        gaps=record.measures.gaps,
        day=day,
        others=tuple(others),
    )


def _headroom_min(record: Record) -> Decimal | None:
    """Of the day, by its engines; of the session alone where they did not tell."""
    if record.extremes is not None and record.extremes.headroom_usd is not None:
        return record.extremes.headroom_usd
    return record.closing.headroom_usd_min if record.closing else None


def _consistency(earlier: Iterable[DayLine], trading_day: date, made: Figures) -> Consistency:
    today = DayLine(
        trading_day=trading_day,
        sessions=1,
        trades=made.trades,
        fills=made.fills,
        gross_usd=made.gross_usd,
        costs_usd=made.costs_usd,
        net_usd=made.net_usd,
    )
    return consistency_of([*earlier, today])


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
                closed_at=one.closed_at,
                held_s=held,
                entry_price=_price(contract, one.entry_ticks),
                exit_price=None if one.exit_ticks is None else _price(contract, one.exit_ticks),
                exit_by=_exit_by(one, record),
                gross_usd=one.gross_usd,
                costs_usd=one.costs_usd,
                **_way(one, record),
            )
        )
    return tuple(lines)


class _Way(TypedDict):
    adverse_ticks: str | None
    favourable_ticks: str | None
    entry_slip_ticks: str | None
    exit_slip_ticks: str | None
    reason: str | None


def _way(one: Round, record: Record) -> _Way:
    """What the market did to the trade, and what its orders cost beside their prices."""
    found = record.measures.excursions.get(one.entry_order_id)
    order = record.orders.get(one.entry_order_id)
    tag = order.tag if order is not None else None
    reasons = {sent.entry.tag: sent.entry.reason for sent in record.sent}
    return _Way(
        adverse_ticks=None if found is None else _ticks(found.adverse_ticks),
        favourable_ticks=None if found is None else _ticks(found.favourable_ticks),
        entry_slip_ticks=None if found is None else _ticks(found.entry_slip_ticks),
        exit_slip_ticks=_ticks(_exit_slip(one, record)),
        reason=reasons.get(tag or ""),
    )


def _exit_slip(one: Round, record: Record) -> Decimal | None:
    """Ticks that a stop filled worse than its level; None for other exits."""
    order = record.orders.get(one.exit_order_id or 0)
    if order is None or order.stop_ticks is None or one.exit_ticks is None:
        return None
    return one.side.sign * (order.stop_ticks - one.exit_ticks)


def _ticks(value: Decimal | None) -> str | None:
    return None if value is None else f"{float(round(value, 1)) + 0.0:g}"


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
