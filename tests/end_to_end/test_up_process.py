"""One `px up` as it is used every day: what it says, what it runs by itself and by hand."""

import subprocess
import sys
import time
from datetime import datetime

import pytest
from house import House, until
from patience import patience

from pxcore.calendar.holidays import DAYS_OFF
from pxcore.calendar.hours import CHICAGO
from pxcore.cli.orchestrator import RUNNER_LOOKS_EVERY_S, prefect_environ
from pxcore.config.paths import Paths

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up"),
]

SCHEDULED = {
    "preflight",
    "trading-day",
    "end-of-day",
    "safety-flatten",
    "sweep",
    "weekly-report",
    "housekeeping",
}
BY_HAND = {"flatten", "kill-switch"}
EARLY_CLOSES = {day.day for day in DAYS_OFF if day.closes is not None}


# -- what it says, and what it registered -------------------------------------------------------


def test_first_screen_says_mode_account_gateway_next_runs_ui_and_how_to_stop(house):
    said = house.said()
    for word in ("PAPER", "20000001", "127.0.0.1", "Chicago", "px down", house.ui):
        assert word in said
    for name in SCHEDULED:
        assert name in said
    for part in ("paper gateway of 20000001", "runner sessions", "runner safety"):
        assert f"{part} is ready" in said


def test_deployments_are_registered_with_their_schedules_in_chicago_time(house):
    there = {d["name"]: d for d in house.post("deployments/filter", {})}
    assert set(there) == SCHEDULED | BY_HAND
    for name in SCHEDULED:
        zones = {one["schedule"]["timezone"] for one in there[name]["schedules"]}
        assert zones == {CHICAGO.key}, name
    assert all(not there[name]["schedules"] for name in BY_HAND)
    assert all(d["concurrency_limit"] is None for d in there.values())


def test_schedules_of_a_running_px_up_follow_the_settings_file(house):
    """And none of the old hours' runs is left to start."""

    def crons() -> set[str]:
        there = {d["name"]: d for d in house.post("deployments/filter", {})}
        return {one["schedule"]["cron"] for one in there["safety-flatten"]["schedules"]}

    def hours_of_runs() -> set[tuple[int, int]]:
        there = {d["name"]: d["id"] for d in house.post("deployments/filter", {})}
        wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200}
        local = [
            datetime.fromisoformat(run["expected_start_time"]).astimezone(CHICAGO)
            for run in house.post("flow_runs/filter", wanted)
            if run["deployment_id"] == there["safety-flatten"]
        ]
        return {(at.hour, at.minute) for at in local if at.date() not in EARLY_CLOSES}

    assert "9 15 * * 1-5" in crons()
    env = house.folder / ".env"
    env.write_text("PX_WINDOW_END=14:00\nPX_FLAT_BY=14:10\n")
    try:
        until(lambda: "14 14 * * 1-5" in crons(), what="the schedule has moved")
        until(lambda: hours_of_runs() == {(14, 14)}, what="runs at the new hour alone")
    finally:
        env.unlink()
    until(lambda: "9 15 * * 1-5" in crons(), what="the schedule is as it was")


def test_second_px_up_refuses_and_names_the_first(house):
    second = house.px("up", "--port", "0")
    assert second.returncode == 2
    assert f"process {house.process.pid}" in second.stderr and house.ui in second.stderr


def test_registering_again_makes_no_second_automation_and_removes_a_stale_deployment(house):
    before = house.post("automations/filter", {})
    port = int(house.ui.rpartition(":")[2])
    environ = prefect_environ(Paths(house.home), port, house.environ)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "deployments.register"],
            env=environ,
            cwd=house.folder,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert {f"registered {name}" for name in SCHEDULED} <= set(done.stdout.splitlines())
    after = house.post("automations/filter", {})
    assert sorted(a["name"] for a in after) == sorted(a["name"] for a in before)
    assert len(after) == 3


# -- a day, and by hand -------------------------------------------------------------------------


