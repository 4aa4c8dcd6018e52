"""The week's report, and what keeps the house small: old journals, logs, runs, and the backup."""

from typing import Any

from prefect import State, flow

from flows.each_account import of_each
from flows.states import done, failed
from pxcore.config.settings import load_settings
from tasks.marks import marked
from tasks.run_log import logged_run
from tasks.upkeep import keep_house, remove_old_runs, report_week


@flow(name="weekly-report", retries=0, persist_result=False)
def weekly_report() -> State[Any]:
    """Each account's week: days, hours, strategies, on the run's page."""
    base = load_settings()
    with logged_run(base), marked("weekly-report", base):
        told, problems = of_each(report_week)
    if problems:
        return failed("Failed", "; ".join(problems + told))
    return done("; ".join(told))


@flow(name="housekeeping", retries=0, persist_result=False)
def housekeeping() -> State[Any]:
    """Retention of journals, reports, logs and Prefect's runs; the backup of the databases."""
    base = load_settings()
    with logged_run(base), marked("housekeeping", base):
        told = keep_house(base)
        removed = remove_old_runs(base)
    return done(f"{removed} runs removed", told)
