"""What the store tells of an account's days. A day that it lacks is put in from the journals."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from pxcore.journal.operator import OperatorJournal, days_in
from pxcore.model import PxError
from pxcore.reports.period import DayLine, PeriodReport, Trade, make_period
from pxcore.store.database import Store
from pxcore.store.projection.days import bring_in_day
from pxcore.store.projection.journals import JournalSource, Unowned, last_hash, sources_in
from pxcore.store.projection.tables import JournalRow, OperatorActRow, TradeRow, TradingDayRow


def accounts_in(store: Store) -> tuple[int, ...]:
    with store.session() as session:
        return tuple(session.scalars(select(TradingDayRow.account_id).distinct()).all())


def bring_in(store: Store, journals: Path, first: date, last: date) -> tuple[str, ...]:
    """Days of that stretch of which a journal tells more than the store knows: a session was
    killed with its flow, or went on; and days with damage, which may have been fixed. What
    could not be read, one sentence each.
    """
    with store.session() as session:
        known = {
            one.journal: one.last_hash
            for one in session.scalars(select(JournalRow).where(JournalRow.damage.is_(None)))
        }
        acts = Counter(
            (one.account_id, one.trading_day) for one in session.scalars(select(OperatorActRow))
        )
    stale: set[tuple[int, date]] = set()
    unread: list[str] = []
    for source in _sources_of(journals, first, last):
        if not isinstance(source, JournalSource):
            unread.append(source.why)
        elif source.name not in known or known[source.name] != last_hash(source.path):
            stale.add((source.account_id, source.trading_day))
    stale |= {day for day in days_in(journals) if acts[day] != _acts(journals, *day)}
    for account_id, day in sorted(stale):
        if first <= day <= last:
            done = bring_in_day(store, journals, account_id=account_id, trading_day=day)
            unread += done.unread
    return tuple(dict.fromkeys(unread))


def holds_day(
    store: Store, trading_day: date, *, hashes: Mapping[str, str], acts: Mapping[int, int]
) -> bool:
    """Does the store hold all of that day: each journal to its last hash and without damage, and
    as many acts of the operator for each account?
    """
    with store.session() as session:
        rows = session.scalars(select(JournalRow).where(JournalRow.trading_day == trading_day))
        known = {row.journal: row.last_hash for row in rows if row.damage is None}
        done = session.scalars(
            select(OperatorActRow).where(OperatorActRow.trading_day == trading_day)
        )
        counted = Counter(row.account_id for row in done)
    is_known = all(known.get(name) == last for name, last in hashes.items())
    return is_known and all(counted[account] == number for account, number in acts.items())


def _sources_of(journals: Path, first: date, last: date) -> Iterator[JournalSource | Unowned]:
    """By the days in their names: nobody waits for years of journals."""
    for number in range((last - first).days + 1):
        yield from sources_in(journals, trading_day=first + timedelta(days=number))


def _acts(journals: Path, account_id: int, day: date) -> int:
    try:
        return len(OperatorJournal(journals, account_id=account_id, trading_day=day).rows())
    except PxError:
        return -1  # read again, and told, until it is fixed


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
    return DayLine(**{name: getattr(row, name) for name in DayLine.__struct_fields__})
