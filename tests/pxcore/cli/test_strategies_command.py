"""`px strategies`, and what `--strategy` and `--params` mean."""

import json

import pytest
from typer.testing import CliRunner

from pxcore.cli import strategies
from pxcore.cli.app import app
from pxcore.cli.choice import strategy_settings
from pxcore.model import Misconfigured
from pxcore.strategies import BUILT_IN, describe


def px(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_every_built_in_strategy_is_listed_with_every_parameter():
    said = px("strategies")
    assert said.exit_code == 0
    for kind in BUILT_IN.values():
        assert kind.name in said.output
        assert all(one.name in said.output for one in describe(kind).params)


def test_json_holds_name_default_range_and_description():
    listed = json.loads(px("strategies", "--json").output)
    by_name = {one["name"]: one for one in listed}
    assert by_name.keys() == BUILT_IN.keys()
    assert by_name["timed-entry"]["params"] == [
        {
            "name": "every_s",
            "type": "number",
            "default": "900.0",
            "allowed": "a number, 0.1 to 86400",
            "description": "seconds between two beats",
        }
    ]


def test_strategy_that_prints_when_it_is_imported_does_not_answer(tmp_path, monkeypatch):
    (tmp_path / "loud_strategy.py").write_text(
        "print('hello')\n"
        "from pxcore.strategies import Params\n"
        "class Loud:\n    name = 'loud'\n    Params = Params\n"
        "    def __init__(self, params): ...\n    def on_event(self, event, view): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    said = px("strategies", "loud_strategy:Loud", "--json")
    assert json.loads(said.stdout)[0]["name"] and said.stderr == "hello\n"


def test_one_strategy_can_be_asked_for():
    (one,) = json.loads(px("strategies", "hold", "--json").output)
    assert (one["name"], one["params"]) == ("hold", [])


def test_strategy_that_is_not_there_is_refused():
    said = px("strategies", "magic")
    assert said.exit_code == 2 and "'magic'" in said.stderr


def test_installed_strategy_that_cannot_be_loaded_is_shown_and_is_no_success(monkeypatch):
    monkeypatch.setattr(strategies, "installed_names", lambda: ("magic",))
    said = px("strategies", "--json")
    assert said.exit_code == 2
    assert "magic" in json.loads(said.output)[-1]["problem"]
    said = px("strategies")
    assert said.exit_code == 2 and "'magic'" in said.output and "vwap-reversion" in said.output


def test_strategy_asked_for_comes_with_its_own_parameters_alone():
    assert strategy_settings(None, None) == {}
    assert strategy_settings("hold", None) == {"PX_STRATEGY": "hold", "PX_STRATEGY_PARAMS": "{}"}
    given = strategy_settings("timed-entry", '{"every_s": 4}')
    assert given["PX_STRATEGY_PARAMS"] == '{"every_s": 4}'
    with pytest.raises(Misconfigured, match="--params needs --strategy"):
        strategy_settings(None, "{}")


REFUSED = [
    pytest.param(("--strategy", "magic"), "'magic'", id="no such strategy"),
    pytest.param(("--strategy", "hold", "--params", "{"), "JSON", id="no JSON"),
    pytest.param(("--strategy", "hold", "--params", '{"x": 1}'), "it has none", id="parameter"),
]


@pytest.mark.parametrize("command", ["run", "demo"])
@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_wrong_strategy_is_refused_before_anything_starts(
    monkeypatch, tmp_path, command, arguments, said
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_STRATEGY", "timed-entry")  # so that what is set is taken back
    monkeypatch.setenv("PX_STRATEGY_PARAMS", "{}")
    found = px(command, *arguments)
    assert found.exit_code == 2 and said in found.stderr.replace("\n", " ")
    assert not (tmp_path / ".px").exists()
