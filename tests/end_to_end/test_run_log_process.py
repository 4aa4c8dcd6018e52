"""What a session says is in the Prefect run's log: from any thread, cut, masked, and no brake."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from alert_receiver import receiving
from patience import patience

from pxcore.cli.orchestrator import (
    free_port,
    prefect_environ,
    px_environ,
    start_server,
    wait_for_server,
)
from pxcore.cli.prefect_session import PrefectSession
from pxcore.config.paths import Paths
from pxcore.host.spawn import end

pytestmark = pytest.mark.process

AT_ONCE = (0.0, patience(5), patience(5))  # to be asked, told, killed
CASE = Path(__file__).with_name("run_log_case.py")
KEY = 's3cr\'et-"key"/1'


def start(mode: str, home: Path, server: tuple[Paths, int], **settings: str) -> Any:
    environ = px_environ(
        {**os.environ, **prefect_environ(*server), "PYTHONPATH": str(CASE.parents[2])},
        {"PX_HOME": str(home), "PX_API_KEY": KEY, **settings},
    )
    home.mkdir(exist_ok=True)
    with (home / "stderr").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, str(CASE), mode],
            env=environ,
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


def run_of(mode: str, home: Path, server: tuple[Paths, int], **settings: str) -> str:
    """Id of the flow run, once its process is over."""
    output, _ = start(mode, home, server, **settings).communicate(timeout=patience(30))
    found: str = json.loads(output.splitlines()[0])["flow_run_id"]
    return found


def run_log(server: tuple[Paths, int], flow_run_id: str) -> list[dict[str, Any]]:
    paths, port = server
    session = PrefectSession(f"http://127.0.0.1:{port}", paths)
    found: list[dict[str, Any]] = []
    while True:
        wanted = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}
        page = wanted | {"limit": 200, "offset": len(found)}
        answer = session.ask("POST", "/api/logs/filter", page, timeout_s=patience(5))
        answer.raise_for_status()
        found += answer.json()
        if len(answer.json()) < 200:
            session.close()
            return found


def test_burst_is_cut_and_says_how_much_and_every_alarm_comes(prefect_server, tmp_path):
    run = run_of("burst", tmp_path / "home", prefect_server)
    lines = [line for line in run_log(prefect_server, run) if "case " in line["message"]]
    kinds = Counter((line["message"].split()[1], line["level"]) for line in lines)
    assert kinds[("alarm", 40)] == 50
    infos = kinds[("info", 20)]
    assert 20 <= infos < 20 * patience(1.25)  # twenty a second, and it takes far less than five
    said = [
        line["message"] for line in run_log(prefect_server, run) if "left out" in line["message"]
    ]
    assert sum(int(text.split()[0]) for text in said) == 300 - infos
    assert all(line["task_run_id"] for line in lines)


def test_secret_is_in_no_log_of_a_run_that_fails_with_it(prefect_server, tmp_path):
    home = tmp_path / "home"
    run = run_of("secret", home, prefect_server, PX_LOG_FORMAT="json")
    told = "\n".join(line["message"] for line in run_log(prefect_server, run))
    assert "loguru has" in told and "logging has" in told
    assert "RuntimeError: failed with ***" in told and "ValueError: cause with ***" in told
    written = (home / "logs" / "trading-day.log").read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    assert any("ValueError: cause with ***" in (line["exception"] or "") for line in lines)
    for text in (told, written, (home / "stderr").read_text()):
        assert "s3cr" not in text


def test_session_is_not_held_up_when_prefects_server_goes_away(tmp_path):
    server = Paths(tmp_path / "prefect"), free_port()
    paths, port = server
    serving = start_server(paths, port)
    try:
        wait_for_server(serving, port, paths.logs / "prefect-server.log")
        case = start("outage", tmp_path / "home", server)
        try:
            assert "flow_run_id" in case.stdout.readline()
            assert json.loads(case.stdout.readline()) == {"ready": True}
            end(serving, patience=AT_ONCE)
            case.stdin.write("go\n")
            case.stdin.flush()
            took = json.loads(case.stdout.readline())
            assert case.wait(patience(30)) == 0
        finally:
            case.kill()
            case.wait(patience(5))
            case.stdin.close()
            case.stdout.close()
    finally:
        end(serving, patience=AT_ONCE)
    assert took["line_s_max"] < patience(0.1)
    assert took["leave_s"] < patience(1)


@pytest.mark.damages_journal
def test_broken_day_is_alerted_by_its_flow_and_what_the_session_said_is_in_its_log(
    start_paper, start_flow, prefect_server
):
    _, settings = start_paper(window_s=600.0)
    with receiving() as receiver:
        more = {"PX_LOG_FORMAT": "json", "PX_ALERT_URLS": receiver.url, "PX_API_KEY": KEY}
        flow = start_flow(settings | more)
        flow.until_code("phase.protected")
        home = Path(settings["PX_HOME"])
        (journal,) = (home / "journal").glob("px-*.jsonl")
        with journal.open("r+b") as file:  # its second row cannot be read any more
            file.seek(len(file.readline()))
            file.write(b"?")
        flow.process.stdin.write("stop\n")
        flow.process.stdin.flush()
        outcome = next(line for line in flow.rest() if line["line"] == "outcome")
        assert flow.process.wait(patience(20)) == 1
        came = receiver.next()
    assert (outcome["flat"], outcome["reconciled"]) == (True, False)
    assert "reconciliation broken" in came["title"] and "journal damaged" in came["message"]
    lines = run_log(prefect_server, outcome["flow_run_id"])
    said = {line["message"].split()[0] for line in lines if line["task_run_id"]}
    assert {"entry.sent", "phase.protected", "flat.proven"} <= said
    assert any("alert reconciliation.broken" in line["message"] for line in lines)
    session = [
        json.loads(line)
        for line in (home / "logs" / f"{outcome['session_id']}.log").read_text().splitlines()
    ]
    assert {line["session"] for line in session} == {outcome["session_id"]}
    for path in (home / "logs").iterdir():
        assert receiver.secret not in path.read_text() and "s3cr" not in path.read_text(), path
