"""When the exchange trades, and when the program wants everybody flat. Chicago time.

The exchange's hours are those of `pxcore.calendar.hours`, for every product; the program's are
those of `pxcore.calendar.program_hours`.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from pxcore.calendar.hours import CHICAGO, TradingDay, trading_day, trading_day_at
from pxcore.calendar.program_hours import flat_at, flat_time
from pxcore.model import Contract

_DAYS_AHEAD_MAX = 14


def is_exchange_open(contract: Contract, at: datetime) -> bool:
    """False in the daily break, at weekends, on holidays, and on days the calendar lacks."""
    day = trading_day_at(at)
    return day.is_tradable and day.opens_at <= at < day.closes_at


def is_program_open(contract: Contract, at: datetime) -> bool:
    """May an account of the program have orders and positions in this contract now?"""
    day = trading_day_at(at)
    return day.is_tradable and day.opens_at <= at < flat_by(contract, day)


def flat_by(contract: Contract, day: TradingDay) -> datetime:
    """When positions in a contract are closed by the venue on a trading day, in UTC."""
    return flat_at(day, contract.id)


def next_flat_by(contracts: Iterable[Contract], after: datetime) -> datetime | None:
    """The next moment at which one of these must be flat; None beyond the calendar."""
    by_time = {flat_time(contract.id): contract for contract in contracts}
    for day in _days_from(after):
        moments = [flat_by(contract, day) for contract in by_time.values()]
        later = [moment for moment in moments if day.is_tradable and moment > after]
        if later:
            return min(later)
    return None


def next_day(after: datetime) -> datetime:
    """When the next trading day begins: 17:00 Chicago of this date or the next, weekends too."""
    local = after.astimezone(CHICAGO).date()
    today = trading_day(local + timedelta(days=1)).opens_at
    return today if today > after else trading_day(local + timedelta(days=2)).opens_at


def day_of(at: datetime) -> date:
    """The trading day that a moment belongs to, named by the date on which it ends."""
    return trading_day_at(at).day


def _days_from(after: datetime) -> Iterator[TradingDay]:
    first = trading_day_at(after).day
    for ahead in range(_DAYS_AHEAD_MAX):
        yield trading_day(first + timedelta(days=ahead))
