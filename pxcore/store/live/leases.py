"""The lease of an account: one sender of orders over all machines, by a heartbeat in the store.

It is taken with a look at who has it: a holder whose beat grows has it, one whose beat stands
still for long enough has gone. No clock of another machine is believed. Within one place (a
machine's home folder) the account's OS lock has judged already, and whoever holds that takes over.
"""

from datetime import UTC, datetime

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError

from pxcore.store.database import Store
from pxcore.store.live.latch_tables import LeaseRow, WatchdogRow
from pxcore.store.live.records import Lease, Pulse, WatchdogBeat


def read_lease(store: Store, account_id: int) -> Lease | None:
    """None for an account that no session ever had."""
    with store.session() as session:
        row = session.get(LeaseRow, account_id)
        return None if row is None else _lease(row)


def read_leases(store: Store) -> tuple[Lease, ...]:
    with store.session() as session:
        return tuple(map(_lease, session.scalars(select(LeaseRow).order_by(LeaseRow.account_id))))


def take_lease(
    store: Store,
    *,
    account_id: int,
    holder: str,
    place: str,
    pid: int,
    seen: Lease | None,
) -> bool:
    """Takes it if it still stands as `seen`; False when somebody was quicker."""
    now = datetime.now(UTC)
    fresh = {
        "holder": holder,
        "place": place,
        "pid": pid,
        "loops": 0,
        "phase": "starting",
        "exposure": 0,
        "taken_at": now,
        "beaten_at": now,
        "released_at": None,
    }
    if seen is None:
        try:
            with store.session() as session:
                session.add(LeaseRow(account_id=account_id, beat=1, **fresh))
        except IntegrityError:
            return False
        return True
    with store.session() as session:
        done = session.execute(
            update(LeaseRow)
            .where(
                LeaseRow.account_id == account_id,
                LeaseRow.holder == seen.holder,
                LeaseRow.beat == seen.beat,
            )
            .values(beat=seen.beat + 1, **fresh)
        )
        return _is_one(done)


def beat_lease(store: Store, *, account_id: int, holder: str, place: str, pulse: Pulse) -> bool:
    """One beat more. False when the lease is another's by now."""
    with store.session() as session:
        done = session.execute(
            update(LeaseRow)
            .where(
                LeaseRow.account_id == account_id,
                LeaseRow.holder == holder,
                LeaseRow.place == place,
                LeaseRow.released_at.is_(None),
            )
            .values(
                beat=LeaseRow.beat + 1,
                loops=pulse.loops,
                phase=pulse.phase,
                exposure=pulse.exposure,
                beaten_at=datetime.now(UTC),
            )
        )
        return _is_one(done)


def release_lease(store: Store, *, account_id: int, holder: str, place: str) -> None:
    """Gives it back; one that is another's by now stays as it is."""
    with store.session() as session:
        session.execute(
            update(LeaseRow)
            .where(
                LeaseRow.account_id == account_id,
                LeaseRow.holder == holder,
                LeaseRow.place == place,
                LeaseRow.released_at.is_(None),
            )
            .values(beat=LeaseRow.beat + 1, released_at=datetime.now(UTC))
        )


def beat_watchdog(store: Store, *, account_id: int, place: str, pid: int, said: str) -> None:
    """`said` is what it found last, in a few words."""
    now = datetime.now(UTC)
    with store.session() as session:
        row = session.get(WatchdogRow, (account_id, place))
        if row is None:
            session.add(
                WatchdogRow(
                    account_id=account_id, place=place, pid=pid, beat=1, beaten_at=now, said=said
                )
            )
            return
        row.pid, row.beat, row.beaten_at, row.said = pid, row.beat + 1, now, said


def read_watchdogs(store: Store, account_id: int) -> tuple[WatchdogBeat, ...]:
    with store.session() as session:
        rows = session.scalars(select(WatchdogRow).where(WatchdogRow.account_id == account_id))
        return tuple(
            WatchdogBeat(
                account_id=row.account_id,
                place=row.place,
                pid=row.pid,
                beat=row.beat,
                beaten_at=row.beaten_at,
                said=row.said,
            )
            for row in rows
        )


def _is_one(done: object) -> bool:
    assert isinstance(done, CursorResult)
    return done.rowcount == 1


def _lease(row: LeaseRow) -> Lease:
    return Lease(
        account_id=row.account_id,
        holder=row.holder,
        place=row.place,
        pid=row.pid,
        beat=row.beat,
        loops=row.loops,
        phase=row.phase,
        exposure=row.exposure,
        beaten_at=row.beaten_at,
        is_held=row.released_at is None,
    )
