"""Strategies by name: what there is, what its parameters may be, and what is refused."""

import json
import re
import sys
from pathlib import Path

import pytest
from pydantic import Field, model_validator

from pxcore.engine.strategy import Exit
from pxcore.model import Misconfigured
from pxcore.strategies import (
    BUILT_IN,
    Params,
    choose_strategy,
    describe,
    find_kind,
    installed_names,
    make_strategy,
)
from pxcore.strategies.params import check_params

UNITS = ("_s", "_minutes", "_ticks", "_deviations", "_max", "_min")


def problems(name: str, given: dict) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        choose_strategy(name, given)
    return caught.value.problems


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with nothing in it; modules that come from it are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


# -- the built-in ones ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_built_in_strategy_can_be_made_without_a_parameter(name):
    assert make_strategy(name, {}).name == name


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_parameter_says_its_unit_its_range_and_what_it_is(name):
    described = describe(BUILT_IN[name])
    assert described.summary.endswith(".")
    for one in described.params:
        assert one.description and one.allowed and one.default is not None, one
        if one.type != "string":
            assert one.name.endswith(UNITS), one.name
            assert re.search(r"\d to \d|above \d+, at most \d", one.allowed), one


def test_defaults_are_recorded_for_the_replay():
    chosen = choose_strategy("opening-range-breakout", {"buffer_ticks": 3})
    assert chosen.recorded_params == {
        "range_minutes": 15.0,
        "buffer_ticks": 3,
        "chase_ticks_max": 8,
        "direction": "both",
        "entries_max": 2,
        "gap_s_max": 5.0,
    }
    again = choose_strategy("opening-range-breakout", chosen.recorded_params)
    assert again.params == chosen.params


def test_parameters_cannot_be_changed():
    params = choose_strategy("timed-entry", {}).params
    with pytest.raises(ValueError, match="frozen"):
        params.every_s = 1.0


REFUSED = [
    pytest.param("timed-entry", {"every_s": 0}, ("every_s 0", "0.1 to 86400"), id="low"),
    pytest.param("timed-entry", {"every_s": 90_000}, ("90000", "0.1 to 86400"), id="high"),
    pytest.param("timed-entry", {"every_s": "4"}, ("every_s '4'", "a number"), id="text"),
    pytest.param("timed-entry", {"every_s": None}, ("every_s None", "a number"), id="nothing"),
    pytest.param("timed-entry", {"every_s": float("nan")}, ("every_s", "a number"), id="nan"),
    pytest.param("trade-on-start", {"side": "up"}, ("side 'up'", "buy or sell"), id="no such word"),
    pytest.param(
        "opening-range-breakout",
        {"buffer_ticks": 1.5},
        ("buffer_ticks 1.5", "a whole number"),
        id="half a tick",
    ),
    pytest.param(
        "opening-range-breakout",
        {"entries_max": True},
        ("entries_max True", "a whole number"),
        id="yes for a number",
    ),
    pytest.param("hold", {"every_s": 4}, ("every_s", "it has none"), id="none are taken"),
    pytest.param("timed-entry", {"evry_s": 4}, ("evry_s", "it has every_s"), id="unknown name"),
]


@pytest.mark.parametrize(("name", "given", "said"), REFUSED)
def test_parameter_is_refused_by_name_value_and_what_is_allowed(name, given, said):
    (problem,) = problems(name, given)
    assert problem.startswith(f"strategy {name}: ")
    assert all(part in problem for part in said), problem


def test_every_wrong_parameter_is_told_at_once():
    found = problems("trade-on-start", {"side": "up", "retry_s": 0, "size": 2})
    assert len(found) == 3


# -- a user's own -----------------------------------------------------------------------------

MINE = """
from pydantic import Field
from pxcore.engine.strategy import Exit
from pxcore.strategies import Params

class MineParams(Params):
    level_ticks: int = Field(ge=1, le=9, description="where it leaves")

class Mine:
    '''Leaves.

    More of it.
    '''
    name = "mine"
    Params = MineParams
    def __init__(self, params):
        self.level_ticks = params.level_ticks
    def on_event(self, event, view):
        return Exit(reason=f"{self.level_ticks}")

class Plain:
    name = "plain"
    def on_event(self, event, view):
        return None
"""


