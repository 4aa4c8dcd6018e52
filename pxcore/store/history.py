"""What the store tells of an account's days. A day that it lacks is put in from the journals."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from sqlalchemy import select

from pxcore.reports.period import DayLine, PeriodReport, Trade, make_period
from pxcore.store.database import Store
from pxcore.store.projection import days_in_journals, project_day
from pxcore.store.tables import SessionRow, TradeRow, TradingDayRow


def accounts_in(store: Store) -> tuple[int, ...]:
    with store.session() as session:
        return tuple(session.scalars(select(TradingDayRow.account_id).distinct()).all())


def bring_in(store: Store, journals: Path, first: date, last: date) -> tuple[str, ...]:
    """Days of that stretch that journals tell of and the store does not, or not wholly: a session
    was killed with its flow. What could not be read, one sentence each.
    """
    with store.session() as session:
        known = set(session.scalars(select(SessionRow.session_id)).all())
        days = {(r.account_id, r.trading_day) for r in session.scalars(select(TradingDayRow))}
    unread: list[str] = []
    for (account_id, day), sessions in sorted(days_in_journals(journals).items()):
        is_told = (account_id, day) in days and known >= sessions
        if first <= day <= last and not is_told:
            done = project_day(store, journals, account_id=account_id, trading_day=day)
            unread += done.unread
    return tuple(unread)


def days_of(store: Store, account_id: int, first: date, last: date) -> tuple[DayLine, ...]:
    """Oldest first, both ends included."""
    with store.session() as session:
        rows = session.scalars(
            select(TradingDayRow)
            .where(
                TradingDayRow.account_id == account_id,
                TradingDayRow.trading_day.between(first, last),
            )
            .order_by(TradingDayRow.trading_day)
        ).all()
    return tuple(_line(row) for row in rows)


def period_of(store: Store, account_id: int, first: date, last: date) -> PeriodReport:
    with store.session() as session:
        trades = session.scalars(
            select(TradeRow).where(
                TradeRow.account_id == account_id, TradeRow.trading_day.between(first, last)
            )
        ).all()
    return make_period(
        account_id,
        first,
        last,
        days=days_of(store, account_id, first, last),
        trades=_trades(trades),
    )


def _trades(rows: Iterable[TradeRow]) -> Iterable[Trade]:
    """Closed ones: an open one has made nothing yet."""
    for row in sorted(rows, key=lambda r: (r.opened_at, r.session_id, r.number)):
        if row.closed_at is not None:
            yield Trade(
                strategy=row.strategy,
                opened_at=row.opened_at,
                net_usd=row.gross_usd - row.costs_usd,
            )


def _line(row: TradingDayRow) -> DayLine:
    return DayLine(
        trading_day=row.trading_day,
        sessions=row.sessions,
        trades=row.trades,
        fills=row.fills,
        gross_usd=row.gross_usd,
        costs_usd=row.costs_usd,
        net_usd=row.net_usd,
        balance_usd=row.balance_usd,
        is_flat=row.is_flat,
        verdict=row.verdict,
    )
