"""The kill switch's latch in the store, for every machine that shares it, and its record."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pxcore.store.database import Store
from pxcore.store.live.latch_tables import KillActRow, KillLatchRow
from pxcore.store.live.records import KillAct, KillLatch, LastAct

_ONE = 1


def read_kill_latch(store: Store) -> KillLatch | None:
    with store.session() as session:
        row = session.get(KillLatchRow, _ONE)
        if row is None:
            return None
        return KillLatch(reason=row.reason, who=row.who, flattens=row.flattens, at=row.at)


def engage_kill_latch(store: Store, *, reason: str, who: str, flattens: bool) -> None:
    """From here on it is engaged. One that is already stays with its first reason, but becomes
    one that flattens if this one does. The act is recorded either way.
    """
    try:
        _engage(store, reason=reason, who=who, flattens=flattens)
    except IntegrityError:  # two at once: the other was first
        _engage(store, reason=reason, who=who, flattens=flattens)


def _engage(store: Store, *, reason: str, who: str, flattens: bool) -> None:
    now = datetime.now(UTC)
    with store.session() as session:
        row = session.get(KillLatchRow, _ONE)
        if row is None:
            session.add(KillLatchRow(one=_ONE, reason=reason, who=who, flattens=flattens, at=now))
        else:
            row.flattens = row.flattens or flattens
        session.add(KillActRow(at=now, verb="engage", who=who, reason=reason, flattens=flattens))


def release_kill_latch(store: Store, *, reason: str, who: str) -> bool:
    """False when it was not engaged: then there is nothing to record either."""
    with store.session() as session:
        row = session.get(KillLatchRow, _ONE)
        if row is None:
            return False
        session.delete(row)
        session.add(
            KillActRow(
                at=datetime.now(UTC), verb="release", who=who, reason=reason, flattens=row.flattens
            )
        )
        return True


def resume_after_kill(store: Store, *, reason: str, who: str) -> None:
    """Sessions that kept entries out for it, and run still, enter again."""
    with store.session() as session:
        session.add(
            KillActRow(at=datetime.now(UTC), verb="resume", who=who, reason=reason, flattens=False)
        )


def last_act(store: Store) -> LastAct | None:
    with store.session() as session:
        newest = select(KillActRow).order_by(KillActRow.number.desc()).limit(1)
        found = session.scalars(newest).first()
        if found is None:
            return None
        said = f"{found.reason} ({found.who})"
        return LastAct(number=found.number, verb=found.verb, said=said)


def kill_acts(store: Store, *, last: int = 20) -> Sequence[KillAct]:
    """The newest, oldest first."""
    with store.session() as session:
        found = session.scalars(select(KillActRow).order_by(KillActRow.number.desc()).limit(last))
        return [
            KillAct(at=a.at, verb=a.verb, who=a.who, reason=a.reason, flattens=a.flattens)
            for a in reversed(list(found))
        ]
