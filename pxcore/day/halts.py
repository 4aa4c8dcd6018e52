"""Latching a halt for the trading day: done by the session, and again by whoever supervises it."""

from datetime import date
from typing import TYPE_CHECKING

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store
from pxcore.journal.operator import released_in
from pxcore.model import PxError, Unavailable

if TYPE_CHECKING:
    from pxcore.store.database import Store

_LIMIT_S = 10.0  # whoever supervises a session hears nothing of it meanwhile


def latch_halt(
    settings: Settings, *, account_id: int, trading_day: date, session_id: str, reason: str
) -> None:
    """No session of this account and trading day may enter any more. The first reason stays.

    Raises Unavailable when the store cannot be written, whatever the cause: whoever latches has
    an account to keep flat, and can do nothing about it.
    """

    def latch(store: "Store") -> None:
        store.latch_halt(
            account_id=account_id,
            trading_day=trading_day,
            reason=reason,
            session_id=session_id,
            released=released_in(
                Paths(settings.home).journals,
                account_id=account_id,
                trading_day=trading_day,
            ),
        )

    try:
        ask_store(settings, latch, limit_s=_LIMIT_S)
    except PxError as error:
        raise Unavailable(f"halt not latched: {error}") from error
