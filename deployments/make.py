"""What every deployment here has in common."""

from collections.abc import Sequence
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

ZONE = "America/Chicago"
TAG = "px"  # of all of ours: those that are not registered any more are found by it


def chicago(cron: str, slug: str) -> Schedule:
    """Chicago wall time, over daylight saving too. Never an interval: it would drift."""
    return Cron(cron, timezone=ZONE, slug=slug)


def made(
    flow: Flow[..., Any],
    name: str,
    *,
    about: str,
    schedules: Sequence[Schedule] = (),
    parameters: dict[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> RunnerDeployment:
    """Found by its module, so that it runs from whatever folder. No concurrency limit: its lease
    would kill a healthy session after a restart of the server (docs/decisions).
    """
    deployment = flow.to_deployment(
        name=name,
        schedules=list(schedules),
        parameters=parameters or {},
        tags=[TAG, *tags],
        description=about,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # a coroutine only inside an event loop
    return deployment
