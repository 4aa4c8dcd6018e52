"""`kill-switch`: no schedule. Engage it or release it, with a reason."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import made
from flows.kill_switch import kill_switch


def deployment() -> RunnerDeployment:
    return made(
        kill_switch,
        "kill-switch",
        about="Keeps every session from opening anything, within a second. `px kill` does the "
        "same without Prefect.",
    )
