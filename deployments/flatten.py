"""`flatten`: no schedule. By hand for any account, and what the automations start."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import made
from flows.flatten import flatten


def deployment() -> RunnerDeployment:
    return made(
        flatten,
        "flatten",
        about="Cancel every order and close every position of an account, with proof. "
        "`px flatten` does the same without Prefect.",
    )
