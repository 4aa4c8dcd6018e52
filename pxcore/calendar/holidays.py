"""The days on which the exchange's equity-index futures do not trade as usual, row by row.

A row says where it is from. The exchange publishes a year ahead; its notice decides, and this
table is to be held against it when it appears. What two sources say differently is closed here:
the side on which an error costs nothing.
"""

from datetime import date, time

import msgspec

FIRST_DAY = date(2026, 1, 2)
LAST_DAY = date(2028, 12, 31)


class DayOff(msgspec.Struct, frozen=True):
    """`closes` in Chicago time; None when the day does not trade at all."""

    day: date
    name: str
    closes: time | None
    source: str


_NOON, _QUARTER_PAST = time(12), time(12, 15)
# pandas_market_calendars 5.5.0, `CME Globex Equity`, read 2026-11-24.
_MCAL = "mcal 5.5.0"
# Besides, LEAN's market-hours file for ES of 2026-08 says the same.
_BOTH = "mcal 5.5.0, LEAN 2026-08"
# Good Friday: closes at 08:15 where it is the first Friday of April (the jobs report comes out),
# else does not trade: so it was from 2010 to 2026. mcal has 08:15 for every year.
_PATTERN = "pattern of 2010 to 2026; mcal 5.5.0 says 08:15"

DAYS_OFF: tuple[DayOff, ...] = (
    DayOff(date(2026, 1, 19), "Martin Luther King Jr. Day", _NOON, _BOTH),
    DayOff(date(2026, 2, 16), "Presidents' Day", _NOON, _BOTH),
    DayOff(date(2026, 4, 3), "Good Friday", time(8, 15), _BOTH),
    DayOff(date(2026, 5, 25), "Memorial Day", _NOON, _BOTH),
    DayOff(date(2026, 6, 19), "Juneteenth", _NOON, _BOTH),
    DayOff(date(2026, 7, 3), "Independence Day, observed", _NOON, _BOTH),
    DayOff(date(2026, 9, 7), "Labor Day", _NOON, _BOTH),
    DayOff(date(2026, 11, 26), "Thanksgiving", _NOON, _BOTH),
    DayOff(date(2026, 11, 27), "day after Thanksgiving", _QUARTER_PAST, _BOTH),
    DayOff(date(2026, 12, 24), "Christmas Eve", _QUARTER_PAST, _BOTH),
    DayOff(date(2026, 12, 25), "Christmas", None, _BOTH),
    DayOff(date(2027, 1, 1), "New Year's Day", None, _BOTH),
    DayOff(date(2027, 1, 18), "Martin Luther King Jr. Day", _NOON, _MCAL),
    DayOff(date(2027, 2, 15), "Presidents' Day", _NOON, _MCAL),
    DayOff(date(2027, 3, 26), "Good Friday", None, _PATTERN),
    DayOff(date(2027, 5, 31), "Memorial Day", _NOON, _MCAL),
    DayOff(date(2027, 6, 18), "Juneteenth, observed", _NOON, _BOTH),
    DayOff(date(2027, 7, 5), "Independence Day, observed", _NOON, _MCAL),
    DayOff(date(2027, 9, 6), "Labor Day", _NOON, _MCAL),
    DayOff(date(2027, 11, 25), "Thanksgiving", _NOON, _MCAL),
    DayOff(date(2027, 11, 26), "day after Thanksgiving", _QUARTER_PAST, _MCAL),
    DayOff(date(2027, 12, 24), "Christmas, observed", None, _MCAL),
    DayOff(date(2028, 1, 17), "Martin Luther King Jr. Day", _NOON, _MCAL),
    DayOff(date(2028, 2, 21), "Presidents' Day", _NOON, _MCAL),
    DayOff(date(2028, 4, 14), "Good Friday", None, _PATTERN),
    DayOff(date(2028, 5, 29), "Memorial Day", _NOON, _MCAL),
    DayOff(date(2028, 6, 19), "Juneteenth", _NOON, _MCAL),
    DayOff(date(2028, 7, 3), "day before Independence Day", _QUARTER_PAST, _MCAL),
    DayOff(date(2028, 7, 4), "Independence Day", _NOON, _MCAL),
    DayOff(date(2028, 9, 4), "Labor Day", _NOON, _MCAL),
    DayOff(date(2028, 11, 23), "Thanksgiving", _NOON, _MCAL),
    DayOff(date(2028, 11, 24), "day after Thanksgiving", _QUARTER_PAST, _MCAL),
    DayOff(date(2028, 12, 25), "Christmas", None, _MCAL),
)
