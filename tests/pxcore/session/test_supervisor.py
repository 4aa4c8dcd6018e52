"""A session that starts is waited for while it moves on; one that trades has its seconds."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from patience import patience
from stand_ins import COMPUTES, HANG_UNITS, PROGRESS, RESTS, StandIns
from test_halts import PLAN

from pxcore.config.settings import Mode, Settings
from pxcore.host.starting import Step
from pxcore.session import supervisor
from pxcore.session.lines import Line, Milestone
from pxcore.session.supervisor import Supervisor

PLANNED = replace(PLAN, mode=Mode.SHADOW)
SAYS = '{{"line":"milestone","at":"2026-11-20T14:30:00Z","level":"info","code":"{0}","text":"x"}}'
ENDED = '{"line":"ended","reason":"window end","is_flat":true}'
Run = Callable[..., tuple[Any, list[Line]]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Supervises a process that runs this code, in shadow: how it ended, and what it said."""
    stand_ins = StandIns()
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        trading="shadow",
        paper_url=PLAN.base_url,
        account_id=PLAN.account.id,
        paper_clock="2026-11-20T14:30:00Z@2000-01-01T00:00:00Z@1e-9",
        connect_timeout_s=0.1,
        reply_timeout_s=0.1,
    )

    def supervised(code: str, plan: Any = PLANNED) -> tuple[Any, list[Line]]:
        stand_ins.code = code
        lines: list[Line] = []
        return Supervisor(plan, settings, on_line=lines.append).run(), lines

    monkeypatch.setattr(supervisor, "Step", partial(Step, units=HANG_UNITS))
    monkeypatch.setattr(supervisor, "_PATIENCE_WITH_HUNG_S", (0.0, patience(5), patience(5)))
    monkeypatch.setattr(supervisor, "spawn", stand_ins.spawn)
    yield supervised
    stand_ins.end()


def test_start_of_which_nothing_comes_is_a_hang_and_is_named(run: Run) -> None:
    ended, _ = run(RESTS)
    assert ended.reason.startswith("the session's start hangs: nothing from it for ")
    assert not ended.is_flat


def test_start_that_moves_on_is_waited_for_beyond_the_silence_of_one_that_trades(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It computes, between two lines, for longer than a session may be silent."""
    monkeypatch.setattr(supervisor, "_SILENCE_S", 0.001)
    lease, first = SAYS.format("lease.waits"), SAYS.format("starting")
    code = (
        "import time\n"
        "def works():\n"
        "    began = time.process_time()\n"
        "    while time.process_time() - began < 1: sum(range(10 ** 5))\n"
        f"works(); print({lease!r}, flush=True)\n"
        f"works(); print({first!r}, flush=True)\n"
        f"works(); print({ENDED!r}, flush=True)\n"
    )
    ended, lines = run(code)
    assert (ended.reason, ended.is_flat) == ("window end", True)
    assert [one.code for one in lines if isinstance(one, Milestone)] == ["lease.waits", "starting"]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        pytest.param(PLANNED, PROGRESS, id="one that trades"),
        pytest.param(
            replace(PLANNED, adopts_opening=True), SAYS.format("starting"), id="one that takes over"
        ),
    ],
)
def test_silence_of_a_session_with_something_to_guard_has_its_own_seconds(
    run: Run, monkeypatch: pytest.MonkeyPatch, plan: Any, said: str
) -> None:
    monkeypatch.setattr(supervisor, "_SILENCE_S", patience(0.5))
    ended, _ = run(f"print({said!r}, flush=True)\n{COMPUTES}", plan)
    assert ended.reason == f"session process said nothing for {patience(0.5):g} s"
