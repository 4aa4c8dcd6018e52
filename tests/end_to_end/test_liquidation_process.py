"""The venue closes what a session holds and locks the account, in the middle of its window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from crash_case import Paper
from patience import patience
from test_session_process import codes, plan_for
from waiting import until

from pxcore.calendar.hours import trading_day
from pxcore.closing import end_of_day
from pxcore.config.settings import Settings, load_settings
from pxcore.day.window import NotNow, window_on
from pxcore.host.spawn import end
from pxcore.model import Misconfigured
from pxcore.reports.verdict import DifferenceKind, Verdict
from pxcore.session.lines import Line, Milestone
from pxcore.session.supervisor import Supervisor
from pxcore.venue.connect import connect

pytestmark = pytest.mark.process

HOLDS = {
    "PX_STRATEGY_PARAMS": '{"every_s": 1}',
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_LOSS_USD_MAX": "900",
    "PX_COOLDOWN_S": "0",
}


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    home = tmp_path / "home"
    home.mkdir()
    gateway = Paper(home)
    yield gateway
    end(gateway.process, patience=(patience(30), patience(5), patience(5)))


@pytest.fixture
def settings(paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name, value in (paper.settings | HOLDS).items():
        monkeypatch.setenv(name, value)
    return load_settings()


LIQUIDATIONS = [
    pytest.param({"fault": "forced_liquidation", "lock": "day"}, id="for the day"),
    pytest.param({"fault": "forced_liquidation", "lock": "failed"}, id="for good"),
    pytest.param({"fault": "foreign_order", "type": "market", "size": 1}, id="closed by hand"),
]


@pytest.mark.parametrize("fault", LIQUIDATIONS)
def test_day_on_which_somebody_else_closes_the_position_ends_is_explained_and_stays_shut(
    paper: Paper, settings: Settings, fault: dict[str, Any]
) -> None:
    said: list[Line] = []
    armed: list[dict[str, Any]] = []

    def hear(line: Line) -> None:
        said.append(line)
        if isinstance(line, Milestone) and line.code == "phase.protected" and not armed:
            armed.append(fault | side_against(paper, fault))
            paper.post("faults", armed)

    plan = plan_for(settings)
    ended = Supervisor(plan, settings, on_line=hear).run()

    assert armed and ended.is_flat
    assert "not ours" in ended.reason or "locked" in ended.reason
    assert codes(said).count("entry.sent") == 1
    venue = end_of_day.read_venue(connect(settings), plan)
    made, folder = end_of_day.close_day(plan, settings, venue)
    assert made.verdict is Verdict.EXPLAINED, made.differences
    assert {d["kind"] for d in made.differences} == {DifferenceKind.CLOSED_BY_OTHERS}
    assert DifferenceKind.CLOSED_BY_OTHERS in (folder / "report.md").read_text()
    with pytest.raises((NotNow, Misconfigured), match=r"closed 1 of the position|may not trade"):
        plan_for(settings)


def test_close_by_hand_that_a_session_died_over_ends_the_day_too(
    paper: Paper, settings: Settings
) -> None:
    """It stood still, and was killed before it heard of it: the day's closing finds it."""
    plan = plan_for(settings)
    died: list[bool] = []

    def hear(line: Line) -> None:
        if isinstance(line, Milestone) and line.code == "phase.protected" and not died:
            died.append(True)
            session = psutil.Process(supervisor._process.pid)  # type: ignore[union-attr]
            session.suspend()
            fault: dict[str, Any] = {"fault": "foreign_order", "type": "market", "size": 1}
            paper.post("faults", [fault | side_against(paper, fault)])
            until(lambda: not paper.account()["positions"], what="it is closed by hand")
            session.kill()

    supervisor = Supervisor(plan, settings, on_line=hear)
    ended = supervisor.run()

    assert died and ended.is_flat and ended.is_crash
    venue = end_of_day.read_venue(connect(settings), plan)
    made, _ = end_of_day.close_day(plan, settings, venue)
    assert made.verdict is Verdict.EXPLAINED, made.differences
    assert DifferenceKind.CLOSED_BY_OTHERS in {d["kind"] for d in made.differences}
    with pytest.raises(NotNow, match="closed the position"):
        plan_for(settings)


def side_against(paper: Paper, fault: dict[str, Any]) -> dict[str, str]:
    """Of what is held; a liquidation finds it by itself."""
    if fault["fault"] != "foreign_order":
        return {}
    (position,) = paper.account()["positions"]
    return {"side": "sell" if position["size"] > 0 else "buy"}


def test_window_of_a_plan_ends_before_the_program_does(settings: Settings) -> None:
    plan = plan_for(settings)
    window = window_on(settings, trading_day(plan.trading_day))
    assert plan.window_end <= plan.flat_by < window.program_at
