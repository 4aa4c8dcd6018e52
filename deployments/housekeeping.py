"""`housekeeping`: Saturday morning, after the week's report."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.upkeep import housekeeping

SCHEDULE = chicago("30 9 * * 6", "saturdays-0930-chicago")


def deployment() -> RunnerDeployment:
    return made(
        housekeeping,
        "housekeeping",
        about="Old journals, reports, logs and runs go; the databases are backed up.",
        schedules=[SCHEDULE],
    )
