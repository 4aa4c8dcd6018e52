"""The store made from the journals: a day of an account at a time, all of it or nothing.

A day's rows are taken out and put in again in one transaction, so that it may be done twice, late,
or while a session still writes: the next time makes it whole.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from sqlalchemy import delete, tuple_
from sqlalchemy.orm import Session

from pxcore.journal import FlattenTerms, Opening, read_opening, read_rows, sessions_in
from pxcore.journal.operator import OperatorJournal, days_in, released_halts
from pxcore.journal.segments import day_ends_in, flattens_in, session_of
from pxcore.model import PxError
from pxcore.reports.record import Record, read_record
from pxcore.store.database import Store
from pxcore.store.fold import DayFold, began
from pxcore.store.report_rows import add_day_end, add_report, read_terms
from pxcore.store.session_fold import JournalFold
from pxcore.store.tables import PROJECTED, EquityRow, HaltRow, SessionRow

_flatten = msgspec.json.Decoder(FlattenTerms)
_DAMAGED = (PxError, msgspec.MsgspecError, OSError)


class Projected(msgspec.Struct, frozen=True, kw_only=True):
    """`unread` says what of the journals could not be read, one sentence each."""

    days: int
    rows: int
    unread: tuple[str, ...]


def rebuild(store: Store, journals: Path) -> Projected:
    """Every day that a journal tells of, anew, and none that no journal does."""
    days = sorted(days_in_journals(journals))
    with store.session() as session:
        for table in PROJECTED:
            session.execute(
                delete(table).where(tuple_(table.account_id, table.trading_day).not_in(days))
            )
    done = [project_day(store, journals, account_id=a, trading_day=d) for a, d in days]
    unread = dict.fromkeys(what for one in done for what in one.unread)
    unread |= dict.fromkeys(_unowned(journals))
    return Projected(days=len(days), rows=sum(one.rows for one in done), unread=tuple(unread))


def project_day(store: Store, journals: Path, *, account_id: int, trading_day: date) -> Projected:
    """That day of the account as its journals tell it now."""
    day = fold_day(journals, account_id=account_id, trading_day=trading_day)
    rows = day.finished()
    with store.session() as session:
        store.take_turns(session)
        for table in PROJECTED:
            session.execute(
                delete(table).where(
                    table.account_id == account_id, table.trading_day == trading_day
                )
            )
        session.add_all(rows)
        _settle_halt(session, day, journals)
    return Projected(days=1, rows=len(rows), unread=tuple(day.unread))


def fold_day(journals: Path, *, account_id: int, trading_day: date) -> DayFold:
    """The day's journals, oldest first."""
    day = DayFold(account_id, trading_day)
    for path in sorted(sessions_in(journals, trading_day=trading_day), key=began):
        _guarded(day, path, _add_session)
    for path in sorted(flattens_in(journals, trading_day=trading_day), key=began):
        _guarded(day, path, _add_flatten)
    for path in sorted(day_ends_in(journals, trading_day=trading_day), key=began):
        _guarded(day, path, _add_day_end)
    for report in day.reports.values():
        add_report(report, day)
    day.see_operator(journals)
    return day


def _guarded(day: DayFold, path: Path, add: Callable[[Path, DayFold], None]) -> None:
    """Damage is told, and takes away no other journal's rows."""
    try:
        add(path, day)
    except _DAMAGED as error:
        day.unread.append(str(error))


def _add_session(path: Path, day: DayFold) -> None:
    opening = read_opening(path)
    if opening.config.account_id != day.account_id:
        return
    record = read_record(path, opening)
    day.sessions += 1
    day.rows.append(_session_row(path, opening, record, day))
    day.rows += _equity(path, record, day)
    if record.damage is not None:
        day.unread.append(record.damage)
    JournalFold(session_of(path), day, opening=opening).read(path)


def _add_flatten(path: Path, day: DayFold) -> None:
    terms = next((_flatten.decode(row.body) for row in read_rows(path)), None)
    if terms is not None and terms.account_id == day.account_id:
        JournalFold(session_of(path), day).read(path)


def _add_day_end(path: Path, day: DayFold) -> None:
    terms = read_terms(path)
    if terms is not None and terms.account_id == day.account_id:
        add_day_end(path, day)


def _session_row(path: Path, opening: Opening, record: Record, day: DayFold) -> SessionRow:
    config, end = opening.config, record.closing
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
    have been latched for a session whose last rows never came to the disk.
    """
    row = session.get(HaltRow, (day.account_id, day.trading_day))
    told = {one.latched.session_id: one for one in reversed(day.halts)}
    if row is None:
        released = _released(journals, day)
        told = {name: one for name, one in told.items() if name not in released} or told
        first = min(told.values(), key=lambda one: one.wall, default=None)
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


def _released(journals: Path, day: DayFold) -> frozenset[str]:
    journal = OperatorJournal(journals, account_id=day.account_id, trading_day=day.trading_day)
    try:
        return released_halts(journal.rows())
    except PxError:
        return frozenset()  # told by the fold


def days_in_journals(journals: Path) -> dict[tuple[int, date], set[str]]:
    """Every account and day that a journal tells of, with its sessions."""
    found: dict[tuple[int, date], set[str]] = {one: set() for one in days_in(journals)}
    for path in sessions_in(journals):
        with suppress(*_DAMAGED):  # see `_unowned`
            opening = read_opening(path)
            of_day = found.setdefault((opening.config.account_id, opening.trading_day), set())
            of_day.add(session_of(path))
    for path in flattens_in(journals):
        with suppress(*_DAMAGED):
            for row in read_rows(path):
                terms = _flatten.decode(row.body)
                found.setdefault((terms.account_id, terms.trading_day), set())
                break
    for path in day_ends_in(journals):
        with suppress(*_DAMAGED):
            end = read_terms(path)
            if end is not None:
                found.setdefault((end.account_id, end.trading_day), set())
    return found


def _unowned(journals: Path) -> Iterator[str]:
    """Sessions whose journals do not say whose they are."""
    for path in sessions_in(journals):
        try:
            read_opening(path)
        except _DAMAGED as error:
            yield str(error)
