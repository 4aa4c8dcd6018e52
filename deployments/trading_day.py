"""The `trading-day` deployment: every weekday before the open, in Chicago time.

A schedule is a wish; the flow holds the run against the calendar and the window, and a run that
comes late trades what is left of the window or skips. No concurrency limit is set on purpose:
its lease can kill a healthy session (see docs/decisions).
"""

from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.trading_day import trading_day

SCHEDULE = Cron("20 8 * * 1-5", timezone="America/Chicago")


def deployment() -> RunnerDeployment:
    made = trading_day.to_deployment(
        name="market-open",
        schedules=[SCHEDULE],
        tags=["session"],
        description="Start up, trade the window, reconcile and report.",
    )
    assert isinstance(made, RunnerDeployment)  # a coroutine only inside an event loop
    return made
