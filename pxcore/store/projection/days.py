"""The store made from the journals: a day of an account at a time, all of it or nothing.

A day's rows are taken out and put in again in one transaction, so that it may be done twice, late,
or while a session still writes: the next time makes it whole.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import DataError, SQLAlchemyError, StatementError
from sqlalchemy.orm import Session

from pxcore.journal.operator import days_in, released_in
from pxcore.journal.retirement import is_going, journals_of, operators_of
from pxcore.journal.segments import session_of
from pxcore.reports.record import Record
from pxcore.store.database import Store
from pxcore.store.live.latch_tables import HaltRow
from pxcore.store.projection.fold import DayFold
from pxcore.store.projection.journals import (
    JournalSource,
    fold_flatten,
    fold_session,
    last_hash,
    sources_in,
)
from pxcore.store.projection.report_rows import add_day_end, add_report
from pxcore.store.projection.tables import PROJECTED, EquityRow, JournalRow, SessionRow
from pxcore.text.plain import plain


class Projected(msgspec.Struct, frozen=True, kw_only=True):
    """`unread` says what of the journals could not be read, one sentence each; `kept` are days
    of the store that no journal here tells of.
    """

    days: int
    rows: int
    unread: tuple[str, ...]
    kept: int = 0


def rebuild(store: Store, journals: Path, *, prunes: bool = False) -> Projected:
    """Every day that a journal tells of, again. Other days stay, unless it `prunes`: their journals
    may lie elsewhere, or be gone.
    """
    days = set(days_in(journals))
    unowned: list[str] = []
    for source in sources_in(journals):
        if isinstance(source, JournalSource):
            days.add((source.account_id, source.trading_day))
        else:
            unowned.append(source.why)
    others = _days_of(store) - days
    if prunes:
        _remove(store, others)
    done = [bring_in_day(store, journals, account_id=a, trading_day=d) for a, d in sorted(days)]
    unread = dict.fromkeys((*unowned, *(what for one in done for what in one.unread)))
    return Projected(
        days=len(days),
        rows=sum(one.rows for one in done),
        unread=tuple(unread),
        kept=0 if prunes else len(others),
    )


def _days_of(store: Store) -> set[tuple[int, date]]:
    with store.session() as session:
        found = set()
        for table in PROJECTED:
            rows = session.execute(select(table.account_id, table.trading_day).distinct())
            found |= {(account_id, day) for account_id, day in rows}
    return found


def _remove(store: Store, days: set[tuple[int, date]]) -> None:
    with store.session() as session:
        store.take_turns(session)
        for account_id, day in days:
            _take_out(session, account_id, day)


def _take_out(session: Session, account_id: int, trading_day: date) -> None:
    for table in PROJECTED:
        session.execute(
            delete(table).where(table.account_id == account_id, table.trading_day == trading_day)
        )


def bring_in_day(store: Store, journals: Path, *, account_id: int, trading_day: date) -> Projected:
    """As `project_day`; a day of which a journal says what no store can hold stays as it is, and is
    told among what could not be read.
    """
    try:
        return project_day(store, journals, account_id=account_id, trading_day=trading_day)
    except SQLAlchemyError as error:
        if not isinstance(error, DataError) and type(error) is not StatementError:
            raise  # the database's own trouble
        why: BaseException = error.orig or error
    except (ValueError, ArithmeticError, TypeError) as error:
        why = error
    told = f"{trading_day} of account {account_id} is not in the store: {plain(str(why))}"
    return Projected(days=0, rows=0, unread=(told,))


def project_day(store: Store, journals: Path, *, account_id: int, trading_day: date) -> Projected:
    """That day of the account as its journals tell it now. One whose journals are being taken away,
    or are gone since it was listed, stays as the store has it.
    """
    before = _told_by(journals, trading_day)
    day = fold_day(journals, account_id=account_id, trading_day=trading_day)
    rows = day.finished()
    with store.session() as session:
        store.take_turns(session)
        is_whole = bool(before) and before <= _told_by(journals, trading_day)
        if not is_whole or is_going(journals, trading_day):
            return Projected(days=0, rows=0, unread=())
        _take_out(session, account_id, trading_day)
        session.add_all(rows)
        _settle_halt(session, day, journals)
    return Projected(days=1, rows=len(rows), unread=tuple(day.unread))


def _told_by(journals: Path, trading_day: date) -> frozenset[Path]:
    return frozenset((*journals_of(journals, trading_day), *operators_of(journals, trading_day)))


def fold_day(journals: Path, *, account_id: int, trading_day: date) -> DayFold:
    """The day's journals: sessions, flattens, day's ends, of each kind the oldest first."""
    day = DayFold(account_id, trading_day)
    sources: list[JournalSource] = []
    for one in sources_in(journals, trading_day=trading_day):
        if not isinstance(one, JournalSource):
            day.unread.append(one.why)  # it may be of this account
        elif (one.account_id, one.trading_day) == (account_id, trading_day):
            sources.append(one)
    for source in sorted(sources, key=lambda one: (_ORDER[_kind(one)], one.began)):
        _take(day, source)
    for report in day.reports.values():
        add_report(report, day)
    day.see_operator(journals)
    return day


def _kind(source: JournalSource) -> str:
    return source.name.split("-")[0]


def _take(day: DayFold, source: JournalSource) -> None:
    """Damage is told, and takes away no other journal's rows."""
    seen = last_hash(source.path)
    damage = _ADD[_kind(source)](source.path, day)
    if damage is not None:
        day.unread.append(damage)
    day.rows.append(
        JournalRow(
            account_id=day.account_id,
            trading_day=day.trading_day,
            journal=source.name,
            last_hash=seen,
            damage=damage,
        )
    )


