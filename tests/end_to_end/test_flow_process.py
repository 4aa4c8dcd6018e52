"""The trading day as a process, and every way to end it: the account is flat each time."""

import os
import signal
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests
from house import until
from patience import patience
from replaying import replay

from pxcore.cli.orchestrator import prefect_environ, px_environ
from pxcore.config.paths import Paths
from pxcore.journal.reader import read_opening
from pxcore.paper.config import PaperConfig
from pxcore.reports.daily import read_report

pytestmark = [pytest.mark.process, pytest.mark.e2e]

# Its legs are too far away to end it: a position is held until the test does something.
WIDE = {
    "PX_STOP_LOSS_TICKS": "400",
    "PX_TAKE_PROFIT_TICKS": "400",
    "PX_LOSS_USD_MAX": "900",
}
BALANCE_USD = Decimal(50_000)  # of a paper account, in the morning
ENDS_S = patience(30)  # its own flatten, and Prefect's word that it is over


def outcome_of(lines) -> dict:
    return next(line for line in lines if line["line"] == "outcome")


def session_process(flow_pid: int) -> psutil.Process:
    children = psutil.Process(flow_pid).children(recursive=True)
    return next(p for p in children if "pxcore.session.process" in p.cmdline())


def inject(paper, settings: dict[str, str], *faults: dict) -> None:
    armed = requests.post(
        f"{paper.url}/paper/faults",
        json=faults,
        headers={"Authorization": f"Bearer {settings['PX_PAPER_KEY']}"},
        timeout=patience(5),
    )
    assert armed.ok, armed.text


def test_day_ends_flat_and_reconciled_and_its_journal_replays(start_paper, start_flow):
    paper, settings = start_paper(window_s=6.0, speed=10)
    flow = start_flow(settings)
    said = flow.rest()
    outcome = outcome_of(said)
    assert flow.process.wait(ENDS_S) == 0
    assert (outcome["flat"], outcome["reconciled"]) == (True, True)
    assert outcome["trades"] >= 1 and outcome["fills"] == 2 * outcome["trades"]
    assert outcome["refusals"]
    assert paper.is_flat()
    journal = Paths(Path(settings["PX_HOME"])).journal(outcome["session_id"])
    events, divergence = replay(journal)
    assert divergence is None and events > 500


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(
            [
                {"fault": "no_answer", "path": path, "how": "page", "count": 1}
                for path in (
                    "/api/Auth/loginKey",
                    "/api/Account/search",
                    "/api/Contract/available",
                    "/api/Order/v2/query",
                    "/api/Position/searchOpen",
                    "/api/Trade/search",
                    "/api/Order/search",
                )
            ],
            id="a page in place of each first answer",
        ),
        pytest.param(
            [{"fault": "count_wrong", "by": 4, "count": None}], id="more orders counted than listed"
        ),
    ],
)
def test_day_begins_and_ends_flat_at_a_venue_that_answers_oddly(
    start_paper, start_flow, faults, monkeypatch
):
    monkeypatch.setattr("pxcore.cli.paper.PaperConfig", partial(PaperConfig, has_control=True))
    paper, settings = start_paper(window_s=6.0, speed=10)
    inject(paper, settings, *faults)
    flow = start_flow(settings)
    outcome = outcome_of(flow.rest())
    assert flow.process.wait(ENDS_S) == 0
    assert (outcome["flat"], outcome["reconciled"]) == (True, True)
    assert outcome["trades"] >= 1
    assert paper.is_flat()


def test_stop_line_ends_the_session_flat_and_the_day_is_closed(start_paper, start_flow):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    assert not paper.is_flat()
    flow.process.stdin.write("stop\n")
    flow.process.stdin.flush()
    outcome = outcome_of(flow.rest())
    assert (outcome["flat"], outcome["reconciled"]) == (True, True)
    assert flow.process.wait(ENDS_S) == 0
    assert paper.is_flat()


