"""Indicators against figures worked out by hand, and against slow ways to the same figure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxcore.model import Bar
from pxcore.strategies.indicators import Atr, Bars, Ema, OpeningRange, Vwap

NINE = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def bar(low: int, high: int, close: int) -> Bar:
    return Bar(
        opened_at=NINE,
        open_ticks=low,
        high_ticks=high,
        low_ticks=low,
        close_ticks=close,
        volume=1,
    )


def fed(bars: Bars, *prints: tuple[float, int, int]) -> list[tuple[float, int, int, int, int, int]]:
    """Start in seconds after nine, open, high, low, close and volume of every bar yielded."""
    done = [bars.update(at(seconds), ticks, size) for seconds, ticks, size in prints]
    return [
        (
            (one.opened_at - NINE).total_seconds(),
            one.open_ticks,
            one.high_ticks,
            one.low_ticks,
            one.close_ticks,
            one.volume,
        )
        for one in done
        if one is not None
    ]


# -- bars -------------------------------------------------------------------------------------


def test_bar_is_yielded_by_the_first_print_after_it():
    bars = Bars(length_s=10)
    bars.resume(at(-5))
    found = fed(bars, (0, 100, 2), (3, 104, 1), (7, 98, 3), (9.999, 101, 1), (10, 107, 5))
    assert found == [(0, 100, 104, 98, 101, 7)]


def test_bar_begins_on_the_clock_and_not_at_its_first_print():
    bars = Bars(length_s=60)
    bars.resume(at(-5))
    assert fed(bars, (47, 100, 1), (61, 101, 1)) == [(0, 100, 100, 100, 100, 1)]


def test_stretch_without_a_print_yields_no_bar():
    bars = Bars(length_s=10)
    bars.resume(at(0))
    found = fed(bars, (5, 100, 1), (35, 101, 1), (41, 102, 1))
    assert [one[0] for one in found] == [0, 30]


def test_bar_in_which_the_watching_began_is_not_yielded():
    bars = Bars(length_s=10)
    assert [one[0] for one in fed(bars, (3, 100, 1), (12, 101, 1), (21, 102, 1))] == [10]
    bars = Bars(length_s=10)
    bars.resume(at(3))
    assert [one[0] for one in fed(bars, (5, 100, 1), (12, 101, 1), (21, 102, 1))] == [10]


def test_bar_that_a_gap_in_the_data_cuts_is_not_yielded():
    bars = Bars(length_s=10)
    bars.resume(at(0))
    assert fed(bars, (1, 100, 1), (8, 101, 1)) == []
    bars.interrupt()
    bars.resume(at(9))
    assert [one[0] for one in fed(bars, (9.5, 99, 1), (11, 98, 1), (20, 97, 1))] == [10]


def test_print_that_comes_after_its_bar_was_yielded_changes_nothing():
    bars = Bars(length_s=10)
    bars.resume(at(0))
    found = fed(bars, (5, 100, 1), (11, 101, 1), (9, 500, 9), (21, 102, 1))
    assert found == [(0, 100, 100, 100, 100, 1), (10, 101, 101, 101, 101, 1)]


def test_bar_that_is_over_is_yielded_without_a_print_and_only_once():
    bars = Bars(length_s=10)
    bars.resume(at(0))
    fed(bars, (5, 100, 1))
    assert bars.advance(at(9.9)) is None
    assert bars.advance(at(10)).close_ticks == 100
    assert bars.advance(at(20)) is None
    assert fed(bars, (21, 102, 1)) == []


@pytest.mark.parametrize("length_s", [0, -60, 7, 86_401])
def test_length_that_does_not_divide_the_day_is_refused(length_s):
    with pytest.raises(ValueError, match=str(length_s)):
        Bars(length_s=length_s)


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(90, 110), st.integers(1, 9)), max_size=60
    ).map(sorted)
)
def test_bars_are_the_prints_grouped_by_their_stretch_of_the_clock(prints):
    bars = Bars(length_s=10)
    bars.resume(at(0))
    groups: dict[int, list[tuple[int, int]]] = {}
    for seconds, ticks, size in prints:
        groups.setdefault(seconds // 10 * 10, []).append((ticks, size))
    expected = [
        (
            start,
            group[0][0],
            max(ticks for ticks, _ in group),
            min(ticks for ticks, _ in group),
            group[-1][0],
            sum(size for _, size in group),
        )
        for start, group in groups.items()
    ]
    assert fed(bars, *prints) == expected[:-1]  # the last is still under way


# -- averages ---------------------------------------------------------------------------------


def test_ema_begins_with_the_mean_and_then_weighs_two_over_periods_plus_one():
    ema = Ema(periods=3)  # each value weighs 2/4
    assert [ema.update(v) for v in (10, 20)] == [None, None]
    assert ema.update(30) == 20  # (10 + 20 + 30) / 3
    assert ema.update(40) == 30  # 20 + (40 - 20) / 2
    assert ema.update(20) == 25  # 30 + (20 - 30) / 2
    assert ema.value == 25


def test_atr_counts_the_jump_from_the_close_before():
    atr = Atr(periods=2)
    assert atr.update(bar(100, 104, close=103)) is None  # range 4
    assert atr.update(bar(106, 108, close=106)) == Decimal("4.5")  # 108 - 103 = 5; (4 + 5) / 2
    assert atr.update(bar(98, 100, close=99)) == Decimal("6.25")  # 106 - 98 = 8; 4.5 + 3.5 / 2


@pytest.mark.parametrize("kind", [Ema, Atr])
@pytest.mark.parametrize("periods", [0, -1])
def test_period_below_one_is_refused(kind, periods):
    with pytest.raises(ValueError, match=str(periods)):
        kind(periods=periods)


@given(st.integers(1, 20), st.lists(st.integers(-1000, 1000), min_size=20, max_size=60))
def test_ema_stays_between_the_lowest_and_the_highest_value(periods, values):
    ema = Ema(periods=periods)
    for value in values:
        ema.update(value)
    tolerance = Decimal("1e-20")
    assert min(values) - tolerance <= ema.value <= max(values) + tolerance


# -- volume-weighted average ------------------------------------------------------------------


def vwap_of(*prints: tuple[int, int]) -> Vwap:
    vwap = Vwap()
    for ticks, size in prints:
        vwap.update(ticks, size)
    return vwap


def test_vwap_and_its_deviation_are_weighted_by_volume():
    vwap = vwap_of((100, 1), (104, 3))  # (100 + 312) / 4; squares 9 * 1 + 1 * 3, by 4
    assert (vwap.value, vwap.variance) == (103, 3)
    vwap = vwap_of((100, 2), (106, 2), (103, 4))  # 103; (9 * 2 + 9 * 2) / 8
    assert (vwap.value, vwap.variance) == (103, Fraction(9, 2))


def test_bands_are_so_many_deviations_away():
    vwap = vwap_of((98, 1), (102, 1))  # average 100, deviation 2
    assert vwap.bands(2) == (96, 104)
    assert vwap.bands(Decimal("0.5")) == (99, 101)


OUTSIDE = [
    pytest.param(104, Fraction(2), 0, True, id="on the upper band"),
    pytest.param(103, Fraction(2), 0, False, id="a tick inside the upper band"),
    pytest.param(96, Fraction(2), 0, True, id="on the lower band"),
    pytest.param(97, Fraction(2), 0, False, id="a tick inside the lower band"),
    pytest.param(103, Fraction(3, 2), 0, True, id="one and a half deviations"),
    pytest.param(104, Fraction(2), 5, False, id="outside but too near in ticks"),
    pytest.param(104, Fraction(2), 4, True, id="outside and just far enough in ticks"),
]


@pytest.mark.parametrize(("ticks", "deviations", "ticks_min", "expected"), OUTSIDE)
def test_price_is_outside_the_bands_or_not(ticks, deviations, ticks_min, expected):
    vwap = vwap_of((98, 1), (102, 1))  # average 100, deviation 2
    assert vwap.is_outside(ticks, deviations=deviations, ticks_min=ticks_min) is expected


def test_side_is_that_of_the_price_seen_from_the_average():
    vwap = vwap_of((98, 1), (103, 1))  # average 100.5
    assert [vwap.side_of(ticks) for ticks in (100, 101)] == [-1, 1]
    vwap.update(102, 1)  # average 101
    assert vwap.side_of(101) == 0


def test_vwap_knows_nothing_before_the_first_print_and_after_a_reset():
    vwap = vwap_of((98, 1))
    vwap.reset()
    assert (vwap.value, vwap.variance, vwap.bands(1)) == (None, None, None)
    assert not vwap.is_outside(50, deviations=Fraction(1)) and vwap.side_of(50) == 0


@given(
    st.lists(st.tuples(st.integers(1, 500_000), st.integers(1, 999)), min_size=1, max_size=50),
    st.integers(1, 500_000),
    st.fractions(min_value=Fraction(1, 10), max_value=10, max_denominator=100),
)
def test_vwap_is_the_mean_of_every_single_contract(prints, price, deviations):
    vwap = vwap_of(*prints)
    volume = sum(size for _, size in prints)
    mean = Fraction(sum(ticks * size for ticks, size in prints), volume)
    variance = sum(((ticks - mean) ** 2 * size for ticks, size in prints), Fraction(0)) / volume
    assert (vwap.value, vwap.variance) == (mean, variance)
    is_outside = (price - mean) ** 2 >= deviations**2 * variance
    assert vwap.is_outside(price, deviations=deviations) is is_outside


# -- opening range ----------------------------------------------------------------------------


def opening_range(gap_s: float = 2.0) -> OpeningRange:
    return OpeningRange(start=at(0), end=at(60), gap_max=timedelta(seconds=gap_s))


def test_range_holds_the_prints_from_its_start_until_before_its_end():
    opening = opening_range()
    opening.resume(at(-10))
    seen = [(-0.1, 500), (0, 100), (30, 96), (59.9, 103), (60, 1)]
    assert [opening.update(at(seconds), ticks) for seconds, ticks in seen] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert (opening.low_ticks, opening.high_ticks) == (96, 103)
    assert not opening.is_known(at(59.9)) and opening.is_known(at(60))


WATCHED = [
    pytest.param([("resume", -10)], True, id="from before its start"),
    pytest.param([("resume", 2)], True, id="from the longest gap after its start"),
    pytest.param([("resume", 2.1)], False, id="from later"),
    pytest.param([], False, id="never"),
    pytest.param([("resume", 0), ("interrupt", 10), ("resume", 12)], True, id="short gap"),
    pytest.param([("resume", 0), ("interrupt", 10), ("resume", 13)], False, id="long gap"),
    pytest.param(
        [("resume", 1), ("interrupt", 9), ("resume", 10), ("interrupt", 20), ("resume", 20.5)],
        False,
        id="gaps that add up",
    ),
    pytest.param([("resume", 0), ("interrupt", 58)], True, id="lost at the very end"),
    pytest.param([("resume", 0), ("interrupt", 30)], False, id="lost for good"),
    pytest.param([("resume", 0), ("interrupt", 61)], True, id="lost after its end"),
    pytest.param([("resume", -9), ("interrupt", -8), ("resume", -1)], True, id="gap before it"),
]


@pytest.mark.parametrize(("hub", "is_known"), WATCHED)
def test_range_is_known_when_it_was_watched_but_for_a_short_gap(hub, is_known):
    opening = opening_range()
    opening.update(at(5), 100)
    for what, seconds in hub:
        getattr(opening, what)(at(seconds))
    assert opening.is_known(at(90)) is is_known


def test_range_without_a_print_is_not_known():
    opening = opening_range()
    opening.resume(at(-10))
    assert not opening.is_known(at(90))


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(-50, 50)), min_size=1, max_size=40))
def test_range_is_the_highest_and_the_lowest_print(prints):
    opening = opening_range()
    opening.resume(at(0))
    for seconds, ticks in prints:
        opening.update(at(seconds), ticks)
    assert opening.is_known(at(60))
    assert opening.high_ticks == max(ticks for _, ticks in prints)
    assert opening.low_ticks == min(ticks for _, ticks in prints)