def test_class_of_a_module_in_the_working_folder_is_a_strategy(folder):
    (folder / "my_own.py").write_text(MINE)
    made = make_strategy("my_own:Mine", {"level_ticks": 4})
    assert made.on_event(None, None) == Exit(reason="4")
    assert find_kind("my_own:Mine").summary == "Leaves."
    assert problems("my_own:Mine", {}) == (
        "strategy my_own:Mine: level_ticks must be given; allowed is a whole number, 1 to 9",
    )


def test_strategy_without_parameters_needs_no_model_and_takes_none(folder):
    (folder / "my_plain.py").write_text(MINE)
    assert make_strategy("my_plain:Plain", {}).name == "plain"
    assert "it has none" in problems("my_plain:Plain", {"x": 1})[0]


WRONG = [
    pytest.param("", "ModuleNotFoundError", id="no such module"),
    pytest.param("raise RuntimeError('oops')", "RuntimeError: oops", id="module that raises"),
    pytest.param("import sys; sys.exit('bye')", "SystemExit: bye", id="module that exits"),
    pytest.param("x =", "SyntaxError", id="module that is no Python"),
    pytest.param("Other = 1", "AttributeError", id="no such class"),
    pytest.param("Mine = 1", "is not a class", id="no class"),
    pytest.param("class Mine:\n    name = 'x'", "no method on_event", id="no method"),
    pytest.param(
        "class Mine:\n    def on_event(self, event, view): ...", "has no `name`", id="no name"
    ),
    pytest.param(
        "class Mine:\n    name = 'x'\n    Params = dict\n    def on_event(self, e, v): ...",
        "no subclass of pxcore.strategies.Params",
        id="parameters of another kind",
    ),
    pytest.param(
        "class Mine:\n    name = 'x'\n    def __init__(self): 1 / 0\n"
        "    def on_event(self, e, v): ...",
        "cannot be made: ZeroDivisionError",
        id="cannot be made",
    ),
]


@pytest.mark.parametrize(("source", "said"), WRONG)
def test_what_is_no_strategy_is_refused_with_the_reason(folder, request, source, said):
    module = "wrong_" + request.node.callspec.id.replace(" ", "_")
    if source:
        (folder / f"{module}.py").write_text(source)
    with pytest.raises(Misconfigured, match=said) as caught:
        make_strategy(f"{module}:Mine", {})
    assert f"{module}:Mine" in caught.value.problems[0]


def test_name_that_is_nothing_is_refused_with_those_there_are(folder):
    (problem,) = problems("magic", {})
    assert "'magic'" in problem and "module:Class" in problem
    assert all(name in problem for name in BUILT_IN)


def test_own_rule_between_parameters_is_told_in_its_own_words():
    class Pair(Params):
        low_ticks: int = Field(1, ge=1, le=9, description="below")
        high_ticks: int = Field(2, ge=1, le=9, description="above")

        @model_validator(mode="after")
        def _ordered(self):
            if self.low_ticks >= self.high_ticks:
                raise ValueError("low_ticks must be below high_ticks")
            return self

    with pytest.raises(Misconfigured, match="low_ticks must be below high_ticks"):
        check_params("pair", Pair, {"low_ticks": 5})


# -- an installed one -------------------------------------------------------------------------


def install(folder: Path, monkeypatch, **points: str) -> None:
    """What pip leaves of a distribution with these entry points."""
    info = folder / "site" / "mine-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    lines = "".join(f"{name.replace('_', '-')} = {target}\n" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[px.strategies]\n{lines}")
    (folder / "site" / "installed_mine.py").write_text(MINE)
    monkeypatch.setattr(sys, "path", [str(folder / "site"), *sys.path])


def test_entry_point_is_found_by_its_name(folder, monkeypatch):
    install(folder, monkeypatch, my_exit="installed_mine:Mine", my_gone="installed_mine:Gone")
    assert installed_names() == ("my-exit", "my-gone")
    chosen = choose_strategy("my-exit", {"level_ticks": 2})
    assert chosen.kind.name == "my-exit" and chosen.make().name == "mine"
    assert "cannot be loaded" in problems("my-gone", {})[0]
    assert "my-exit" in problems("magic", {})[0]


def test_nothing_installed_takes_a_built_in_name(folder, monkeypatch):
    install(folder, monkeypatch, hold="installed_mine:Mine")
    assert installed_names() == ()
    assert make_strategy("hold", {}).name == "hold"


def test_recorded_parameters_are_json():
    for name in BUILT_IN:
        recorded = choose_strategy(name, {}).recorded_params
        assert json.loads(json.dumps(recorded)) == recorded
