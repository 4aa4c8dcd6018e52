"""docs/strategies.md and the template hold what there is, and nothing else."""

import importlib.util
import re
import sys
import textwrap
from pathlib import Path

import pytest
from replaying import replay
from strategy_scenes import commands, journal_of, run

from pxcore.engine.commands import Notice, PlaceEntry
from pxcore.simulation.rehearsal import rehearse
from pxcore.strategies import BUILT_IN, describe, find_kind, indicators, make_strategy

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/strategies.md").read_text()
TEMPLATE = ROOT / "docs/strategy-template.py"


@pytest.fixture
def template(monkeypatch):
    """The template as a module that a user named so."""
    spec = importlib.util.spec_from_file_location("my_strategy", TEMPLATE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "my_strategy", module)
    spec.loader.exec_module(module)
    return module


def test_page_names_every_built_in_strategy_in_its_table_of_them():
    told = DOCUMENT.split("## The built-in ones")[1].split("<!--")[0]
    assert all(f"| `{name}` | " in told for name in BUILT_IN)


def test_every_indicator_and_every_file_named_exists():
    assert all(f"`{name}`" in DOCUMENT for name in indicators.__all__)
    for path in re.findall(r"(?:pxcore|docs)/[\w/-]+\.py", DOCUMENT):
        assert (ROOT / path).exists(), path


def test_template_is_a_strategy_and_trades_a_made_up_half_hour(template):
    described = describe(find_kind("my_strategy:MyStrategy"))
    assert all(one.description and one.allowed for one in described.params)
    strategy = make_strategy("my_strategy:MyStrategy", {})
    rehearsal = rehearse(strategy, seed=1, minutes=15)
    assert rehearsal.is_flat and rehearsal.errors == ()
    assert len(rehearsal.trades) >= 3
    assert f"{len(rehearsal.trades)} trades" in str(rehearsal)


def test_day_of_the_template_replays_and_leaves_by_its_own_bracket(template, tmp_path):
    params = {"bar_s": 5, "slow_bars": 4, "stop_ranges": 9.0, "target_ranges": 9.0}
    finished = run("my_strategy:MyStrategy", params, window_s=180.0, gaps=((40.0, 43.0),))
    brackets = {c.bracket for c in commands(finished, PlaceEntry)}
    assert brackets and finished.engine.config.bracket not in brackets
    assert any(c.code == "exit" for c in commands(finished, Notice))
    path = journal_of(finished, tmp_path / "day.jsonl", "my_strategy:MyStrategy", params)
    assert replay(path)[1] is None


AROUND_THE_SNIPPET = """
from pxcore.engine.events import Event
from pxcore.engine.strategy import Enter, MarketView, Signal
from pxcore.model import MarketTrade, Side

class LargePrint:
    name = "large-print"
"""


def test_snippet_of_the_tutorial_trades():
    snippet = re.search(r"```python\n(.*?)```", DOCUMENT, re.S)[1]
    made: dict = {}
    exec(AROUND_THE_SNIPPET + textwrap.indent(snippet, "    "), made)  # noqa: S102
    rehearsal = rehearse(made["LargePrint"](), seed=1, minutes=5, cooldown_s=0.0)
    assert rehearsal.errors == () and rehearsal.is_flat and rehearsal.trades
