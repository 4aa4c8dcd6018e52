"""The calendar: which days trade, when they close in Chicago, and that an unknown day does not."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from pandas_market_calendars import get_calendar

from pxcore.calendar.holidays import DAYS_OFF, FIRST_DAY, LAST_DAY
from pxcore.calendar.hours import (
    CHICAGO,
    DayKind,
    chicago,
    latest_regular_day,
    trading_day,
    trading_day_at,
)

DAYS = [
    pytest.param(date(2026, 11, 20), DayKind.REGULAR, "22:00", id="ordinary Friday, winter"),
    pytest.param(date(2027, 7, 1), DayKind.REGULAR, "21:00", id="ordinary Thursday, summer"),
    pytest.param(date(2026, 11, 26), DayKind.EARLY_CLOSE, "18:00", id="Thanksgiving, 12:00"),
    pytest.param(date(2026, 11, 27), DayKind.EARLY_CLOSE, "18:15", id="day after, 12:15"),
    pytest.param(date(2026, 12, 25), DayKind.CLOSED, "22:00", id="Christmas"),
    pytest.param(date(2026, 11, 21), DayKind.CLOSED, "22:00", id="Saturday"),
    pytest.param(date(2027, 3, 26), DayKind.CLOSED, "21:00", id="Good Friday"),
    pytest.param(date(2029, 1, 2), DayKind.UNKNOWN, "22:00", id="past the table's last row"),
    pytest.param(date(2025, 12, 31), DayKind.UNKNOWN, "22:00", id="before its first"),
]


@pytest.mark.parametrize(("day", "kind", "closes_utc"), DAYS)
def test_day_is_of_its_kind_and_closes_at_its_time(day, kind, closes_utc):
    found = trading_day(day)
    assert (found.kind, found.closes_at.strftime("%H:%M")) == (kind, closes_utc)
    assert found.is_tradable is (kind in (DayKind.REGULAR, DayKind.EARLY_CLOSE))


MOMENTS = [
    pytest.param(datetime(2026, 11, 19, 22, 59, tzinfo=UTC), date(2026, 11, 19), id="16:59"),
    pytest.param(datetime(2026, 11, 19, 23, 0, tzinfo=UTC), date(2026, 11, 20), id="17:00"),
    pytest.param(datetime(2026, 11, 22, 23, 0, tzinfo=UTC), date(2026, 11, 23), id="Sunday 17:00"),
    pytest.param(datetime(2026, 11, 20, 23, 30, tzinfo=UTC), date(2026, 11, 21), id="Friday night"),
]


@pytest.mark.parametrize(("moment", "day"), MOMENTS)
def test_trading_day_is_named_by_the_date_on_which_it_ends(moment, day):
    assert trading_day_at(moment).day == day


def test_window_keeps_its_chicago_time_over_daylight_saving():
    assert chicago(date(2027, 3, 12), time(8, 30)) == datetime(2027, 3, 12, 14, 30, tzinfo=UTC)
    assert chicago(date(2027, 3, 15), time(8, 30)) == datetime(2027, 3, 15, 13, 30, tzinfo=UTC)


LATEST = [
    pytest.param(date(2026, 11, 22), date(2026, 11, 20), id="Sunday: the Friday before"),
    pytest.param(date(2026, 11, 27), date(2026, 11, 25), id="early closes are passed over"),
    pytest.param(date(2020, 1, 1), date(2026, 1, 2), id="before the table: its first day"),
    pytest.param(date(2040, 1, 1), date(2028, 12, 29), id="after the table: its last day"),
]


@pytest.mark.parametrize(("today", "day"), LATEST)
def test_latest_regular_day_is_found(today, day):
    assert latest_regular_day(today) == day


# Where the oracle is not followed: it has a short morning where, by the pattern of past years, the
# exchange does not trade.
OTHERWISE = {date(2027, 3, 26): "08:15", date(2028, 4, 14): "08:15"}


def test_table_is_what_another_calendar_says_but_where_we_know_better():
    oracle = get_calendar("CME Globex Equity").schedule(str(FIRST_DAY), str(LAST_DAY))
    closes = {
        stamp.date(): row.tz_convert("America/Chicago").strftime("%H:%M")
        for stamp, row in oracle["market_close"].items()
    }
    differs = {}
    day = FIRST_DAY
    while day <= LAST_DAY:
        found = trading_day(day)
        ours = f"{found.closes_at.astimezone(CHICAGO):%H:%M}" if found.is_tradable else None
        if ours != closes.get(day):
            differs[day] = closes.get(day)
        day += timedelta(days=1)
    assert differs == OTHERWISE


def test_rows_are_in_order_each_once_on_weekdays_with_a_source():
    days = [row.day for row in DAYS_OFF]
    assert days == sorted(set(days))
    assert all(row.day.weekday() < 5 and row.name and row.source for row in DAYS_OFF)


def test_wall_time_with_a_zone_is_no_wall_time():
    with pytest.raises(ValueError, match="has a zone"):
        chicago(date(2026, 11, 20), time.fromisoformat("14:30Z"))
