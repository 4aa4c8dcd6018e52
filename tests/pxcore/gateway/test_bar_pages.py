"""A stretch of bars is covered page by page, whatever a page holds."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pxcore.gateway.rest import bar_pages
from pxcore.gateway.rest.bar_pages import BarHistory, collect, shortest
from pxcore.model import Bar, BarUnit

BEGAN = datetime(2026, 9, 21, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
SHORTEST = shortest(BarUnit.MINUTE, 1)


def bar(minute: int) -> Bar:
    at = BEGAN + minute * MINUTE
    return Bar(opened_at=at, open_ticks=4, high_ticks=4, low_ticks=4, close_ticks=4, volume=minute)


def at(minute: float) -> datetime:
    return BEGAN + minute * MINUTE


class Venue:
    """Has bars of these minutes, and gives at most `cap` a page: of the newest or the oldest ones,
    in any order, with bars from beside the stretch; every `empty_every`-th page comes empty. With
    `reach` a page holds no bar older than that many minutes before its end.
    """

    def __init__(
        self,
        minutes: list[int],
        *,
        cap: int,
        keeps: str = "newest",
        shuffled: bool = False,
        doubled: bool = False,
        empty_every: int = 0,
        reach: int | None = None,
    ) -> None:
        self.minutes = minutes
        self.cap, self.keeps, self.reach = cap, keeps, reach
        self.shuffled, self.doubled, self.empty_every = shuffled, doubled, empty_every
        self.asked: list[tuple[datetime, datetime, int]] = []

    def page(self, start: datetime, end: datetime, limit: int) -> list[Bar]:
        self.asked.append((start, end, limit))
        if self.empty_every and len(self.asked) % self.empty_every == 0:
            return []
        oldest = start if self.reach is None else max(start, end - self.reach * MINUTE)
        inside = [minute for minute in self.minutes if oldest <= at(minute) <= end]
        most = min(limit, self.cap)
        kept = inside[-most:] if self.keeps == "newest" else inside[:most]
        bars = [bar(minute) for minute in kept]
        if self.doubled and bars:
            bars += [bars[0], bars[-1], bar(kept[-1] + 1_000_000)]
        if self.shuffled:
            random.Random(len(self.asked)).shuffle(bars)
        return bars

    def collected(self, first: int, last: int, most: int = 100_000) -> BarHistory:
        return collect(
            self.page,
            start=at(first),
            end=at(last),
            shortest=SHORTEST,
            most=most,
            page_bars=20_000,
        )


def is_all(history: BarHistory, minutes: list[int]) -> bool:
    """Without the thousands of both in the complaint."""
    return volumes(history) == minutes


def volumes(history: BarHistory) -> list[int]:
    return [bar.volume for bar in history.bars]


def week(days: int) -> list[int]:
    """Minutes of so many days from a Monday on, an hour's pause a day, no weekends."""
    return [
        minute for minute in range(days * 1440) if minute % 1440 < 1380 and minute // 1440 % 7 < 5
    ]


@settings(max_examples=150, deadline=None)
@given(
    kept=st.sets(st.integers(0, 600), max_size=200),
    cap=st.integers(1, 250),
    keeps=st.sampled_from(["newest", "oldest"]),
    shuffled=st.booleans(),
    doubled=st.booleans(),
    first=st.integers(-50, 650),
    length=st.integers(1, 700),
    most=st.integers(1, 250),
)
def test_all_bars_of_the_stretch_come_once_and_in_order(
    kept: set[int],
    cap: int,
    keeps: str,
    shuffled: bool,
    doubled: bool,
    first: int,
    length: int,
    most: int,
) -> None:
    venue = Venue(sorted(kept), cap=cap, keeps=keeps, shuffled=shuffled, doubled=doubled)
    there = [minute for minute in sorted(kept) if first <= minute <= first + length]
    history = venue.collected(first, first + length)
    if history.requests < bar_pages.REQUESTS_MAX:
        assert volumes(history) == there and history.complete_from == at(first)
    newest = venue.collected(first, first + length, most)
    if newest.requests < bar_pages.REQUESTS_MAX:
        assert volumes(newest) == there[-most:]


@pytest.mark.parametrize("keeps", ["newest", "oldest"])
@pytest.mark.parametrize("cap", [999, 1_000, 1_379, 1_380, 1_381, 20_000, 30_000])
def test_weeks_of_minutes_come_whole_whatever_the_cap(cap: int, keeps: str) -> None:
    minutes = week(30)
    history = Venue(minutes, cap=cap, keeps=keeps).collected(0, 30 * 1440 - 1)
    assert is_all(history, minutes)
    # a page for each cap of bars, and four looks at each hole: one for each of up to 22 days
    assert history.requests <= len(minutes) // cap + 1 + 4 * 24


def test_page_that_comes_empty_once_ends_nothing() -> None:
    minutes = week(12)
    for empty_every in (4, 5, 6, 7):
        venue = Venue(minutes, cap=1_000, empty_every=empty_every)
        assert is_all(venue.collected(0, 12 * 1440 - 1), minutes)


def test_page_that_reaches_back_no_further_than_a_weekend_is_looked_past() -> None:
    minutes = week(26)
    venue = Venue(minutes, cap=1_000, reach=1_000)  # 16 h 40 min: less than a weekend's 49 h
    assert is_all(venue.collected(0, 26 * 1440 - 1), minutes)


def test_end_of_what_the_venue_keeps_costs_a_page_and_three_looks() -> None:
    venue = Venue(list(range(100_000, 100_500)), cap=1_000)
    history = venue.collected(0, 100_499)
    assert (volumes(history)[0], len(history.bars)) == (100_000, 500)
    assert len(venue.asked) == history.requests == 5


def test_stretch_that_one_page_covers_costs_one_request() -> None:
    assert Venue(list(range(500)), cap=1_000).collected(0, 499).requests == 1
    assert Venue(list(range(5_000)), cap=1_000).collected(0, 4_999, most=100).requests == 1


def test_venue_without_an_end_is_left_at_the_bound_and_what_came_has_no_hole() -> None:
    class Endless(Venue):
        def page(self, start: datetime, end: datetime, limit: int) -> list[Bar]:
            self.asked.append((start, end, limit))
            minute = int((end - BEGAN) / MINUTE)
            return [bar(minute - 1), bar(minute)]

    history = Endless([], cap=2).collected(0, 1_000_000)
    assert history.requests == bar_pages.REQUESTS_MAX
    minutes = volumes(history)
    assert is_all(history, list(range(minutes[0], 1_000_001)))
    assert history.complete_from == at(minutes[0]) > at(0)


@pytest.mark.parametrize("keeps", ["newest", "oldest"])
def test_download_that_is_cut_at_its_most_keeps_the_newest(keeps: str) -> None:
    minutes = week(4)
    history = Venue(minutes, cap=1_000, keeps=keeps).collected(0, 4 * 1440 - 1, most=1_500)
    assert is_all(history, minutes[-1_500:])
    assert history.complete_from > at(0)


@pytest.mark.parametrize(
    ("unit", "number", "least"),
    [(BarUnit.MINUTE, 5, timedelta(minutes=4)), (BarUnit.MONTH, 1, timedelta(days=27))],
)
def test_no_bar_is_taken_for_longer_than_the_shortest(
    unit: BarUnit, number: int, least: timedelta
) -> None:
    assert least < shortest(unit, number) < timedelta(days=28)
