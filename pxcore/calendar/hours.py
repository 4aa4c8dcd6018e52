"""The exchange's hours: CME equity-index trading days, in Chicago time.

Regular: opens 17:00 the evening before, closes 16:00, Monday to Friday. What is not regular is in
a table of our own (`holidays`). A day outside it is unknown, and an unknown day is never tradable.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from pxcore.calendar.holidays import DAYS_OFF, FIRST_DAY, LAST_DAY
from pxcore.model.errors import Misconfigured

CHICAGO = ZoneInfo("America/Chicago")
OPENS = time(17)
CLOSES = time(16)

_OFF = {one.day: one for one in DAYS_OFF}


class DayKind(StrEnum):
    REGULAR = "regular"
    EARLY_CLOSE = "early close"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class TradingDay(msgspec.Struct, frozen=True, kw_only=True):
    """One trading day, named by the date on which it ends. `opens_at`, `closes_at` in UTC; `name`
    is the holiday's, empty on others.
    """

    day: date
    kind: DayKind
    opens_at: datetime
    closes_at: datetime
    name: str = ""

    @property
    def is_tradable(self) -> bool:
        return self.kind in (DayKind.REGULAR, DayKind.EARLY_CLOSE)


def chicago(day: date, at: time) -> datetime:
    """That Chicago wall time in UTC. Daylight saving is the zone database's business.

    Raises ValueError for a time with a zone: dropped silently, it would be another moment.
    """
    if at.tzinfo is not None:
        raise ValueError(f"{at} has a zone, and a wall time of Chicago is wanted")
    return datetime.combine(day, at, tzinfo=CHICAGO).astimezone(UTC)


def time_told(at: datetime) -> str:
    """As a person reads it: 08:31:05 Chicago."""
    return f"{at.astimezone(CHICAGO):%H:%M:%S} Chicago"


def trading_day(day: date) -> TradingDay:
    """What the table says of that date. Weekends are closed; outside the table is unknown."""
    off = _OFF.get(day)
    closes = CLOSES
    if not FIRST_DAY <= day <= LAST_DAY:
        kind = DayKind.UNKNOWN
    elif day.weekday() >= 5 or (off is not None and off.closes is None):
        kind = DayKind.CLOSED
    elif off is not None and off.closes is not None:
        kind, closes = DayKind.EARLY_CLOSE, off.closes
    else:
        kind = DayKind.REGULAR
    return TradingDay(
        day=day,
        kind=kind,
        opens_at=chicago(day - timedelta(days=1), OPENS),
        closes_at=chicago(day, closes),
        name=off.name if off is not None else "",
    )


def trading_day_at(moment: datetime) -> TradingDay:
    """The trading day that holds this moment: from 17:00 Chicago on it is the next date's."""
    local = moment.astimezone(CHICAGO)
    day = local.date() + timedelta(days=1) if local.time() >= OPENS else local.date()
    return trading_day(day)


def is_open_at(moment: datetime) -> bool:
    """Does the exchange trade then? No on a day that the table does not know."""
    day = trading_day_at(moment)
    return day.is_tradable and day.opens_at <= moment < day.closes_at


def latest_regular_day(today: date) -> date:
    """The newest regular day in the table up to `today`: the one that a paper market replays."""
    day = min(max(today, FIRST_DAY), LAST_DAY)
    while trading_day(day).kind is not DayKind.REGULAR:
        day -= timedelta(days=1)
        if day < FIRST_DAY:
            raise Misconfigured(f"the calendar knows no regular day up to {today}")
    return day
