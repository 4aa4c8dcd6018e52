"""When everything runs: in Chicago time, over daylight saving, and before every early close."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from uuid import uuid4

import pytest
from prefect.server.schemas.schedules import CronSchedule

from deployments import deploy
from deployments.automations import automations
from deployments.registry import Runner, deployments_of, every_deployment
from deployments.safety_flatten import deployment, early_closes
from pxcore.calendar.hours import CHICAGO, DayKind, trading_day
from pxcore.config.accounts import NamedAccount
from pxcore.config.settings import Settings, load_settings
from pxcore.day.window import window_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PX_HOME", str(tmp_path / "home"))


TIMES = {
    "preflight": {(8, 0)},
    "trading-day": {(8, 20)},
    "end-of-day": {(15, 20)},
    "weekly-report": {(9, 0)},
    "housekeeping": {(9, 30)},
}


async def runs_of(schedule, start: datetime, count: int) -> list[datetime]:
    """As Prefect's server computes them."""
    server = CronSchedule(cron=schedule.schedule.cron, timezone=schedule.schedule.timezone)
    return [at.astimezone(CHICAGO) for at in await server.get_dates(n=count, start=start)]


@pytest.mark.parametrize(
    "start", [datetime(2026, 10, 28, tzinfo=UTC), datetime(2027, 3, 10, tzinfo=UTC)]
)
@pytest.mark.parametrize("name", sorted(TIMES))
def test_schedule_keeps_its_chicago_time_over_daylight_saving(name, start):
    (found_one,) = [d for d in every_deployment() if d.name == name]
    (schedule,) = found_one.schedules
    found = asyncio.run(runs_of(schedule, start, 8))
    assert {(at.hour, at.minute) for at in found} == TIMES[name]
    is_weekend = {at.weekday() >= 5 for at in found}
    assert is_weekend == ({True} if name in ("weekly-report", "housekeeping") else {False})


def test_every_early_close_to_come_has_a_flatten_before_it():
    settings = load_settings()
    today = date(2026, 11, 24)
    found = {s.slug: s.cron for s in early_closes(settings, today)}
    wanted = [
        day
        for n in range(400)
        if (day := trading_day(date.fromordinal(today.toordinal() + n))).kind is DayKind.EARLY_CLOSE
    ]
    assert {slug[:22] for slug in found} == {f"early-close-{day.day}" for day in wanted}
    assert found["early-close-2026-11-26-1149"] == "49 11 26 11 *"
    assert found["early-close-2026-11-27-1204"] == "4 12 27 11 *"


def test_flatten_by_the_time_to_be_flat_follows_the_setting(monkeypatch):
    settings = Settings(_env_file=None, flat_by="14:30", window_end="14:00")
    other = Settings(_env_file=None)
    made = deployment([settings, other], date(2026, 11, 24)).schedules
    assert {s.schedule.cron for s in made} >= {"34 14 * * 1-5", "9 15 * * 1-5"}


STARTS = [
    pytest.param("08:30", "20 8 * * 1-5", "0 8 * * 1-5", "*/5 8-15 * * 1-5", id="the open"),
    pytest.param("02:00", "50 1 * * 1-5", "30 1 * * 1-5", "*/5 1-15 * * 1-5", id="at night"),
    pytest.param("00:05", "55 23 * * 0-4", "35 23 * * 0-4", "*/5 0-15 * * 1-5", id="midnight"),
    pytest.param("00:20", "10 0 * * 1-5", "50 23 * * 0-4", "*/5 0-15 * * 1-5", id="between"),
]


@pytest.mark.parametrize(("start", "day", "list_at", "sweeps"), STARTS)
def test_schedules_follow_the_window(start, day, list_at, sweeps, monkeypatch):
    monkeypatch.setenv("PX_WINDOW_START", start)
    made = {d.name: [s.schedule.cron for s in d.schedules] for d in every_deployment()}
    assert (made["trading-day"], made["preflight"]) == ([day], [list_at])
    assert made["sweep"] == [sweeps]


def test_run_before_midnight_starts_in_the_trading_day_that_it_trades():
    settings = Settings(_env_file=None, window_start="00:05")
    for day in (19, 22):  # Thursday, Sunday
        local = datetime(2026, 11, day, 23, 55, tzinfo=CHICAGO)
        window = window_of(settings, local)
        assert window.start - local == timedelta(minutes=10)


def test_each_account_s_run_follows_its_own_window(tmp_path):
    (tmp_path / "accounts.toml").write_text(
        '[[account]]\nid = 11\nlabel = "main"\nsettings = { PX_WINDOW_START = "02:00" }\n'
        '[[account]]\nid = 12\nlabel = "second"\n'
    )
    made = {d.name: [s.schedule.cron for s in d.schedules] for d in every_deployment()}
    assert made["trading-day-main"] == ["50 1 * * 1-5"]
    assert made["trading-day-second"] == ["20 8 * * 1-5"]
    assert made["preflight"] == ["30 1 * * 1-5", "0 8 * * 1-5"]
    assert made["sweep"] == ["*/5 1-15 * * 1-5"]


def test_each_account_has_a_trading_day_of_its_own(tmp_path):
    (tmp_path / "accounts.toml").write_text(
        '[[account]]\nid = 11\nlabel = "main"\n[[account]]\nid = 12\nlabel = "second"\n'
    )
    made = deployments_of(Runner.SESSIONS)
    assert {d.name: d.parameters for d in made} == {
        "trading-day-main": {"run": {"account": 11}},
        "trading-day-second": {"run": {"account": 12}},
    }
    assert all("session" in d.tags for d in made)


def test_no_deployment_has_a_concurrency_limit_and_sessions_share_no_runner_with_safety():
    assert all(d.concurrency_limit is None for d in every_deployment())
    assert {d.name for d in deployments_of(Runner.SESSIONS)} == {"trading-day"}
    assert "flatten" in {d.name for d in deployments_of(Runner.SAFETY)}


@pytest.fixture
def nets():
    """The automations of one account: of runs without heartbeats, after a bad end, of late runs."""
    ids = {name: uuid4() for name in ("trading-day", "flatten", "preflight")}
    return automations((NamedAccount(id=None, label=""),), ids)


@pytest.mark.parametrize("runner", [Runner.SESSIONS, Runner.SAFETY])
def test_run_of_a_work_pool_beats_three_times_before_it_counts_as_dead(runner, nets):
    for one in deployments_of(runner):
        deploy._put(one, "trading", "queue")
        beat_s = int(one.job_variables["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
        assert nets[0].trigger.within.total_seconds() == 3 * beat_s


@pytest.mark.parametrize(
    ("name", "is_flattened_after"),
    [
        ("Failed (not flat!)", True),
        ("Crashed", True),
        ("Left (to its bracket)", False),
        ("Completed (flat, 1 trade, +$1.00)", False),
    ],
)
def test_position_that_was_left_on_purpose_is_not_flattened_by_prefect(
    nets, name, is_flattened_after
):
    def is_expected(net) -> bool:
        return any(fnmatch(f"prefect.flow-run.{name}", one) for one in net.trigger.expect)

    dead, bad_end, _ = nets
    assert is_expected(bad_end) == is_flattened_after
    assert is_expected(dead), "a run that has ended is not called Crashed later"
