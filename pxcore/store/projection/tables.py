"""The store's tables that are a projection of the journals, made again at will.

Every row says whose day it is, so that a day can be taken out and put in again as a whole.
`journal` names the journal that a row comes from, `seq` the row there. Money in USD, prices in
whole ticks, times in UTC: `at` is the session's own time, which in paper mode may be a shifted
one; what is named `wall` is our clock's.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import Index, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from pxcore.store.projection.columns import Moment, Money, Whole, Words


class Base(DeclarativeBase):
    type_annotation_map = {Decimal: Money, datetime: Moment, int: Whole, str: Words}  # noqa: RUF012


class OfADay:
    """What all projected rows have."""

    __tablename__: Any
    account_id: Mapped[int]
    trading_day: Mapped[date]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index(f"ix_{cls.__tablename__}_day", "account_id", "trading_day"),)


class OfAJournal(OfADay):
    """A row per row of a journal."""

    journal: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class JournalRow(OfADay, Base):
    """A journal that went into the store, as far as it was written then. `last_hash` is null where
    its last row could not be read; `damage` says what could not.
    """

    __tablename__ = "journals"
    journal: Mapped[str] = mapped_column(primary_key=True)
    last_hash: Mapped[str | None]
    damage: Mapped[str | None]


class TradingDayRow(OfADay, Base):
    """What an account's day came to, by the venue's last word on it; null before there is one."""

    __tablename__ = "trading_days"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date] = mapped_column(primary_key=True)
    sessions: Mapped[int]
    trades: Mapped[int]
    fills: Mapped[int]
    gross_usd: Mapped[Decimal]
    costs_usd: Mapped[Decimal]
    net_usd: Mapped[Decimal]
    balance_usd: Mapped[Decimal | None]
    is_flat: Mapped[bool | None]
    verdict: Mapped[str | None]


class SessionRow(OfADay, Base):
    """One live run. `ended_reason` and `is_flat` are null for one that was killed."""

    __tablename__ = "sessions"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    contract_id: Mapped[str]
    contract: Mapped[str]
    mode: Mapped[str]
    strategy: Mapped[str]
    strategy_params: Mapped[str]  # JSON
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    started_wall: Mapped[datetime | None]
    ended_reason: Mapped[str | None]
    is_flat: Mapped[bool | None]
    headroom_usd_min: Mapped[Decimal | None]
    entries_sent: Mapped[int]
    protected: Mapped[int]
    unprotected_s: Mapped[Decimal]
    reconnects: Mapped[int | None]
    journal_hash: Mapped[str | None]  # of the last row that could be read
    damage: Mapped[str | None]


class IntentRow(OfAJournal, Base):
    """An instruction that was about to leave, and what became of it. `kind` is the command's.

    `outcome` is null for one that was never answered: it may have been carried out.
    """

    __tablename__ = "intents"
    kind: Mapped[str]
    contract_id: Mapped[str]
    tag: Mapped[str | None] = mapped_column(index=True)
    order_id: Mapped[int | None]
    side: Mapped[str | None]
    size: Mapped[int | None]
    stop_ticks: Mapped[int | None]
    reason: Mapped[str | None]
    outcome: Mapped[str | None]
    answered_at: Mapped[datetime | None]


class OrderRow(OfADay, Base):
    """As last seen on the day, whoever sent it: one that lives on is there again the next day.
    `seen_by`: the stream, REST, or the day's end."""

    __tablename__ = "orders"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[str]
    status: Mapped[str]
    type: Mapped[str]
    side: Mapped[str]
    size: Mapped[int]
    filled_size: Mapped[int]
    limit_ticks: Mapped[int | None]
    stop_ticks: Mapped[int | None]
    filled_ticks: Mapped[int | None]
    tag: Mapped[str | None] = mapped_column(index=True)
    parent_id: Mapped[int | None]
    created_at: Mapped[datetime]
    seen_by: Mapped[str]


class FillRow(OfADay, Base):
    """One execution. `pnl_usd` is gross, null on an opening half-turn. `seen_by` as of orders."""

    __tablename__ = "fills"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    trading_day: Mapped[date] = mapped_column(primary_key=True)
    fill_id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[str]
    order_id: Mapped[int] = mapped_column(index=True)
    side: Mapped[str]
    size: Mapped[int]
    price_ticks: Mapped[int]
    pnl_usd: Mapped[Decimal | None]
    fees_usd: Mapped[Decimal]
    commissions_usd: Mapped[Decimal]
    happened_at: Mapped[datetime]
    is_voided: Mapped[bool]
    seen_by: Mapped[str]


