"""`sweep`: every five minutes while sessions may run."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.safety import sweep

SCHEDULE = chicago("*/5 8-15 * * 1-5", "every-5-minutes-in-session")


def deployment() -> RunnerDeployment:
    return made(
        sweep,
        "sweep",
        about="Runs that say Running and have no process become Crashed; what a session among "
        "them left is flattened.",
        schedules=[SCHEDULE],
    )
