"""What a trading day of an account has settled so far, for every session of it."""

from datetime import date

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import ask_store, has_store
from pxcore.journal.latches import has_dead_session
from pxcore.journal.terms import DayTerms, read_terms


def day_terms(settings: Settings, account_id: int, trading_day: date) -> DayTerms:
    """What the day has settled so far. Makes no store where there is none.

    Raises Unavailable when the store cannot be read: that is not the same as "not halted".
    """
    latched = None
    if has_store(settings):  # opening it would make one
        latched = ask_store(
            settings, lambda store: store.latched(account_id=account_id, trading_day=trading_day)
        )
    journals = Paths(settings.home).journals
    return read_terms(journals, account_id=account_id, trading_day=trading_day, latched=latched)


def is_recovery_due(settings: Settings) -> bool:
    """Did a session of the account die today? Asked of its journals; nobody is called."""
    if settings.account_id is None:
        return False
    return has_dead_session(
        Paths(settings.home).journals,
        account_id=settings.account_id,
        trading_day=trading_day_at(settings.clock.now()).day,
    )
