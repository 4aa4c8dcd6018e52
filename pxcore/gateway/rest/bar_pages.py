"""Bars of any stretch of time, page by page, until what was asked for is covered.

How many bars a page gives is not known (20,000 by one source, 1,000 by another, cut without a word
either way), nor which end of the stretch a cut page keeps. So no count is trusted: what lies
beside a page is asked for until it comes empty, and then three looks more show whether that was a
closed exchange, or an answer gone wrong. Source: gateway reference, 2.6 and Q9.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pxcore.model import Bar, BarUnit

BARS_MAX: Final = 100_000
"""Bars of one download: the venue's 63 days of minutes fit."""

REQUESTS_MAX: Final = 200
"""Requests of one download: as many pages of 1,000 bars, and as many looks beside them."""

SPANS: Final = {
    BarUnit.SECOND: timedelta(seconds=1),
    BarUnit.MINUTE: timedelta(minutes=1),
    BarUnit.HOUR: timedelta(hours=1),
    BarUnit.DAY: timedelta(days=1),
    BarUnit.WEEK: timedelta(weeks=1),
    BarUnit.MONTH: timedelta(days=31),
}
CLOSED_MAX: Final = timedelta(days=5)
"""The longest stretch without a print that is to be expected."""

_SHORTEST = 0.9  # of its span: a month of 28 days, the day on which clocks go forward

Page = Callable[[datetime, datetime, int], Iterable[Bar]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarHistory:
    """Bars oldest first, without a hole that the venue has bars for. Nothing is known of what
    opened before `complete_from`, which is the start that was asked for when all of it was looked
    at.
    """

    bars: tuple[Bar, ...]
    complete_from: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """From when to when bars may have opened that were not seen."""

    start: datetime
    end: datetime


def shortest(unit: BarUnit, number: int) -> timedelta:
    """No bar of so many units is shorter."""
    return SPANS[unit] * min(number, 1_000_000) * _SHORTEST


def collect(
    page: Page,
    *,
    start: datetime,
    end: datetime,
    shortest: timedelta,
    most: int,
    page_bars: int,
) -> BarHistory:
    """The newest `most` bars that opened from `start` to `end`. A page is asked for from, to and
    with a limit, and may answer with anything of that stretch, in any order.

    The newest gap is looked at first, so that all that is newer than it is complete at any time.
    """
    found: dict[datetime, Bar] = {}
    gaps = [_Gap(start, end)]
    requests = 0
    while gaps:
        gap = gaps[-1]
        is_enough = sum(at >= gap.end for at in found) >= most
        if is_enough or requests >= REQUESTS_MAX:
            break
        gaps.pop()
        limit = page_bars if found else min(most, page_bars)
        fresh: list[datetime] = []
        for part in _looks(gap, shortest):
            came = {
                bar.opened_at: bar
                for bar in page(part.start, part.end, limit)
                if part.start <= bar.opened_at <= part.end
            }
            requests += 1
            fresh = sorted(came.keys() - found.keys())
            found |= came
            if fresh:
                break
        if fresh:
            older = _Gap(gap.start, fresh[0] - shortest)
            newer = _Gap(fresh[-1] + shortest, gap.end)
            gaps += [one for one in (older, newer) if one.start <= one.end]
    times = sorted(at for at in found if not gaps or at >= gaps[-1].end)
    is_whole = not gaps and len(times) <= most
    times = times[-most:]
    return BarHistory(
        bars=tuple(found[at] for at in times),
        complete_from=start if is_whole else times[0] if times else end,
        requests=requests,
    )


def _looks(gap: _Gap, shortest: timedelta) -> Iterable[_Gap]:
    """The gap; if it comes empty, older parts of it, which may lie beyond a closed exchange; and
    then the gap once more.
    """
    yield gap
    length = gap.end - gap.start
    for older in (gap.start + max(length / 2, length - CLOSED_MAX), gap.start + length / 4):
        if older - gap.start >= shortest:
            yield _Gap(gap.start, older)
    yield gap
