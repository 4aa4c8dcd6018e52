"""The window is the law: what of it is left, on which day, and when there is none.

Every time keeps its distance from the program's own flat time, on early closes too.
"""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxcore.calendar.holidays import FIRST_DAY, LAST_DAY
from pxcore.calendar.hours import CHICAGO, TradingDay, trading_day
from pxcore.calendar.program_hours import flat_at, flat_time
from pxcore.config.settings import Settings
from pxcore.day.window import NotNow, safety_time, window_of, window_on
from pxcore.model import Misconfigured


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)


WINDOWS = [
    pytest.param("2026-11-20T14:20", "14:30", "21:00", "21:05", "21:09", id="winter day"),
    pytest.param("2027-07-01T13:20", "13:30", "20:00", "20:05", "20:09", id="summer day"),
    pytest.param("2026-11-20T20:59", "14:30", "21:00", "21:05", "21:09", id="one minute left"),
    # Closes at 12:00; the program is flat at 11:50, forty minutes past five in UTC.
    pytest.param("2026-11-26T14:20", "14:30", "17:40", "17:45", "17:49", id="early close, 12:00"),
    pytest.param("2026-11-27T14:20", "14:30", "17:55", "18:00", "18:04", id="early close, 12:15"),
]


@pytest.mark.parametrize(("now", "start", "end", "flat_by", "safety"), WINDOWS)
def test_window_is_what_the_calendar_and_the_program_leave_of_it(now, start, end, flat_by, safety):
    window = window_of(settings(), at(now))
    times = (window.start, window.end, window.flat_by, window.safety_at)
    assert [t.strftime("%H:%M") for t in times] == [start, end, flat_by, safety]
    assert safety_time(settings(), at(now)) == window.safety_at < window.program_at


NO_WINDOWS = [
    pytest.param("2026-11-20T21:00", "over", id="at its end"),
    pytest.param("2026-11-26T17:40", "08:30 to 11:40 Chicago .* is over", id="early close"),
    pytest.param(
        "2026-04-03T13:00",
        "nothing is left of the window .*Good Friday",
        id="closes before the open",
    ),
    pytest.param("2026-11-21T15:00", "closed", id="Saturday"),
    pytest.param("2026-12-25T15:00", "closed in the calendar, Christmas", id="Christmas"),
    pytest.param("2029-05-01T15:00", "unknown", id="past the table"),
]


@pytest.mark.parametrize(("now", "why"), NO_WINDOWS)
def test_no_session_when_the_calendar_or_the_clock_allows_none(now, why):
    with pytest.raises(NotNow, match=why):
        window_of(settings(), at(now))


def test_evening_before_belongs_to_the_next_trading_day():
    window = window_of(settings(), at("2026-11-19T23:30"))
    assert window.day == date(2026, 11, 20) and window.start == at("2026-11-20T14:30")


MOVED = [
    pytest.param("15:00", "15:05", "11:40", "11:45", id="as by default"),
    pytest.param("14:30", "14:50", "11:10", "11:30", id="earlier by less than an hour"),
    pytest.param("15:05", "15:05", "11:40", "11:45", id="no gap: it gets the least"),
    pytest.param("10:00", "10:05", "10:00", "10:05", id="the open alone is not moved"),
    pytest.param("10:00", "15:05", "10:00", "11:45", id="a short window, a late time to be flat"),
    pytest.param("12:30", "12:45", "11:30", "11:45", id="far from the close: as late as may be"),
    pytest.param("11:30", "15:05", "11:30", "11:45", id="an end that fits stays"),
    pytest.param("11:30", "11:35", "11:30", "11:35", id="both fit"),
    pytest.param("11:45", "11:45", "11:45", "11:45", id="as late as may be"),
    pytest.param("11:46", "15:05", "11:40", "11:45", id="a minute too late"),
]


