"""Limits that only ever get tighter: the comparing, and an engine that is told to."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_type_hints

import msgspec
import pytest
from engine_scenes import CONFIG, LIMITS, Scene, kinds
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pxcore.config.settings import Fields
from pxcore.engine.commands import ClosePosition, Denied, Gate, Halt, Notice, PlaceEntry
from pxcore.engine.config import EngineConfig, Limits
from pxcore.engine.engine import Engine
from pxcore.engine.events import ClockTick, Event, LimitsTightened, PlaceRefused
from pxcore.engine.limit_table import LIMITS as TABLE
from pxcore.engine.limit_table import Direction
from pxcore.engine.strategy import MarketView
from pxcore.engine.tightening import (
    Bounds,
    bounds_of,
    loosened,
    not_tighter,
    tighter_of,
    tightest,
)

NOT_LIMITS = {"flatten_round_s", "time_scale"}
SPEEDS = st.sampled_from((1.0, 3.0, 7.3, 20.0, 1000.0))


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Of a field of `Limits` that is there."""
    if kind in (int, int | None):
        return st.integers(1, 1000)
    if kind in (float, float | None):
        return st.integers(1, 600_000).map(lambda ms: ms / 1000)
    return st.decimals(1, 50_000, places=2)


def is_optional(name: str) -> bool:
    return type(None) in getattr(Limits.__annotations__[name], "__args__", ())


FIELDS = {
    name: (st.none() | values_of(kind) if is_optional(name) else values_of(kind))
    for name, kind in Limits.__annotations__.items()
    if name != "time_scale"
}
ANY_LIMITS = st.builds(Limits, **FIELDS)
ANY_BOUNDS = st.builds(
    Bounds, **{n: st.none() | values_of(Limits.__annotations__[n]) for n in TABLE}
)


def at_speed(limits: Limits, speed: float) -> Limits:
    """The same settings on a paper clock of that speed, as a session makes them of its settings."""
    scaled = {n for n in TABLE if n.endswith("_s") and n != "cooldown_s"}
    values = {n: getattr(limits, n) for n in scaled if getattr(limits, n) is not None}
    return replace(limits, time_scale=speed, **{n: v * speed for n, v in values.items()})


def test_every_limit_has_a_direction_and_a_bound():
    assert set(TABLE) == set(Limits.__struct_fields__) - NOT_LIMITS
    assert tuple(TABLE) == Bounds.__struct_fields__


@pytest.mark.parametrize("name", TABLE)
def test_engine_s_limit_is_of_the_table_s_type(name):
    kind = TABLE[name]
    wanted = kind.of | None if kind.is_optional else kind.of
    assert get_type_hints(Limits)[name] == wanted
    assert get_type_hints(Fields)[name] == wanted


@pytest.mark.parametrize("name", TABLE)
def test_default_of_a_limit_is_within_its_own_bounds(name):
    kind = TABLE[name]
    assert kind.default is None or kind.low <= kind.default <= kind.high


@given(ANY_LIMITS)
def test_limits_held_to_themselves_are_themselves(limits):
    assert tightest(bounds_of(limits), limits) == limits
    assert loosened(bounds_of(limits), limits) == ()


@given(ANY_LIMITS, ANY_LIMITS)
def test_tightest_is_the_same_whichever_was_first(one, other):
    forth = bounds_of(tightest(bounds_of(one), other))
    back = bounds_of(tightest(bounds_of(other), one))
    assert forth == back == tighter_of((bounds_of(one), bounds_of(other)))


@given(ANY_BOUNDS, ANY_LIMITS, SPEEDS)
def test_tightest_is_nowhere_looser_than_either_and_doing_it_again_changes_nothing(
    bounds, limits, speed
):
    wanted = at_speed(limits, speed)
    made = tightest(bounds, wanted)
    assert loosened(bounds, made) == ()
    assert loosened(bounds_of(wanted), made) == ()
    assert tightest(bounds, made) == made
    assert (made.time_scale, made.flatten_round_s) == (speed, wanted.flatten_round_s)


@given(ANY_BOUNDS, ANY_LIMITS)
def test_tightest_differs_from_what_was_wanted_just_where_that_was_looser(bounds, limits):
    made = tightest(bounds, limits)
    changed = {n for n in TABLE if getattr(made, n) != getattr(limits, n)}
    assert changed == {one.name for one in loosened(bounds, limits)}


@given(ANY_LIMITS, SPEEDS, SPEEDS)
def test_same_settings_at_another_speed_are_the_same_limits(limits, one, other):
    first, second = at_speed(limits, one), at_speed(limits, other)
    assert bounds_of(first) == bounds_of(second)
    assert tightest(bounds_of(first), second) == second


@given(st.lists(ANY_BOUNDS, max_size=4))
def test_bounds_come_back_from_a_journal_as_they_were(bounds):
    found = tighter_of(bounds)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Bounds) == found


@pytest.mark.parametrize("name", TABLE)
def test_direction_of_each_limit_by_two_values(name):
    kind = int if "int" in str(Limits.__annotations__[name]) else Decimal
    low, high = (replace(LIMITS, **{name: kind(value)}) for value in (2, 3))
    tight, loose = (low, high) if TABLE[name].tighter is Direction.LOWER else (high, low)
    assert getattr(tightest(bounds_of(tight), loose), name) == getattr(tight, name)
    assert getattr(tightest(bounds_of(loose), tight), name) == getattr(tight, name)


def test_higher_is_tighter_for_these_limits_alone():
    assert {name for name, kind in TABLE.items() if kind.tighter is Direction.HIGHER} == {
        "balance_usd_floor",
        "cooldown_s",
        "slippage_ticks",
        "costs_usd_per_side",
        "unknown_grace_s",
    }


