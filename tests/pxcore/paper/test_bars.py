"""Bars of a paper market."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from paper_scenes import MNQ, OPEN, printed

from pxcore.calendar.hours import CHICAGO
from pxcore.model import Bar, BarUnit
from pxcore.paper.assembly import build_market
from pxcore.paper.config import PaperConfig
from pxcore.paper.markets.bars import BarStore, made_up_minutes

DAY = timedelta(days=1)


def store(*prints: tuple[float, int, int]) -> BarStore:
    """Bars of prints at (seconds after OPEN, ticks, size)."""
    bars = BarStore()
    for at_s, ticks, size in prints:
        bars.see(printed(at_s * 1000, ticks, size))
    return bars


def asked(
    bars: BarStore,
    unit: BarUnit = BarUnit.MINUTE,
    number: int = 1,
    *,
    start: datetime = OPEN - 400 * DAY,
    end: datetime = OPEN + 400 * DAY,
    limit: int = 100,
    finished_by: datetime | None = None,
) -> list[Bar]:
    return bars.bars(
        MNQ.id,
        unit=unit,
        number=number,
        start=start,
        end=end,
        limit=limit,
        finished_by=finished_by,
    )


def figures(bar: Bar) -> tuple[int, int, int, int, int]:
    return bar.open_ticks, bar.high_ticks, bar.low_ticks, bar.close_ticks, bar.volume


FIVE = store((0, 100, 1), (20, 107, 2), (59, 96, 3), (61, 99, 4), (185, 98, 5))


def test_minute_bars_come_newest_first_and_a_minute_without_a_print_has_none() -> None:
    bars = asked(FIVE)
    starts = [(bar.opened_at - OPEN).total_seconds() for bar in bars]
    assert starts == [180, 60, 0]
    assert [figures(bar) for bar in bars] == [
        (98, 98, 98, 98, 5),
        (99, 99, 99, 99, 4),
        (100, 107, 96, 96, 6),
    ]


@pytest.mark.parametrize(
    ("unit", "number", "starts", "newest"),
    [
        (BarUnit.SECOND, 1, [185, 61, 59, 20, 0], (98, 98, 98, 98, 5)),
        (BarUnit.SECOND, 30, [180, 60, 30, 0], (98, 98, 98, 98, 5)),
        (BarUnit.MINUTE, 2, [120, 0], (98, 98, 98, 98, 5)),
        (BarUnit.HOUR, 1, [-1800], (100, 107, 96, 98, 15)),
        (BarUnit.DAY, 1, [-52_200], (100, 107, 96, 98, 15)),
        (BarUnit.WEEK, 1, [-397_800], (100, 107, 96, 98, 15)),
        (BarUnit.MONTH, 1, [-1_693_800], (100, 107, 96, 98, 15)),
    ],
    ids=lambda value: value.name if isinstance(value, BarUnit) else None,
)
def test_bars_of_a_unit_open_at_its_own_boundaries(
    unit: BarUnit, number: int, starts: list[int], newest: tuple[int, ...]
) -> None:
    # OPEN is Friday 2026-11-20 14:30 UTC: 14.5 h into its day, 4 days into its week, 19 into its
    # month. Days begin at 00:00 UTC.
    bars = asked(FIVE, unit, number)
    assert [(bar.opened_at - OPEN).total_seconds() for bar in bars] == starts
    assert figures(bars[0]) == newest


def test_limit_keeps_the_newest() -> None:
    assert [bar.volume for bar in asked(FIVE, limit=2)] == [5, 4]


def test_window_counts_by_when_a_bar_opens() -> None:
    bars = asked(FIVE, start=OPEN + timedelta(seconds=1), end=OPEN + timedelta(seconds=60))
    assert [bar.volume for bar in bars] == [4]
    whole = asked(FIVE, start=OPEN, end=OPEN)
    assert [bar.volume for bar in whole] == [6]  # what came after `end` in its minute included


def test_forming_bar_is_left_out_unless_asked_for() -> None:
    now = OPEN + timedelta(seconds=120)
    assert [bar.volume for bar in asked(FIVE, finished_by=now)] == [4, 6]
    assert [bar.volume for bar in asked(FIVE, finished_by=now + timedelta(seconds=119))] == [4, 6]
    assert len(asked(FIVE, finished_by=now + timedelta(seconds=120))) == 3


def test_contract_without_prints_has_no_bars() -> None:
    assert asked(BarStore()) == []


def history(seed: int = 1) -> list[Bar]:
    return made_up_minutes(MNQ, before=OPEN, seed=seed, last_ticks=100_000, volatility_ticks=6.0)


def test_history_leads_to_the_markets_first_price_without_a_gap() -> None:
    made = history()
    assert len(made) == 24 * 60
    assert made[-1].opened_at == OPEN - timedelta(minutes=1) and made[-1].close_ticks == 100_000
    assert all(
        abs(later.open_ticks - earlier.close_ticks) <= 1 for earlier, later in pairwise(made)
    )
    for bar in made:
        ends = (bar.open_ticks, bar.close_ticks)
        assert bar.low_ticks <= min(ends) <= max(ends) <= bar.high_ticks


def test_history_has_no_minute_in_the_daily_break_or_at_the_weekend() -> None:
    monday = datetime(2026, 11, 23, 15, tzinfo=UTC)
    made = made_up_minutes(MNQ, before=monday, seed=1, last_ticks=100_000, volatility_ticks=6.0)
    local = [bar.opened_at.astimezone(CHICAGO) for bar in made]
    assert not any(moment.hour == 16 or moment.weekday() == 5 for moment in local)
    assert {moment.strftime("%a") for moment in local} == {"Fri", "Sun", "Mon"}


def test_history_is_a_function_of_the_seed() -> None:
    assert history() == history()
    assert history(1) != history(2)


def test_morning_of_a_new_synthetic_market_can_be_asked_for() -> None:
    market = build_market(PaperConfig(seed=7), OPEN)
    bars = asked(market.bars, start=OPEN - timedelta(hours=3), end=OPEN, limit=1000)
    assert len(bars) == 180
    first = next(market.tape)
    assert first.at == OPEN
