"""What a person is told when bars do not reach back to the start that was asked for."""

from datetime import datetime, timedelta
from typing import Protocol

from pxcore.calendar.hours import CHICAGO, DayKind, trading_day
from pxcore.cli.trade.values import chicago_text
from pxcore.gateway.rest.bar_pages import BARS_MAX, REQUESTS_MAX, BarHistory, shortest
from pxcore.model import BarUnit

_SILENT_MAX = timedelta(hours=1)  # of an open exchange without a print, in thin hours
_KEPT = "the venue keeps minutes for about 63 days, hours for about a year"


class WantedBars(Protocol):
    @property
    def unit(self) -> BarUnit: ...
    @property
    def every(self) -> int: ...
    @property
    def limit(self) -> int | None: ...


def missing_before(
    history: BarHistory, asked: WantedBars, *, start: datetime, end: datetime
) -> str | None:
    """None when they reach back to the start: it was covered, and what lies between it and the
    first bar is a closed exchange, or a little silence of an open one.
    """
    bars = history.bars
    wanted = f"bars were asked for from {chicago_text(start)} Chicago on"
    came = (
        f"{len(bars):,} came, the first of {chicago_text(bars[0].opened_at)} Chicago"
        if bars
        else f"none came up to {chicago_text(end)} Chicago"
    )
    if history.complete_from > start:
        if asked.limit is not None and len(bars) >= asked.limit:
            return (
                f"--limit {asked.limit} is reached: bars older than these may have been cut off; "
                f"{wanted}, {came}"
            )
        bound = f"{BARS_MAX:,} bars" if len(bars) >= BARS_MAX else f"{REQUESTS_MAX} requests"
        goes_on = f"; go on with --end {history.complete_from.isoformat()}"
        return f"{wanted}, {came}: {bound} are the most of one download{goes_on}"
    first = bars[0].opened_at if bars else end
    if not _was_open(start, first, longer_than=max(_SILENT_MAX, shortest(asked.unit, asked.every))):
        return None
    return f"{wanted}, {came}: the venue gives none of before ({_KEPT})"


def _was_open(start: datetime, end: datetime, *, longer_than: timedelta) -> bool:
    """Was the exchange open so long in all? What the calendar does not know counts as its weekdays.

    A bar of days is longer than a day of trading: for it, the time itself counts.
    """
    if longer_than > timedelta(hours=12):
        return end - start > 2 * longer_than
    total = timedelta(0)
    day = start.astimezone(CHICAGO).date()
    while total <= longer_than and (one := trading_day(day)).opens_at < end:
        if one.is_tradable or (one.kind is DayKind.UNKNOWN and day.weekday() < 5):
            total += max(min(one.closes_at, end) - max(one.opens_at, start), timedelta(0))
        day += timedelta(days=1)
    return total > longer_than