def test_limit_that_is_left_out_is_looser_than_one_that_is_in_force():
    (one,) = loosened(Bounds(drawdown_usd_max=Decimal(60)), LIMITS)
    assert str(one) == "drawdown_usd_max none is looser than 60, which is in force"
    assert tightest(Bounds(drawdown_usd_max=Decimal(60)), LIMITS).drawdown_usd_max == 60


def test_wish_concerns_what_it_names_alone():
    assert not_tighter(bounds_of(LIMITS), Bounds(trades_max=2)) == ()
    (one,) = not_tighter(bounds_of(LIMITS), Bounds(trades_max=4, loss_usd_max=Decimal(50)))
    assert str(one) == "trades_max 4 is looser than 3, which is in force"


# -- an engine that is told -------------------------------------------------------------------


def tighten(scene: Scene, **bounds: Any) -> list[Any]:
    event = LimitsTightened(at=scene.now, bounds=Bounds(**bounds), why="ann: news")
    return scene.tell(event)


def test_refusals_limit_tightened_below_those_that_were_halts_at_once():
    scene = Scene(trades_max=10).connect()
    for _ in range(2):
        (entry,) = kinds(scene.signal(), PlaceEntry)
        refused = {"tag": entry.tag, "code_name": "OrderRejected", "text": "no"}
        scene.tell(PlaceRefused(at=scene.now, **refused))
        scene.pass_time(2.0)
        scene.price(100_000, 100_001)
    (halt,) = kinds(tighten(scene, venue_refusals_max=2), Halt)
    assert halt.reason == "venue rejected 2 entries running"


def test_errors_limit_tightened_below_those_that_were_halts_at_once():
    class FailsTwice:
        name = "fails-twice"
        count = 0

        def on_event(self, event: Event, view: MarketView) -> None:
            self.count += 1
            if self.count <= 2:
                raise ValueError("x")

    scene = Scene()
    scene.strategy.follow(FailsTwice())
    scene.connect()
    assert scene.engine.ending is None
    (halt,) = kinds(tighten(scene, strategy_errors_max=2), Halt)
    assert halt.reason == "strategy fails-twice failed repeatedly"


def test_loss_limit_tightened_below_the_loss_halts_and_flattens_at_once():
    scene = Scene().connect()
    scene.hold()
    assert not kinds(scene.price(99_961, 99_962), Halt)  # -20.00 - 0.61
    assert not kinds(tighten(scene, loss_usd_max=Decimal(21)), Halt)
    commands = tighten(scene, loss_usd_max=Decimal("20.61"))
    assert [h.reason for h in kinds(commands, Halt)] == ["daily loss: -20.61 USD of 20.61"]
    assert kinds(commands, ClosePosition)


def test_tightening_is_told_with_its_figures_and_by_whom():
    said = kinds(tighten(Scene().connect(), trades_max=2, cooldown_s=90.5), Notice)
    assert [(n.code, n.text) for n in said] == [
        ("limits.tightened", "tightened: trades_max 2, cooldown_s 90.5 (ann: news)")
    ]


def test_same_tightening_told_again_changes_and_says_nothing():
    scene = Scene().connect()
    assert kinds(tighten(scene, trades_max=2), Notice)
    assert not kinds(tighten(scene, trades_max=2), Notice)


def test_wish_that_would_loosen_one_limit_changes_none():
    scene = Scene().connect()
    said = kinds(tighten(scene, trades_max=1, loss_usd_max=Decimal(101)), Notice)
    assert [(n.code, n.text) for n in said] == [
        ("limits.refused", "not tightened: loss_usd_max 101 is looser than 100, which is in force")
    ]
    assert scene.engine.state.limits == LIMITS


def test_size_tightened_below_that_of_the_session_denies_its_entries():
    scene = Scene(size=2).connect()
    tighten(scene, contracts_max=1)
    assert [(d.gate, d.limit) for d in kinds(scene.signal(), Denied)] == [(Gate.SIZE, "1")]


def test_seconds_are_told_in_our_own_time_and_held_in_the_markets():
    scene = Scene(time_scale=20.0, stale_data_s=200.0).connect()
    tighten(scene, stale_data_s=4.0)
    assert scene.engine.state.limits.stale_data_s == 80.0
    assert kinds(tighten(scene, stale_data_s=5.0), Notice)[0].code == "limits.refused"


def test_first_thing_said_is_where_the_limits_are_tighter_than_the_settings():
    engine = Engine(replace(CONFIG, limits_held=("trades_max 5 ...",)), Failing())
    first, second = (engine.step(ClockTick(at=CONFIG.window_start)) for _ in range(2))
    told = next(n for n in first if isinstance(n, Notice))
    assert (told.code, told.text) == ("limits.held", "trades_max 5 ...")
    assert "limits.held" not in [n.code for n in kinds(second, Notice)]


def test_terms_of_a_journal_from_before_there_were_held_limits_can_be_read():
    old = msgspec.to_builtins(CONFIG)
    del old["limits_held"]
    assert msgspec.json.decode(msgspec.json.encode(old), type=EngineConfig) == CONFIG


@dataclass
class Failing:
    """Raises whenever it is asked."""

    name: str = "failing"
    asked: int = field(default=0)

    def on_event(self, event: Event, view: MarketView) -> None:
        self.asked += 1
        raise RuntimeError("no idea")


def test_errors_of_the_strategy_are_counted_against_the_tightened_number():
    engine = Engine(CONFIG, Failing())
    at = CONFIG.window_start
    first = engine.step(LimitsTightened(at=at, bounds=Bounds(strategy_errors_max=2), why="x"))
    assert not kinds(first, Halt)
    assert kinds(engine.step(ClockTick(at=at)), Halt)