def _add_session(path: Path, day: DayFold) -> str | None:
    record, damage = fold_session(path, day)
    day.sessions.add(record.opening.config.session_id)
    day.rows.append(_session_row(path, record, day))
    day.rows += _equity(path, record, day)
    return damage


_ADD = {"px": _add_session, "flatten": fold_flatten, "end": add_day_end}
_ORDER = {kind: number for number, kind in enumerate(_ADD)}


def _session_row(path: Path, record: Record, day: DayFold) -> SessionRow:
    opening, end = record.opening, record.closing
    config = opening.config
    return SessionRow(
        account_id=day.account_id,
        trading_day=day.trading_day,
        session_id=session_of(path),
        contract_id=config.contract.id,
        contract=config.contract.name,
        mode=opening.mode,
        strategy=opening.strategy,
        strategy_params=msgspec.json.encode(opening.strategy_params).decode(),
        window_start=config.window_start,
        window_end=config.window_end,
        started_wall=record.began,
        ended_reason=end.reason if end is not None else None,
        is_flat=end.is_flat if end is not None else None,
        headroom_usd_min=end.headroom_usd_min if end is not None else None,
        entries_sent=len(record.sent),
        protected=record.protected_count,
        unprotected_s=record.unprotected_s,
        reconnects=end.reconnects if end is not None else None,
        journal_hash=record.journal_hash,
        damage=record.damage,
    )


def _equity(path: Path, record: Record, day: DayFold) -> Iterator[EquityRow]:
    peak = Decimal(0)
    for number, point in enumerate(record.measures.equity, 1):
        net = Decimal(repr(point.value))
        peak = max(peak, net)
        yield EquityRow(
            account_id=day.account_id,
            trading_day=day.trading_day,
            journal=session_of(path),
            number=number,
            at=point.at,
            net_usd=net,
            drawdown_usd=peak - net,
        )


def _settle_halt(session: Session, day: DayFold, journals: Path) -> None:
    """The day's latch as the journals tell it. One that no journal knows stays as it is: it may
    have been latched for a session whose last rows never came to the disk. One that was re-armed
    gives way to one that was not, as it does when that one is latched live.
    """
    row = session.get(HaltRow, (day.account_id, day.trading_day))
    told = {one.latched.session_id: one for one in reversed(day.halts)}
    released = released_in(journals, account_id=day.account_id, trading_day=day.trading_day)
    held = {name: one for name, one in told.items() if name not in released}
    if row is None or (held and row.session_id in released):
        first = min((held or told).values(), key=lambda one: one.wall, default=None)
    else:
        first = told.get(row.session_id)
    if first is not None:
        session.merge(
            HaltRow(
                account_id=day.account_id,
                trading_day=day.trading_day,
                reason=first.latched.reason,
                session_id=first.latched.session_id,
                at=first.wall,
            )
        )
