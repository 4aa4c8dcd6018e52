"""What a run's form may say, and what it becomes."""

import json
import os
from datetime import UTC, datetime

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import ValidationError

from flows.parameters import Run, Window, in_force, settings_of, window_settings
from flows.trading_day import trading_day
from pxcore.config.settings import Mode, load_settings
from pxcore.engine.limit_table import LIMITS, Direction
from pxcore.model import Misconfigured
from pxcore.strategies import BUILT_IN, choose_strategy


def test_run_without_parameters_changes_no_setting():
    assert settings_of(Run()) == {}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_strategy_is_in_the_form_and_its_defaults_are_accepted(name):
    made = settings_of(Run.model_validate({"trades": {"strategy": name}}))

    assert made["PX_STRATEGY"] == name
    params = json.loads(made["PX_STRATEGY_PARAMS"])
    assert choose_strategy(name, params).params == BUILT_IN[name].params()


def test_parameters_of_the_form_are_those_that_the_strategy_gets():
    run = Run.model_validate({"trades": {"strategy": "timed-entry", "every_s": 5}})

    assert settings_of(run)["PX_STRATEGY_PARAMS"] == '{"every_s": 5.0}'


def test_own_strategy_is_named_with_its_parameters():
    run = Run.model_validate({"trades": {"module": "mine:Mine", "params": {"ticks": 3}}})

    assert settings_of(run) == {"PX_STRATEGY": "mine:Mine", "PX_STRATEGY_PARAMS": '{"ticks": 3}'}


@pytest.mark.parametrize(
    "trades",
    [
        pytest.param({"strategy": "timed-entry", "every_s": -1}, id="out of range"),
        pytest.param({"strategy": "timed-entry", "evry_s": 5}, id="unknown name"),
        pytest.param({"strategy": "no-such"}, id="unknown strategy"),
    ],
)
def test_bad_value_is_refused_by_the_form(trades):
    with pytest.raises(ValidationError):
        Run.model_validate({"trades": trades})


def test_form_shows_units_ranges_and_help_of_the_strategies_own_models():
    schema = parameter_schema(trading_day.fn).model_dump()

    shown = schema["definitions"]["TimedEntry"]["properties"]["every_s"]
    assert shown["description"] == "seconds between two beats"
    assert (shown["minimum"], shown["maximum"]) == (0.1, 86_400)


def test_settings_of_a_run_are_gone_when_it_is_over(monkeypatch):
    monkeypatch.setenv("PX_STRATEGY", "hold")
    monkeypatch.delenv("PX_STRATEGY_PARAMS", raising=False)
    run = Run.model_validate({"trades": {"strategy": "timed-entry"}})

    with in_force(run):
        assert os.environ["PX_STRATEGY"] == "timed-entry"

    assert os.environ["PX_STRATEGY"] == "hold"
    assert "PX_STRATEGY_PARAMS" not in os.environ


# -- of a whole run -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PX_LOSS_USD_MAX", "500")


def test_limits_of_a_run_are_tighter_and_its_bracket_its_own(folder):
    wish = {"limits": {"loss_usd_max": 300, "trades_max": 2}, "stop_loss_ticks": 16, "size": 2}
    with in_force(Run.model_validate(wish)) as settings:
        assert (settings.loss_usd_max, settings.trades_max) == (300, 2)
        assert (settings.stop_loss_ticks, settings.size) == (16, 2)
    assert os.environ["PX_LOSS_USD_MAX"] == "500"


def middle_and_sides(name):
    """A value within its range, the next tighter one and the next looser one."""
    kind = LIMITS[name]
    middle = kind.of(kind.low) + 2
    below, above = middle - 1, middle + 1
    lower_is_tighter = kind.tighter is Direction.LOWER
    return (middle, below, above) if lower_is_tighter else (middle, above, below)


@pytest.mark.parametrize("name", LIMITS)
def test_form_takes_every_limit_tighter_and_none_looser(folder, monkeypatch, name):
    middle, tighter, looser = map(str, middle_and_sides(name))
    monkeypatch.setenv(f"PX_{name.upper()}", middle)
    with in_force(Run.model_validate({"limits": {name: tighter}})) as settings:
        assert getattr(settings, name) == LIMITS[name].of(tighter)
    wish = Run.model_validate({"limits": {name: looser}})
    with pytest.raises(Misconfigured, match=f"loosen: {name}"), in_force(wish):
        pass


def test_form_shows_every_limit_with_its_range_and_its_tighter_side():
    definitions = parameter_schema(trading_day).model_dump()["definitions"]
    shown = definitions["Tighter"]["properties"]
    assert set(shown) == set(LIMITS)
    for name, kind in LIMITS.items():
        (number,) = (one for one in shown[name]["anyOf"] if "minimum" in one)
        assert (number["minimum"], number["maximum"]) == (kind.low, kind.high)
        side = "less" if kind.tighter is Direction.LOWER else "more"
        assert f"({side} is tighter)" in shown[name]["description"]


LOOSE = [
    pytest.param({"limits": {"loss_usd_max": 501}}, "loosen", id="limit"),
    pytest.param({"window": {"start": "08:00"}}, "not within", id="earlier"),
    pytest.param({"window": {"end": "15:01"}}, "not within", id="later"),
    pytest.param({"window": {"start": "10:00", "end": "09:00"}}, "PX_WINDOW_START", id="reversed"),
    pytest.param({"mode": "live"}, "the settings say paper", id="mode"),
    pytest.param({"size": 6}, "PX_CONTRACTS_MAX", id="size"),
]


@pytest.mark.parametrize(("wish", "said"), LOOSE)
def test_run_that_would_loosen_anything_is_refused(folder, wish, said):
    with pytest.raises(Misconfigured, match=said), in_force(Run.model_validate(wish)):
        pass


def test_shadow_is_a_dry_run(folder):
    with in_force(Run(mode="shadow")) as settings:
        assert settings.mode is Mode.SHADOW


MINUTES = [
    pytest.param("2026-11-24T14:00:00", 5, "08:35:00", id="before the window: from its start"),
    pytest.param("2026-11-24T04:00:00", 5, "08:35:00", id="the evening before: from its start"),
    pytest.param("2026-11-24T05:58:00", 5, "08:35:00", id="just before midnight"),
    pytest.param("2026-11-24T16:00:00", 5, "10:05:00", id="within it: from now"),
    pytest.param("2026-11-24T20:58:00", 30, None, id="its end stays, and moves with the close"),
]


@pytest.mark.parametrize(("now", "minutes", "end"), MINUTES)
def test_minutes_shorten_the_window(folder, now, minutes, end):
    settings = load_settings()
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = window_settings(Window(minutes=minutes), settings, moment)
    assert (found["PX_WINDOW_START"], found.get("PX_WINDOW_END")) == ("08:30:00", end)
