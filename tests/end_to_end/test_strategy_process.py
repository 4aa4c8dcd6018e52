"""A user's own strategy in a real session: a good one trades, a bad one leaves the account flat."""

import os
import signal
from pathlib import Path

import needs
import psutil
import pytest
from house import until
from replaying import replay
from test_flow_process import outcome_of, session_process

from pxcore.config.paths import Paths
from pxcore.journal.reader import read_opening

pytestmark = pytest.mark.process

HEAD = """
from datetime import timedelta
from pydantic import Field
from pxcore.engine.strategy import Enter
from pxcore.model import Side
from pxcore.strategies import Entries, Params

class MineParams(Params):
    hold_s: float = Field(2.0, ge=0, le=60, description="seconds from the entry to the mischief")

class Mine:
    name = "mine"
    Params = MineParams

    def __init__(self, params):
        self.hold = timedelta(seconds=params.hold_s)
        self.held_since = None
        self.entries = Entries()

    def on_event(self, event, view):
        self.entries.see(event, view)
        if view.exposure:
            self.held_since = self.held_since or view.now
            if view.now >= self.held_since + self.hold:
                self.mischief()
        elif not self.entries.count and view.now >= view.window_start:
            return Enter(side=Side.BUY, reason="mine")

    def mischief(self):
"""


@pytest.fixture
def start_mine(start_paper, start_flow, tmp_path):
    """A flow whose strategy enters once and then does this. Wide legs: they do not fill first."""

    def start(mischief: str, **market: float):
        paper, settings = start_paper(**({"window_s": 600.0} | market))
        (tmp_path / "my_own.py").write_text(f"{HEAD}        {mischief}\n")
        wide = {"PX_STOP_LOSS_TICKS": "400", "PX_TAKE_PROFIT_TICKS": "400"}
        mine = {"PX_STRATEGY": "my_own:Mine", "PX_STRATEGY_PARAMS": '{"hold_s": 1.5}'}
        rich = {"PX_LOSS_USD_MAX": "5000", "PX_BLIND_LIMIT_S": "3"}
        return paper, settings, start_flow(settings | wide | mine | rich)

    return start


@pytest.mark.damages_journal  # a replay of it loops too
def test_strategy_that_loops_is_ended_by_its_flow_and_the_account_is_flat(start_mine):
    paper, _, flow = start_mine("while True: pass")
    flow.until_code("phase.protected")
    assert not paper.is_flat()
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and paper.is_flat()
    assert "said nothing for 20 s" in outcome["ended"]
    assert outcome["fills"] == 2


def test_strategy_that_is_too_slow_for_its_market_does_not_keep_a_position(start_mine):
    paper, _, flow = start_mine("import time; time.sleep(0.4)")
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and paper.is_flat()
    assert "behind with a position" in outcome["ended"]


def test_strategy_that_raises_is_contained_and_halts_the_day_flat(start_mine):
    paper, _, flow = start_mine("raise ValueError('oops')")
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and outcome["reconciled"] and paper.is_flat()
    assert outcome["ended"] == "strategy mine failed repeatedly"
    errors = [line["text"] for line in flow.seen if line.get("code") == "strategy.error"]
    assert errors == ["mine: ValueError('oops')"] * 3


@pytest.mark.damages_journal  # a replay of it ends the process too, where its last row was kept
@pytest.mark.parametrize("how", ["import os; os._exit(7)", "raise SystemExit(7)"], ids=str)
def test_strategy_that_ends_the_process_leaves_the_account_flat(start_mine, how):
    paper, _, flow = start_mine(how)
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and paper.is_flat()
    assert "status 7" in outcome["ended"]


FORKS = (
    "import os, pathlib, time; "
    'self.child = getattr(self, "child", None) or os.fork(); '
    'self.child or (pathlib.Path("child.pid").write_text(str(os.getpid())), '
    "time.sleep(3600), os._exit(0))"
)


@needs.posix
@pytest.mark.damages_journal  # a replay of it forks too
def test_session_killed_while_a_child_of_its_strategy_lives_is_flattened_at_once(
    start_mine, tmp_path
):
    paper, _, flow = start_mine(FORKS)
    flow.until_code("phase.protected")
    child = int(until(lambda: read_text(tmp_path / "child.pid"), what="the child's number"))
    try:
        session_process(flow.process.pid).kill()
        outcome = outcome_of(flow.rest())
        assert psutil.pid_exists(child)
    finally:
        os.kill(child, signal.SIGKILL)
    assert outcome["flat"] and paper.is_flat()
    assert "status -9" in outcome["ended"], "its death was seen, not its silence"


def read_text(path: Path) -> str | None:
    """What is in it, once there is something."""
    return (path.read_text() or None) if path.exists() else None


def test_strategy_of_the_working_folder_trades_and_its_journal_replays(
    start_mine, tmp_path, monkeypatch
):
    paper, settings, flow = start_mine("return None", window_s=3.0, speed=10)
    outcome = outcome_of(flow.rest())
    assert (outcome["flat"], outcome["reconciled"], outcome["trades"]) == (True, True, 1)
    assert paper.is_flat()
    journal = Paths(Path(settings["PX_HOME"])).journal(outcome["session_id"])
    opening = read_opening(journal)
    assert (opening.strategy, opening.strategy_params) == ("my_own:Mine", {"hold_s": 1.5})
    monkeypatch.syspath_prepend(tmp_path)
    assert replay(journal)[1] is None
