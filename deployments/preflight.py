"""`preflight`: half an hour before each window, so that a person can act on what fails."""

from collections.abc import Sequence
from datetime import timedelta

from prefect.deployments.runner import RunnerDeployment

from deployments.hours import at_each, before_window
from deployments.make import made
from flows.preflight import preflight
from pxcore.config.settings import Settings

_LEAD = timedelta(minutes=30)


def deployment(each: Sequence[Settings]) -> RunnerDeployment:
    return made(
        preflight,
        "preflight",
        about="Is everything fit to trade? Each check says what to do when it is not.",
        schedules=at_each(before_window(one, _LEAD) for one in each),
    )
