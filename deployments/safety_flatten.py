"""`safety-flatten`: after the time to be flat, and before each early close.

The flow itself looks whether it is due: a schedule that fires on another day changes nothing.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Schedule

from deployments.hours import at_each, weekday_at
from deployments.make import chicago, made
from flows.safety import safety_flatten
from pxcore.calendar.hours import CHICAGO, DayKind, latest_regular_day, trading_day
from pxcore.config.settings import Settings
from pxcore.day.window import safety_time

_AHEAD_DAYS = 400  # early closes that are registered; each registration looks ahead again


def deployment(each: Sequence[Settings], today: date) -> RunnerDeployment:
    """At every time that one of these accounts' settings says."""
    return made(
        safety_flatten,
        "safety-flatten",
        about="Whatever is still held or alive after the time to be flat is closed, whether or "
        "not any session is well.",
        schedules=at_each(
            one
            for settings in each
            for one in (_regular(settings, today), *early_closes(settings, today))
        ),
    )


def _regular(settings: Settings, today: date) -> Schedule:
    day = trading_day(latest_regular_day(today))
    return weekday_at(safety_time(settings, day.closes_at).astimezone(CHICAGO).time())


def early_closes(settings: Settings, today: date) -> list[Schedule]:
    """A schedule for each early close to come."""
    days = (trading_day(today + timedelta(days=n)) for n in range(_AHEAD_DAYS))
    found = []
    for day in days:
        if day.kind is DayKind.EARLY_CLOSE:
            at = safety_time(settings, day.closes_at).astimezone(CHICAGO)
            cron = f"{at.minute} {at.hour} {day.day.day} {day.day.month} *"
            found.append(chicago(cron, f"early-close-{day.day}-{at:%H%M}"))
    return found
