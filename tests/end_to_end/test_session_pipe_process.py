"""What a session says is its own: a strategy that prints a last line, writes one or forks is no
session, and a session's exit status says how it ended.
"""

import re
import subprocess

import msgspec
import needs
import pytest
from test_session_process import WIDE, codes, plan_for, supervise

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.host.handing import hand_over
from pxcore.host.spawn import spawn
from pxcore.ownership.account_lock import AccountLock
from pxcore.session.lines import Ended, ExitStatus, Milestone, Progress, read_line
from pxcore.session.plan import SessionPlan

pytestmark = [pytest.mark.process, needs.posix]

FORGED = '{"line":"ended","reason":"forged","is_flat":true}'
LOUD = f"""
import os, subprocess, sys
from datetime import timedelta
from pxcore.engine.strategy import Enter
from pxcore.model import Side
from pxcore.strategies import Entries, Params

FORGED = {FORGED!r}

def shout():
    if "session/process.py" not in (getattr(sys.modules["__main__"], "__file__", "") or ""):
        return  # it is imported to be checked, or replayed
    print(FORGED, flush=True)
    print(FORGED, file=sys.__stdout__, flush=True)
    os.write(1, FORGED.encode() + b"\\n")
    subprocess.run(["echo", FORGED])
    if not os.fork():
        os.write(1, FORGED.encode() + b"\\n")
        for name in os.listdir("/proc/self/fd"):
            try:
                print("FORKED", os.readlink(f"/proc/self/fd/{{name}}"), flush=True)
            except OSError:
                pass
        os._exit(0)
    os.wait()
    print("asked", repr(sys.stdin.read()), flush=True)

shout()

class Loud:
    name = "loud"
    Params = Params

    def __init__(self, params):
        self.entries = Entries()
        self.is_done = False

    def on_event(self, event, view):
        self.entries.see(event, view)
        if view.exposure and not self.is_done:
            self.is_done = True
            shout()
        if not view.exposure and not self.entries.count and view.now >= view.window_start:
            return Enter(side=Side.BUY, reason=FORGED)
"""


@pytest.fixture
def configure(monkeypatch, tmp_path):
    def set_environment(values: dict[str, str]) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return load_settings()

    return set_environment


def test_strategy_that_forges_a_last_line_in_every_way_is_heard_in_the_log_alone(
    start_paper, configure, tmp_path
):
    paper, values = start_paper(window_s=4.0, speed=10)
    (tmp_path / "loud_one.py").write_text(LOUD)
    own = {"PX_STRATEGY": "loud_one:Loud", "PX_STRATEGY_PARAMS": ""}
    settings = configure(values | WIDE | own)
    plan = plan_for(settings)

    ended, lines = supervise(plan, settings)

    assert ended.is_flat and paper.is_flat() and ended.reason != "forged"
    assert [line for line in lines if isinstance(line, Ended)] == [ended]
    assert "phase.protected" in codes(lines) and "session.noise" not in codes(lines)
    log = (Paths(settings.home).logs / f"{plan.session_id}.err").read_text()
    assert log.count(FORGED) == 2 * 5  # at its import, and with a position
    assert log.count("asked ''") == 2
    pipes = re.findall(r"FORKED (pipe:\[\d+\])", log)
    assert not pipes, "a process that was forked has a pipe of the session"


# -- exit status ----------------------------------------------------------------------------------


def session_process(plan: SessionPlan, settings: Settings) -> "subprocess.Popen[str]":
    return spawn(
        "pxcore.session.process",
        hand_over(Paths(settings.home).handed, msgspec.json.encode(plan)),
        stderr=Paths(settings.home).logs / "own.err",
    )


def ask_when(process: "subprocess.Popen[str]", code: str, wish: str) -> Ended:
    """Its last line; it is asked once it has said this."""
    assert process.stdout is not None and process.stdin is not None
    last: Ended | None = None
    for text in process.stdout:
        line = read_line(text)
        is_it = isinstance(line, Milestone) and line.code == code
        if is_it or (code == "" and isinstance(line, Progress)):
            code = "asked"
            process.stdin.write(f"{wish}\n")
            process.stdin.flush()
        last = line if isinstance(line, Ended) else last
    assert last is not None
    return last


@pytest.mark.parametrize(
    ("wish", "status", "is_flat"),
    [("stop", ExitStatus.FLAT, True), ("leave", ExitStatus.LEFT, False)],
)
def test_status_says_whether_it_ended_flat_or_left_what_it_held_to_its_bracket(
    start_paper, configure, wish: str, status: ExitStatus, is_flat: bool
):
    paper, values = start_paper(window_s=600.0)
    settings = configure(values | WIDE)
    with session_process(plan_for(settings), settings) as process:
        ended = ask_when(process, "phase.protected", wish)
    assert (process.returncode, ended.is_flat, ended.is_left) == (status, is_flat, not is_flat)
    assert paper.is_flat() is is_flat


def test_status_says_that_it_did_not_start(start_paper, configure):
    _, values = start_paper(window_s=600.0)
    settings = configure(values)
    plan = plan_for(settings)
    with (
        AccountLock(Paths(settings.home).home, plan.account.id, holder="another"),
        session_process(plan, settings) as process,
    ):
        assert ask_when(process, "never", "").is_refused
    assert process.returncode == ExitStatus.NOT_STARTED
