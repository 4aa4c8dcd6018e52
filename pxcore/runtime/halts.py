"""Latching a halt for the trading day: done by the session, and again by whoever supervises it."""

from pxcore.journal.store import Store
from pxcore.runtime.plan import Paths, SessionPlan
from pxcore.settings import Settings


def latch_halt(plan: SessionPlan, settings: Settings, reason: str) -> None:
    """No session of this account and trading day may enter any more. The first reason stays.

    Raises SQLAlchemyError when the store cannot be written.
    """
    store = Store(Paths(settings.home).store)
    try:
        store.latch_halt(
            account_id=plan.account.id,
            trading_day=plan.trading_day,
            reason=reason,
            session_id=plan.session_id,
        )
    finally:
        store.close()
