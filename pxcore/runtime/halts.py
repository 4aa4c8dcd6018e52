"""Latching a halt for the trading day: done by the session, and again by whoever supervises it."""

from contextlib import closing

from sqlalchemy.exc import SQLAlchemyError

from pxcore.journal.operator import OperatorJournal, released_halts
from pxcore.model import ProtocolError, PxError, Unavailable
from pxcore.runtime.plan import Paths, SessionPlan, open_store
from pxcore.settings import Settings


def latch_halt(plan: SessionPlan, settings: Settings, reason: str) -> None:
    """No session of this account and trading day may enter any more. The first reason stays.

    Raises Unavailable when the store cannot be written, whatever the cause: whoever latches has
    an account to keep flat, and can do nothing about it.
    """
    try:
        with closing(open_store(settings)) as store:
            store.latch_halt(
                account_id=plan.account.id,
                trading_day=plan.trading_day,
                reason=reason,
                session_id=plan.session_id,
                released=_released(plan, settings),
            )
    except (SQLAlchemyError, PxError, OSError) as error:
        raise Unavailable(f"halt not latched: {str(error).splitlines()[0]}") from error


def _released(plan: SessionPlan, settings: Settings) -> frozenset[str]:
    """The sessions whose halts were re-armed; none when that cannot be read."""
    journal = OperatorJournal(
        Paths(settings.home).journals, account_id=plan.account.id, trading_day=plan.trading_day
    )
    try:
        return released_halts(journal.rows())
    except ProtocolError:
        return frozenset()  # every halt holds, and so does this damage