def test_end_of_stdin_of_the_flow_leaves_the_account_flat(start_paper, start_flow):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    flow.process.stdin.close()
    flow.rest()
    assert flow.process.wait(ENDS_S) != 0
    assert paper.is_flat()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signal_to_the_flow_leaves_the_account_flat(start_paper, start_flow, number):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    flow.process.send_signal(number)
    flow.process.wait(ENDS_S)
    assert paper.is_flat()


TIMED_OUT = """
import os, signal, sys
from flows.trading_day import trading_day
from tasks.control import CONTROL
from flows.run import Told

say = Told(1)

def hear(line):
    say(line)
    if getattr(line, "code", "") == "phase.protected":
        os.kill(os.getpid(), signal.SIGALRM)  # by which Prefect says that the time is up

CONTROL.listeners.append(hear)
state = trading_day.with_options(timeout_seconds=float(sys.argv[1]))(return_state=True)
print('{"line": "state", "name": "%s"}' % state.name)
"""


def test_flow_that_times_out_leaves_the_account_flat(start_paper, prefect_server, tmp_path):
    paper, settings = start_paper(window_s=600.0)
    server_paths, port = prefect_server
    environ = px_environ({**os.environ, **prefect_environ(server_paths, port)}, settings | WIDE)
    done = subprocess.run(
        [sys.executable, "-c", TIMED_OUT, str(ENDS_S)],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert "phase.protected" in done.stdout
    assert '"name": "TimedOut"' in done.stdout, done.stderr[-2000:]
    assert paper.is_flat()


def test_killed_flow_leaves_a_session_that_flattens_by_itself(start_paper, start_flow):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    session = session_process(flow.process.pid)
    flow.process.kill()
    session.wait(ENDS_S)
    assert paper.is_flat()


def test_killed_session_is_flattened_and_started_anew_as_often_as_allowed_with_its_limits_kept(
    start_paper, start_flow
):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE | {"PX_RESTARTS_MAX": "1"})
    flow.until_code("phase.protected")
    first = session_process(flow.process.pid)
    os.kill(first.pid, signal.SIGKILL)
    flow.until_code("phase.protected")
    second = session_process(flow.process.pid)
    assert second.pid != first.pid
    os.kill(second.pid, signal.SIGKILL)
    outcome = outcome_of(flow.rest())
    assert outcome["restarts"] == 1 and outcome["flat"] and outcome["reconciled"]
    assert "-9" in outcome["ended"]
    assert paper.is_flat()
    journals = Paths(Path(settings["PX_HOME"])).journals
    openings = [read_opening(path) for path in sorted(journals.glob("px-*.jsonl"))]
    assert len(openings) == 2
    assert len({one.config.limits.loss_usd_max for one in openings}) == 1
    assert openings[1].config.peak_usd >= openings[0].config.peak_usd
    report = read_report(Path(outcome["report"]).with_name("report.json"))
    assert report.day is not None and len(report.day.sessions) == outcome["trades"] == 2
    made = [one.figures.net_usd for one in report.day.sessions]
    assert all(made) and f"{sum(made):.2f}" == outcome["pnl_usd"]
    assert report.balance_usd == BALANCE_USD + sum(made)


def test_stopped_session_process_is_killed_and_flattened_for(start_paper, start_flow):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    os.kill(session_process(flow.process.pid).pid, signal.SIGSTOP)
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and paper.is_flat()
    assert "said nothing" in outcome["ended"]


def test_kill_file_flattens_a_running_session(start_paper, start_flow, tmp_path):
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    (tmp_path / "home" / "KILL").write_text("rehearsal")
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and paper.is_flat()
    assert outcome["ended"] == "kill switch: rehearsal"


