"""`preflight`: half an hour before the open, so that a person can act on what fails."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.preflight import preflight

SCHEDULE = chicago("0 8 * * 1-5", "weekdays-0800-chicago")


def deployment() -> RunnerDeployment:
    return made(
        preflight,
        "preflight",
        about="Is everything fit to trade? Each check says what to do when it is not.",
        schedules=[SCHEDULE],
    )
