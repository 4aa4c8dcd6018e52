"""The exchange's hours: our own table of CME equity-index trading days, in Chicago time.

Regular: opens 17:00 the evening before, closes 16:00, Monday to Friday. The table lists what is
not regular. A day outside the table is unknown, and an unknown day is never tradable.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from pxcore.model.errors import Misconfigured

CHICAGO = ZoneInfo("America/Chicago")
OPENS = time(17)
CLOSES = time(16)

FIRST_DAY = date(2026, 11, 2)
LAST_DAY = date(2027, 12, 31)

# Chicago close of each early day. Source: pandas_market_calendars 5.5.0 `CME Globex Equity`,
# read 2026-11-22, confirmed for 2026 by LEAN's market-hours file of 2026-08. The exchange's own
# yearly notice decides; hold this table against it when it appears.
_EARLY_CLOSES: dict[date, time] = {
    date(2026, 11, 26): time(12),  # Thanksgiving
    date(2026, 11, 27): time(12, 15),
    date(2026, 12, 24): time(12, 15),
    date(2027, 1, 18): time(12),  # Martin Luther King Jr. Day
    date(2027, 2, 15): time(12),  # Presidents' Day
    date(2027, 5, 31): time(12),  # Memorial Day
    date(2027, 6, 18): time(12),  # Juneteenth, observed
    date(2027, 7, 5): time(12),  # Independence Day, observed
    date(2027, 9, 6): time(12),  # Labor Day
    date(2027, 11, 25): time(12),  # Thanksgiving
    date(2027, 11, 26): time(12, 15),
}

# Same sources, but for Good Friday 2027: the libraries disagree (one has an 08:15 close); by the
# pattern of past years it is closed, and closed is the side on which an error costs nothing.
_CLOSED: frozenset[date] = frozenset(
    (
        date(2026, 12, 25),
        date(2027, 1, 1),
        date(2027, 3, 26),  # Good Friday
        date(2027, 12, 24),  # Christmas, observed
    )
)


class DayKind(StrEnum):
    REGULAR = "regular"
    EARLY_CLOSE = "early close"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class TradingDay(msgspec.Struct, frozen=True, kw_only=True):
    """One trading day, named by the date on which it ends. `opens_at`, `closes_at` in UTC."""

    day: date
    kind: DayKind
    opens_at: datetime
    closes_at: datetime

    @property
    def is_tradable(self) -> bool:
        return self.kind in (DayKind.REGULAR, DayKind.EARLY_CLOSE)


def chicago(day: date, at: time) -> datetime:
    """That Chicago wall time in UTC. Daylight saving is the zone database's business."""
    return datetime.combine(day, at, tzinfo=CHICAGO).astimezone(UTC)


def trading_day(day: date) -> TradingDay:
    """What the table says of that date. Weekends are closed; outside the table is unknown."""
    closes = CLOSES
    if not FIRST_DAY <= day <= LAST_DAY:
        kind = DayKind.UNKNOWN
    elif day.weekday() >= 5 or day in _CLOSED:
        kind = DayKind.CLOSED
    elif day in _EARLY_CLOSES:
        kind, closes = DayKind.EARLY_CLOSE, _EARLY_CLOSES[day]
    else:
        kind = DayKind.REGULAR
    return TradingDay(
        day=day,
        kind=kind,
        opens_at=chicago(day - timedelta(days=1), OPENS),
        closes_at=chicago(day, closes),
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
