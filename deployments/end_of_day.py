"""`end-of-day`: after the close of every weekday, for every account, session or none."""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.end_of_day import end_of_day

SCHEDULE = chicago("20 15 * * 1-5", "weekdays-1520-chicago")


def deployment() -> RunnerDeployment:
    return made(
        end_of_day,
        "end-of-day",
        about="Every account's whole day, our journals against the venue.",
        schedules=[SCHEDULE],
    )
