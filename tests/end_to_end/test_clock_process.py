"""Somebody sets the machine's clock in the middle of a session: no deadline of it moves.

The clock of the session's process alone is set, by a module that Python loads at its start; its
market goes by the wall clock, as a real one does.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crash_case import ACCOUNT, CONTROL_KEY
from msgspec import json
from patience import patience
from test_session_process import codes, plan_for

from pxcore.cli.market import choose_market
from pxcore.clock.clocks import ShiftedClock
from pxcore.config.settings import Settings, load_settings
from pxcore.host.spawn import end, spawn
from pxcore.paper.config import PaperConfig
from pxcore.session.lines import Ended, Line, Milestone
from pxcore.session.supervisor import Supervisor

pytestmark = pytest.mark.process

WINDOW_S = 20.0
SETS_THE_CLOCK = """
import time
from pathlib import Path

_set, _real = Path({file!r}), time.time


def _as_it_was_set():
    try:
        return _real() + float(_set.read_text())
    except (OSError, ValueError):
        return _real()


time.time = _as_it_was_set
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    market = choose_market(None, symbol="MNQ", seed=11, lead_s=8.0, window_s=WINDOW_S, speed=1.0)
    clock = ShiftedClock(market=market.clock_start, wall=datetime.now(UTC), speed=1.0)
    config = PaperConfig(
        account_id=ACCOUNT,
        seed=11,
        clock=str(clock),
        market_start=market.clock_start,
        api_key=CONTROL_KEY,
        exit_on_stdin_eof=True,
    )
    home = tmp_path / "home"
    home.mkdir()
    process = spawn("pxcore.paper", json.encode(config).decode(), stderr=home / "paper.err")
    assert process.stdout is not None
    url = json.decode(process.stdout.readline())["listening"]
    module = tmp_path / "site"
    module.mkdir()
    (module / "sitecustomize.py").write_text(SETS_THE_CLOCK.format(file=str(tmp_path / "set")))
    given = market.settings | {
        "PX_HOME": str(home),
        "PX_PAPER_URL": url,
        "PX_PAPER_KEY": CONTROL_KEY,
        "PX_PAPER_CLOCK": str(clock),
        "PX_ACCOUNT_ID": str(ACCOUNT),
        "PX_STRATEGY_PARAMS": '{"every_s": 1}',
        "PX_STOP_LOSS_TICKS": "400",
        "PX_TAKE_PROFIT_TICKS": "400",
        "PX_LOSS_USD_MAX": "900",
        "PYTHONPATH": str(module),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield load_settings()
    end(process, patience=(patience(30), patience(5), patience(5)))


@pytest.mark.parametrize("by_s", [-120.0, 7.0])
def test_clock_that_is_set_moves_no_deadline_and_stops_entries_until_the_venue_agrees(
    settings: Settings, tmp_path: Path, by_s: float
) -> None:
    said: list[Line] = []
    set_at_s: list[float] = []

    def hear(line: Line) -> None:
        said.append(line)
        if isinstance(line, Milestone) and line.code == "phase.protected" and not set_at_s:
            set_at_s.append(time.monotonic())
            (tmp_path / "set").write_text(str(by_s))

    plan = plan_for(settings)
    ended = Supervisor(plan, settings, on_line=hear).run()

    assert set_at_s and (ended.is_flat, ended.reason) == (True, "window end")
    told = codes(said)
    assert told.count("clock.stepped") == 1
    assert told.index("clock.stepped") < told.index("clock.agrees")
    last = [line for line in said if not isinstance(line, Ended)][-1]
    late_s = (last.at - plan.window_end).total_seconds()
    assert late_s < patience(10) and time.monotonic() - set_at_s[0] < WINDOW_S + patience(10)
