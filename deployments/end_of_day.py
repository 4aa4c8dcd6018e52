"""`end-of-day`: ten minutes after the program's flat time, for every account, session or none."""

from datetime import timedelta

from prefect.deployments.runner import RunnerDeployment

from deployments.hours import after_flat_time
from deployments.make import made
from flows.end_of_day import end_of_day

_LEAD = timedelta(minutes=10)


def deployment() -> RunnerDeployment:
    return made(
        end_of_day,
        "end-of-day",
        about="Every account's whole day, our journals against the venue.",
        schedules=[after_flat_time(_LEAD)],
    )