@pytest.mark.parametrize(("end", "flat_by", "moved_end", "moved_flat_by"), MOVED)
def test_early_close_moves_the_end_of_the_window_and_keeps_the_margins(
    end, flat_by, moved_end, moved_flat_by
):
    window = window_on(settings(window_end=end, flat_by=flat_by), trading_day(date(2026, 11, 26)))
    local = [t.astimezone(CHICAGO).strftime("%H:%M") for t in (window.end, window.flat_by)]
    assert local == [moved_end, moved_flat_by]


@pytest.mark.parametrize(
    ("contract", "flat"),
    [
        ("MNQ", "15:10"),
        ("CON.F.US.MNQ.Z26", "15:10"),
        ("ZC", "13:20"),
        ("zc", "13:20"),
        ("ZCZ6", "13:20"),
        ("F.US.ZCE", "13:20"),
        ("CON.F.US.ZCE.Z26", "13:20"),
        ("LEZ26", "13:05"),
        ("HE", "13:05"),
        ("CON.F.US.HE.Z26", "13:05"),
    ],
)
def test_program_flat_time_is_the_product_s_by_whatever_name(contract, flat):
    assert f"{flat_time(contract):%H:%M}" == flat


@pytest.mark.parametrize("text", ["ZC ", " zc", "\tZCZ6\n"])
def test_blank_around_a_contract_changes_no_hours(text):
    with_blank = window_on(settings(contract=text), trading_day(date(2026, 11, 20)))
    assert with_blank == window_on(settings(contract="ZC"), trading_day(date(2026, 11, 20)))


def test_hours_are_those_of_the_contract_that_was_resolved():
    day = trading_day(date(2026, 11, 20))
    window = window_on(settings(contract="corn?"), day, contract="CON.F.US.ZCE.Z26")
    assert window == window_on(settings(contract="ZC"), day)


def test_end_that_fits_before_an_earlier_flat_time_stays():
    given = settings(contract="ZC", window_end="13:15", flat_by="13:15")
    window = window_on(given, trading_day(date(2026, 11, 20)))
    assert window.end.astimezone(CHICAGO).strftime("%H:%M") == "13:15"


def test_window_of_a_product_that_is_flat_earlier_ends_earlier():
    window = window_on(settings(contract="ZC"), trading_day(date(2026, 11, 20)))
    local = [t.astimezone(CHICAGO).strftime("%H:%M") for t in (window.end, window.flat_by)]
    assert local == ["13:10", "13:15"]


TOO_LATE = [
    pytest.param({"flat_by": "15:06"}, "PX_FLAT_BY 15:06:00 is refused.*15:10.*15:05", id="flat"),
    pytest.param(
        {"window_end": "15:30", "flat_by": "15:45"},
        "PX_WINDOW_END 15:30:00 is refused.*PX_FLAT_BY 15:45:00 is refused",
        id="after the venue's own",
    ),
    pytest.param(
        {"contract": "ZC", "window_end": "13:18", "flat_by": "13:19"}, "13:20.*13:15", id="grains"
    ),
    pytest.param({"window_start": "17:30", "window_end": "20:00"}, "refused", id="the evening"),
]


@pytest.mark.parametrize(("given", "why"), TOO_LATE)
def test_times_too_near_to_the_program_s_own_are_refused(given, why):
    with pytest.raises(Misconfigured) as refused:
        settings(**given)
    assert re.search(why, "; ".join(refused.value.problems))


_DAYS = st.dates(FIRST_DAY, LAST_DAY).map(trading_day).filter(lambda day: day.is_tradable)
_MINUTES = st.integers(0, 15 * 60 + 5)


@given(day=_DAYS, times=st.lists(_MINUTES, min_size=3, max_size=3, unique=True).map(sorted))
def test_on_every_day_the_times_are_in_order_and_before_the_program_s(
    day: TradingDay, times: list[int]
):
    start, end, flat_by = (f"{m // 60:02}:{m % 60:02}" for m in times)
    window = window_on(settings(window_start=start, window_end=end, flat_by=flat_by), day)
    assert window.end <= window.flat_by < window.safety_at < window.program_at < day.closes_at
    assert window.program_at - window.safety_at >= timedelta(minutes=1)
    assert window.program_at == flat_at(day, "MNQ")
