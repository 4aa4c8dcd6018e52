"""`sweep`: every five minutes while sessions may run."""

from collections.abc import Sequence

from prefect.deployments.runner import RunnerDeployment

from deployments.hours import while_sessions_may_run
from deployments.make import made
from flows.safety import sweep
from pxcore.config.settings import Settings


def deployment(each: Sequence[Settings]) -> RunnerDeployment:
    return made(
        sweep,
        "sweep",
        about="Runs that say Running and have no process become Crashed; what a session among "
        "them left is flattened.",
        schedules=[while_sessions_may_run(each)],
    )
