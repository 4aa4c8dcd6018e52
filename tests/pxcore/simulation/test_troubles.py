"""Days whose time is wrong, that somebody else ends, and on which others trade."""

import pytest
from plantings import first_broken, without_gate
from troubled_plantings import (
    counts_its_own_money_alone,
    counts_what_others_hold,
    does_not_notice_a_standstill,
    forgets_the_daily_limit,
    goes_on_after_the_venue,
    judges_at_once_on_waking,
    listens_to_everybody,
    looks_at_its_own_legs_alone,
    notices_a_standstill_by_what_is_no_price,
    trusts_a_clock_for_ever,
)

from pxcore.model import Foreign, OrderType
from pxcore.simulation.campaign import simulate
from pxcore.simulation.scenario import Scenario, draw, draw_untroubled
from pxcore.simulation.violations import Invariant


def _clock_is_set(day: Scenario) -> bool:
    return bool(day.clock.steps)


def _is_behind(day: Scenario) -> bool:
    return day.clock.ahead_s < 0


def _stands_still(day: Scenario) -> bool:
    return bool(day.standstills)


def _is_closed_by_the_venue(day: Scenario) -> bool:
    return day.venue_flat is not None or day.has_strangers


def _is_asked_to_leave(day: Scenario) -> bool:
    return day.bracket_switch is not None and day.bracket_switch.leave_after_s is not None


def _has_a_stranger(day: Scenario) -> bool:
    return day.stranger is not None


def _ignores_a_stranger(day: Scenario) -> bool:
    is_ignored = day.stranger is not None and day.config.foreign is Foreign.IGNORE
    return is_ignored and not day.standstills


def _stands_still_beside_one(day: Scenario) -> bool:
    """Who wakes notices it by what a stranger did."""
    is_ignored = day.stranger is not None and day.config.foreign is Foreign.IGNORE
    return is_ignored and bool(day.standstills)


@pytest.mark.parametrize(
    ("plant", "where", "invariant"),
    [
        pytest.param(
            lambda patch: without_gate(patch, "_clock"),
            _clock_is_set,
            Invariant.CLOCK,
            id="clock",
        ),
        pytest.param(
            trusts_a_clock_for_ever, _is_behind, Invariant.DOUBTED_TIME, id="doubted time"
        ),
        pytest.param(
            does_not_notice_a_standstill,
            _stands_still,
            Invariant.WOKE_UNKNOWING,
            id="standstill",
        ),
        pytest.param(
            notices_a_standstill_by_what_is_no_price,
            _stands_still,
            Invariant.WOKE_UNKNOWING,
            id="prices after a standstill",
        ),
        pytest.param(judges_at_once_on_waking, _stands_still, Invariant.JUDGED_ASLEEP, id="waking"),
        pytest.param(
            goes_on_after_the_venue, _is_closed_by_the_venue, Invariant.DAY_OVER, id="day over"
        ),
        pytest.param(
            looks_at_its_own_legs_alone, _is_asked_to_leave, Invariant.LEFT_ONCE, id="brackets"
        ),
        pytest.param(listens_to_everybody, _ignores_a_stranger, Invariant.SCOPE, id="scope"),
        pytest.param(
            listens_to_everybody, _stands_still_beside_one, Invariant.IGNORED, id="ignored"
        ),
        pytest.param(counts_what_others_hold, _has_a_stranger, Invariant.EXPOSURE, id="exposure"),
        pytest.param(
            counts_its_own_money_alone, _has_a_stranger, Invariant.REALISED, id="own money"
        ),
        pytest.param(
            forgets_the_daily_limit, _has_a_stranger, Invariant.MONEY_OF_ALL, id="all money"
        ),
    ],
)
def test_planted_defect_is_found_by_the_name_of_the_invariant_that_it_breaks(
    monkeypatch, plant, where, invariant
):
    assert first_broken(plant(monkeypatch), where).broken is invariant


def test_each_trouble_is_drawn_in_each_of_its_ways():
    days = [draw(seed) for seed in range(1000)]
    clocks = [day.clock for day in days if day.clock.steps]
    assert {(clock.ahead_s > 0) - (clock.ahead_s < 0) for clock in clocks} == {-1, 0, 1}
    steps_s = [step.by_s for clock in clocks for step in clock.steps]
    assert min(steps_s) == -7200.0 and max(steps_s) == 7200.0
    assert any(abs(clock.ahead_s + clock.steps[0].by_s) < 2 < -clock.ahead_s for clock in clocks)

    stills = [still for day in days for still in day.standstills]
    assert {still.is_tick_first for still in stills} == {True, False}
    assert (min(s.lasts_s for s in stills), max(s.lasts_s for s in stills)) == (3.0, 60.0)

    flats = [day.venue_flat for day in days if day.venue_flat is not None]
    assert {f"{flat.at:%d %H:%M}" for flat in flats} == {"20 21:10", "27 18:05"}

    switches = [day.bracket_switch for day in days if day.bracket_switch is not None]
    for name in ("at_s", "back_after_s", "own", "leave_after_s"):
        assert {getattr(switch, name) is None for switch in switches} == {True, False}, name

    strangers = [day.stranger for day in days if day.stranger is not None]
    assert {stranger.foreign for stranger in strangers} == set(Foreign)
    types = {order.type for stranger in strangers for order in stranger.orders}
    assert types == {OrderType.MARKET, OrderType.STOP}


def test_day_without_a_trouble_is_as_it_was_before_there_were_any():
    names = ("standstills", "venue_flat", "bracket_switch", "stranger")
    days = map(draw, range(1000))
    calm = (d for d in days if not d.clock.steps and not any(getattr(d, n) for n in names))
    day = next(calm)
    assert draw_untroubled(day.seed) == day


def test_day_on_which_part_of_a_look_told_of_what_a_stranger_holds_elsewhere_holds():
    assert simulate(739).problem is None


def test_day_on_which_the_venue_closes_slowly_after_its_flat_time_ends():
    assert simulate(1161).problem is None


def test_day_on_which_a_refusal_was_answered_after_its_row_was_told_holds():
    assert simulate(3007).problem is None


def test_day_on_which_the_venues_own_stop_fills_in_parts_beside_ours_holds():
    assert simulate(7817).problem is None
