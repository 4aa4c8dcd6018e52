"""The window is the law: what of it is left, on which day, and when there is none."""

from datetime import UTC, datetime

import pytest

from pxcore.runtime.plan import NotNow, window_of
from pxcore.settings import Settings


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WINDOWS = [
    pytest.param("2026-11-20T14:20", "14:30", "21:00", "21:05", id="ordinary winter day"),
    pytest.param("2027-07-01T13:20", "13:30", "20:00", "20:05", id="ordinary summer day"),
    pytest.param("2026-11-20T20:59", "14:30", "21:00", "21:05", id="one minute left"),
    pytest.param("2026-11-26T14:20", "14:30", "17:50", "18:00", id="early close at 12:00"),
    pytest.param("2026-11-27T14:20", "14:30", "18:05", "18:15", id="early close at 12:15"),
]


@pytest.mark.parametrize(("now", "start", "end", "flat_by"), WINDOWS)
def test_window_is_what_the_calendar_leaves_of_it(now, start, end, flat_by):
    _, *times = window_of(Settings(_env_file=None), at(now))
    assert [t.strftime("%H:%M") for t in times] == [start, end, flat_by]


NO_WINDOWS = [
    pytest.param("2026-11-20T21:00", "over", id="at its end"),
    pytest.param("2026-11-26T17:55", "over", id="after an early close's window"),
    pytest.param("2026-11-21T15:00", "closed", id="Saturday"),
    pytest.param("2026-12-25T15:00", "closed in the calendar, Christmas", id="Christmas"),
    pytest.param("2029-05-01T15:00", "unknown", id="past the table"),
]


@pytest.mark.parametrize(("now", "why"), NO_WINDOWS)
def test_no_session_when_the_calendar_or_the_clock_allows_none(now, why):
    with pytest.raises(NotNow, match=why):
        window_of(Settings(_env_file=None), at(now))


def test_evening_before_belongs_to_the_next_trading_day():
    day, start, *_ = window_of(Settings(_env_file=None), at("2026-11-19T23:30"))
    assert day.isoformat() == "2026-11-20" and start == at("2026-11-20T14:30")