def test_running_session_enters_after_a_released_kill_switch_only_when_it_is_told(
    start_paper, start_flow, tmp_path
):
    """And the report has it. Whoever holds a position is asked by the kill switch's gate first."""
    paper, settings = start_paper(window_s=600.0)
    flow = start_flow(settings | WIDE)
    flow.until_code("phase.protected")
    switch = tmp_path / "home" / "KILL"
    switch.write_text("entries only: news")
    flow.until_code("denied.kill_switch")
    switch.unlink()
    flow.until_code("kill_switch.released")
    seen = len(flow.seen)
    off = ("kill", "off", "--resume", "--reason", "over", "--yes")
    done = subprocess.run(
        [sys.executable, "-m", "pxcore.cli", *off],
        env=px_environ(os.environ, settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(30),
        check=False,
    )
    assert done.returncode == 0 and "may enter again within a second" in done.stdout, done
    flow.until_code("kill_switch.resumed")
    assert not [line for line in flow.seen[seen:] if line.get("code") == "denied.not_flat"]
    flow.until_code("denied.not_flat")
    flow.process.stdin.write("stop\n")
    flow.process.stdin.flush()
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and outcome["reconciled"] and paper.is_flat()
    told = read_report(Path(outcome["report"]).with_name("report.json")).incidents
    codes = [one.code for one in told]
    assert codes.index("kill_switch.released") < codes.index("kill_switch.resumed")


def test_exit_of_which_the_user_hub_told_nothing_before_it_broke_is_explained(
    start_paper, start_flow, monkeypatch
):
    """Account and money are right, and the session knows when its hub was away."""
    monkeypatch.setattr("pxcore.cli.paper.PaperConfig", partial(PaperConfig, has_control=True))
    paper, settings = start_paper(window_s=600.0)
    narrow = {"PX_STOP_LOSS_TICKS": "12", "PX_TAKE_PROFIT_TICKS": "12", "PX_TRADES_MAX": "1"}
    flow = start_flow(settings | narrow)
    flow.until_code("phase.protected")
    lost = {"fault": "event_lost", "hub": "user", "target": "GatewayUser*", "count": 1000}
    inject(paper, settings, lost)
    until(paper.is_flat, what="one of its legs is filled")
    inject(paper, settings, {"fault": "socket_reset", "hub": "user"})
    flow.until_code("phase.flat")
    flow.process.stdin.write("stop\n")
    flow.process.stdin.flush()
    outcome = outcome_of(flow.rest())
    assert outcome["flat"] and outcome["reconciled"], outcome
    report = read_report(Path(outcome["report"]).with_name("report.json"))
    assert report.verdict == "explained"
    kinds = {one["kind"]: one["ours"] for one in report.differences}
    assert "user hub away" in kinds["order of ours that ended while the user hub was away"]


# Each kind of refusal once; what else is refused, and in which words, is in the quick tests.
REFUSALS = [
    pytest.param({"PX_PAPER_URL": "http://127.0.0.1:9"}, ("cannot be reached",), 1, id="no answer"),
    pytest.param(
        {"PX_SIZE": "0", "PX_NONSENSE": "1", "PX_STRATEGY_PARAMS": "{"},
        ("PX_SIZE", "PX_NONSENSE", "PX_STRATEGY_PARAMS"),
        2,
        id="three settings",
    ),
    pytest.param(
        {"PX_STRATEGY_PARAMS": '{"every_s": 0, "size": 3}'},
        ("every_s 0", "0.1 to 86400", "size is not one"),
        2,
        id="two parameters of the strategy",
    ),
]


@pytest.mark.parametrize(("changes", "said", "status"), REFUSALS)
def test_day_that_cannot_start_says_every_reason_in_one_line(
    start_paper, start_flow, changes, said, status
):
    _, settings = start_paper()
    flow = start_flow(settings | changes)
    refusal = flow.until(lambda line: line["line"] == "refusal")
    assert all(any(part in problem for problem in refusal["problems"]) for part in said)
    assert flow.process.wait(ENDS_S) == status


def test_day_after_its_window_is_skipped(start_paper, start_flow):
    _, settings = start_paper()
    late = settings | {"PX_WINDOW_START": "08:00", "PX_WINDOW_END": "08:01"}
    flow = start_flow(late)
    refusal = flow.until(lambda line: line["line"] == "refusal")
    assert "is over" in refusal["problems"][0]
    assert flow.process.wait(ENDS_S) == 3