def test_manual_day_ends_completed_with_its_result_in_the_name_and_the_story_on_its_page(
    house, finished_day
):
    state = house.state(finished_day)
    assert state["type"] == "COMPLETED" and state["name"].startswith("Completed (flat, ")
    made = {a["key"]: a for a in house.post("artifacts/filter", {})}
    account = house.facts["account_id"]
    assert r"day P\&L" in made[f"live-{account}"]["description"]  # Prefect shows it as Markdown
    assert "data:image/svg+xml" in made[f"daily-report-{account}"]["data"]
    assert "report.html" in made[f"report-page-{account}"]["data"]
    told = until(
        lambda: _events_of(house, {"px.session.started", "px.order.filled", "px.session.ended"}),
        what="the session's events",
    )
    assert told
    lines = house.post("logs/filter", {"logs": {}, "limit": 200})
    assert any("phase.protected" in line["message"] for line in lines)


def test_days_end_the_weeks_report_and_the_upkeep_run_to_their_ends(house):
    closed = house.ended(house.start("end-of-day"))
    assert closed["name"].startswith("Completed (reconciled"), closed
    week = house.ended(house.start("weekly-report"))
    assert week["type"] == "COMPLETED" and "20000001" in week["name"], week
    kept = house.ended(house.start("housekeeping"))
    assert kept["type"] == "COMPLETED" and "backups made" in kept["message"], kept
    assert list((house.home / "backups").glob("px-*.sqlite"))
    assert house.ended(house.start("sweep"))["name"] == "Completed (nothing to do)"


def _seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def _events_of(house, names) -> bool:
    found = house.post("events/filter", {"filter": {"event": {"name": sorted(names)}}})
    return {e["event"] for e in found["events"]} >= names


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"size": 0}, id="size"),
        pytest.param({"trades": {"strategy": "timed-entry", "every_s": -5}}, id="of its strategy"),
    ],
)
def test_run_with_a_parameter_out_of_range_is_refused_by_the_form(house, wish):
    answer = house.prefect.ask(
        "POST",
        f"/api/deployments/{house.deployment('trading-day')['id']}/create_flow_run",
        {"parameters": {"run": wish}, "state": {"type": "SCHEDULED"}},
        timeout_s=patience(5),
    )
    assert answer.status_code in (409, 422)


def test_run_that_would_loosen_something_fails_at_its_start(house):
    """What else is a loosening is in the quick tests of a run's parameters."""
    state = house.ended(house.start("trading-day", {"run": {"limits": {"loss_usd_max": 60000}}}))
    assert state["type"] == "FAILED" and "loosen" in state["message"]


def test_flatten_by_hand_starts_at_the_runners_next_look_and_ends_a_live_session_flat(house, held):
    run_id = house.start("flatten")
    run = until(
        lambda: (r := house.get(f"flow_runs/{run_id}"))["start_time"] and r,
        what="the flatten's code runs",
    )
    waited = _seconds(run["created"], run["start_time"])
    state = house.ended(run_id)
    assert state["name"] == "Completed (flat)", state
    assert house.is_flat()
    assert waited < RUNNER_LOOKS_EVERY_S + 4 * import_s(house), (
        "the runner's look, the flow's process"
    )
    assert house.ended(held)["name"].startswith("Completed (flat")


def import_s(house: House) -> float:
    """What a process of Prefect's with this flow takes to begin, on this machine at this moment."""
    began = time.monotonic()
    command = [sys.executable, "-c", "import prefect.engine, flows.flatten"]
    subprocess.run(command, env=house.environ, check=True, timeout=patience(30))
    return time.monotonic() - began


def test_kill_switch_from_the_form_flattens_and_keeps_the_next_session_out(house, held):
    engaged = house.ended(
        house.start("kill-switch", {"order": {"action": "engage", "reason": "news"}})
    )
    assert engaged["name"] == "Completed (engaged)"
    house.released()
    house.ended(held)
    state = house.ended(house.start("trading-day"))
    assert state["name"] == "Skipped (kill switch)", state
    released = house.ended(
        house.start("kill-switch", {"order": {"action": "release", "reason": "over"}})
    )
    assert released["name"] == "Completed (released)"
    assert "news" in house.px("kill", "status").stdout
