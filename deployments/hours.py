"""When each deployment runs: worked out from the settings of the accounts, nothing written down.

All are Chicago wall times. A schedule only starts the run; calendar and window decide whether it
trades.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from prefect.schedules import Schedule

from deployments.make import chicago
from pxcore.calendar.program_hours import FLAT_TIME
from pxcore.config.settings import Settings

START_UP = timedelta(minutes=10)  # to log in and be flat before the first entry
_SOME_DAY = date(2026, 1, 5)  # to reckon with wall times
_SWEEP_EVERY_MIN = 5


def before_window(settings: Settings, lead: timedelta) -> Schedule:
    """So long before the first entry, on the days that trade: from Sunday evening on for a window
    that begins at midnight.
    """
    start = datetime.combine(_SOME_DAY, settings.window_start)
    at = start - lead
    return _weekly(at.time(), is_day_before=at.date() < _SOME_DAY)


def after_flat_time(lead: timedelta) -> Schedule:
    """So long after the program has closed what was still open, on weekdays."""
    return _weekly((datetime.combine(_SOME_DAY, FLAT_TIME) + lead).time())


def at_each(schedules: Iterable[Schedule]) -> list[Schedule]:
    """Of several accounts, those at the same time once."""
    return list({str(one.slug): one for one in schedules}.values())


def weekday_at(at: time) -> Schedule:
    return _weekly(at)


def while_sessions_may_run(each: Iterable[Settings]) -> Schedule:
    """Every five minutes from the hour of the earliest start-up to that of the flat time."""
    starts = [datetime.combine(_SOME_DAY, one.window_start) - START_UP for one in each]
    first = min((at.hour if at.date() == _SOME_DAY else 0 for at in starts), default=0)
    hours = f"{first}-{FLAT_TIME.hour}"
    return chicago(f"*/{_SWEEP_EVERY_MIN} {hours} * * 1-5", f"every-5-minutes-{hours}-chicago")


def _weekly(at: time, *, is_day_before: bool = False) -> Schedule:
    days, name = ("0-4", "evenings") if is_day_before else ("1-5", "weekdays")
    return chicago(f"{at.minute} {at.hour} * * {days}", f"{name}-{at:%H%M}-chicago")