class PositionRow(OfAJournal, Base):
    """Each report of a position by the stream. `size` is signed, zero when closed."""

    __tablename__ = "positions"
    contract_id: Mapped[str]
    size: Mapped[int]
    average_price: Mapped[Decimal]  # in price units
    opened_at: Mapped[datetime]


class RefusalRow(OfAJournal, Base):
    """An entry that a gate refused, with the two values compared."""

    __tablename__ = "refusals"
    gate: Mapped[str]
    value: Mapped[str]
    limit: Mapped[str]
    side: Mapped[str]
    reason: Mapped[str]


class IncidentRow(OfAJournal, Base):
    """A warning, an alarm, a fault of our own, a hole in the journal, a refusal of the venue."""

    __tablename__ = "incidents"
    level: Mapped[str]
    code: Mapped[str]
    text: Mapped[str]


class KillSwitchRow(OfAJournal, Base):
    """As a session saw it: engaged, with the reason, or released (null)."""

    __tablename__ = "kill_switch"
    reason: Mapped[str | None]


class HeartbeatRow(OfADay, Base):
    """A minute of a session, by our own clock: how often its clock ticked, and its last row."""

    __tablename__ = "heartbeats"
    journal: Mapped[str] = mapped_column(primary_key=True)
    minute_wall: Mapped[datetime] = mapped_column(primary_key=True)
    ticks: Mapped[int]
    last_seq: Mapped[int]
    last_wall: Mapped[datetime]


class RiskRow(OfAJournal, Base):
    """The day's risk after each thing that changed it. `headroom_usd` is how far the nearest of the
    limits on losses is, as the gates count it, open positions not counted.
    """

    __tablename__ = "risk_ledger"
    cause: Mapped[str]
    fills: Mapped[int]
    realised_usd: Mapped[Decimal]
    peak_usd: Mapped[Decimal]
    loss_usd_max: Mapped[Decimal]
    headroom_usd: Mapped[Decimal]


class EquityRow(OfADay, Base):
    """A point of a session's curve: the day's net, open positions included, and how far it was
    below its highest.
    """

    __tablename__ = "equity_curve"
    journal: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    net_usd: Mapped[Decimal]
    drawdown_usd: Mapped[Decimal]


class TradeRow(OfADay, Base):
    """One trade, from flat to flat, by the report of its session."""

    __tablename__ = "trades"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    strategy: Mapped[str]
    contract: Mapped[str]
    side: Mapped[str]
    size: Mapped[int]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    entry_price: Mapped[str]
    exit_price: Mapped[str | None]
    exit_by: Mapped[str]
    gross_usd: Mapped[Decimal]
    costs_usd: Mapped[Decimal]
    adverse_ticks: Mapped[str | None]
    favourable_ticks: Mapped[str | None]
    entry_slip_ticks: Mapped[str | None]
    exit_slip_ticks: Mapped[str | None]
    reason: Mapped[str | None]


class DailyReportRow(OfADay, Base):
    """A session's report: its figures, and the whole of it but for its curves, as JSON."""

    __tablename__ = "daily_reports"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    net_usd: Mapped[Decimal]
    gross_usd: Mapped[Decimal]
    costs_usd: Mapped[Decimal]
    balance_usd: Mapped[Decimal]
    trades: Mapped[int]
    denials: Mapped[int]
    report: Mapped[str]


class ReconciliationRow(OfADay, Base):
    """A comparison with the venue. `session_id` is null for one of the whole day."""

    __tablename__ = "reconciliations"
    journal: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str | None]
    wall: Mapped[datetime]
    verdict: Mapped[str]
    fills: Mapped[int]
    orders: Mapped[int]


class DifferenceRow(OfADay, Base):
    """One disagreement that a comparison found, with both values."""

    __tablename__ = "differences"
    journal: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    what: Mapped[str]
    ours: Mapped[str]
    venues: Mapped[str]


class OperatorActRow(OfADay, Base):
    """What a person did to the day's limits and halts, and why. `act` is JSON."""

    __tablename__ = "operator_acts"
    journal: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    wall: Mapped[datetime]
    who: Mapped[str]
    reason: Mapped[str]
    act: Mapped[str]


T = TypeVar("T", bound=Base)


def row_of(table: type[T], source: object, **fields: Any) -> T:
    """A row whose columns are `fields`, and for the rest what `source` has under their names."""
    for column in inspect(table).columns:
        if column.key not in fields:
            value = getattr(source, column.key)
            fields[column.key] = value.value if isinstance(value, Enum) else value
    return table(**fields)


Index("ix_trades_closed_at", TradeRow.closed_at)

PROJECTED: tuple[type[OfADay], ...] = tuple(
    sorted(
        (m.class_ for m in Base.registry.mappers if issubclass(m.class_, OfADay)),
        key=lambda table: str(table.__tablename__),
    )
)
