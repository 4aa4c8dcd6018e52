"""What a run's form may say, and what it becomes."""

import json
import os

import pytest
from prefect.utilities.callables import parameter_schema
from pydantic import ValidationError

from flows.parameters import Run, in_force, settings_of
from flows.trading_day import trading_day
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
    assert (shown["exclusiveMinimum"], shown["maximum"]) == (0, 86_400)


def test_settings_of_a_run_are_gone_when_it_is_over(monkeypatch):
    monkeypatch.setenv("PX_STRATEGY", "hold")
    monkeypatch.delenv("PX_STRATEGY_PARAMS", raising=False)
    run = Run.model_validate({"trades": {"strategy": "timed-entry"}})

    with in_force(run):
        assert os.environ["PX_STRATEGY"] == "timed-entry"

    assert os.environ["PX_STRATEGY"] == "hold"
    assert "PX_STRATEGY_PARAMS" not in os.environ
