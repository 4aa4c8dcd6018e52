"""An account's stretch of days from the store, which first takes in what journals have of them."""

from contextlib import closing
from datetime import date, timedelta

from sqlalchemy.exc import SQLAlchemyError

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.day.store_access import open_store, store_away
from pxcore.model import Misconfigured
from pxcore.reports.period import PeriodReport
from pxcore.store.database import Store
from pxcore.store.projection.history import accounts_in, bring_in, period_of


def week_of(day: date) -> tuple[date, date]:
    """Monday to Sunday."""
    first = day - timedelta(days=day.weekday())
    return first, first + timedelta(days=6)


def read_period(
    settings: Settings, stretch: tuple[date, date], account: int | None
) -> tuple[PeriodReport, tuple[str, ...]]:
    """The report, and a sentence for each journal that could not be read.

    Raises Unavailable without a store, Misconfigured when it is not said which account is meant.
    """
    first, last = stretch
    try:
        with closing(open_store(settings)) as store:
            unread = bring_in(store, Paths(settings.home).journals, first, last)
            chosen = account or settings.account_id or _only_account(store)
            return period_of(store, chosen, first, last), tuple(unread)
    except (SQLAlchemyError, ValueError, ArithmeticError, TypeError) as error:  # damaged, too
        raise store_away(settings, error) from error


def week_report(settings: Settings) -> PeriodReport:
    """Of the week that holds the trading day now."""
    today = trading_day_at(settings.clock.now()).day
    return read_period(settings, week_of(today), settings.account_id)[0]


def _only_account(store: Store) -> int:
    """Raises Misconfigured unless the store knows exactly one."""
    known = accounts_in(store)
    if len(known) == 1:
        return known[0]
    listed = ", ".join(map(str, sorted(known))) or "none"
    raise Misconfigured(f"which account? --account ID or PX_ACCOUNT_ID; the store knows {listed}")
