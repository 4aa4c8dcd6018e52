"""`weekly-report`: Saturday morning."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.upkeep import weekly_report

SCHEDULE = chicago("0 9 * * 6", "saturdays-0900-chicago")


def deployment() -> RunnerDeployment:
    return made(
        weekly_report,
        "weekly-report",
        about="Each account's week, by day, hour and strategy.",
        schedules=[SCHEDULE],
    )
