"""What the calendar and the program leave of the settings' window, on which day.

Every time here keeps its distance from the program's own flat time: the venue closes by itself
then, and a session that is still running would only be in its way.
"""

from datetime import date, datetime, time, timedelta

import msgspec

from pxcore.calendar.hours import CHICAGO, DayKind, TradingDay, chicago, trading_day_at
from pxcore.calendar.program_hours import LEAST_LEFT, flat_at, flat_time
from pxcore.config.settings import Settings
from pxcore.model import PxError

_KEPT_MOST = timedelta(hours=1)
_AFTER_FLAT_BY = timedelta(minutes=4)
_SOME_DAY = date(2026, 1, 5)  # to reckon with wall times


class NotNow(PxError):
    """The calendar or the clock allows no session now. Not an error: a day without trading.

    `kind` is why in a word or two, as a list of runs shows it.
    """

    def __init__(self, text: str, *, kind: str) -> None:
        self.kind = kind
        super().__init__(text)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Of one trading day, UTC. Entries from `start` until before `end`, then the session flattens;
    flat must be proven by `flat_by`; from `safety_at` on whatever is held is flattened, whoever's;
    at `program_at` the venue closes by itself.
    """

    day: date
    start: datetime
    end: datetime
    flat_by: datetime
    safety_at: datetime
    program_at: datetime


def window_on(settings: Settings, day: TradingDay, *, contract: str = "") -> Window:
    """The times of a tradable day; `contract` is what was resolved, by default what is set.

    What fits before the program's flat time of the day stays as it is set. What does not moves with
    that time: it keeps the distance that it has on a regular day, where that is an hour at most,
    and is otherwise as late as it may be.
    """
    traded = contract or settings.contract
    program_at, regular = flat_at(day, traded), flat_time(traded)
    flat_by = chicago(day.day, settings.flat_by)
    if flat_by > program_at - LEAST_LEFT:
        flat_by = program_at - _kept(settings.flat_by, regular)
    end = chicago(day.day, settings.window_end)
    if end > flat_by:
        end = flat_by - _kept(settings.window_end, settings.flat_by)
    return Window(
        day=day.day,
        start=chicago(day.day, settings.window_start),
        end=end,
        flat_by=flat_by,
        safety_at=flat_by + _AFTER_FLAT_BY,
        program_at=program_at,
    )


def _kept(earlier: time, later: time) -> timedelta:
    """How far apart two wall times stay when they are moved."""
    apart = datetime.combine(_SOME_DAY, later) - datetime.combine(_SOME_DAY, earlier)
    return apart if LEAST_LEFT <= apart <= _KEPT_MOST else LEAST_LEFT


def window_of(settings: Settings, now: datetime, *, contract: str = "") -> Window:
    """Of the trading day that holds `now`, and not over yet.

    Raises NotNow on a day that is closed or unknown to the calendar, and when the window is over.
    """
    day = trading_day_at(now)
    if not day.is_tradable:
        name = f", {day.name}" if day.name else ""
        raise NotNow(f"{day.day} is {day.kind} in the calendar{name}", kind=_closed_because(day))
    window = window_on(settings, day, contract=contract)
    end, kind = f"{window.end.astimezone(CHICAGO):%H:%M}", day.name or f"{day.kind} day"
    early = "window over" if day.kind is DayKind.REGULAR else "early close"
    if window.start >= window.end:
        raise NotNow(
            f"nothing is left of the window on {day.day} ({kind}): it would end at {end} Chicago, "
            f"and starts at {settings.window_start:%H:%M}",
            kind=early,
        )
    if now >= window.end:
        left = f"{settings.window_start:%H:%M} to {end}"
        raise NotNow(f"the window {left} Chicago of {day.day} is over ({kind})", kind=early)
    return window


def _closed_because(day: TradingDay) -> str:
    if day.kind is DayKind.UNKNOWN:
        return "unknown day"
    return "holiday" if day.name else "weekend"


def safety_time(settings: Settings, now: datetime) -> datetime:
    """From when on, UTC, whatever is held on the trading day of `now` is flattened, whoever's.

    Four minutes after the time to be flat, which is a minute before the program closes by itself,
    or earlier. A closed day has none: its end.
    """
    day = trading_day_at(now)
    return window_on(settings, day).safety_at if day.is_tradable else day.closes_at
