"""Bars of a paper market: built from its prints, and some hours from before its start.

Two resolutions are kept of each contract, seconds and minutes; larger units are made of minutes
when somebody asks. Seconds reach back to the market's start only, as the venue too keeps less of
the finer units. A period without a print has no bar. Source: gateway reference, 2.6.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from pxcore.calendar.hours import CHICAGO, CLOSES, OPENS
from pxcore.model import Bar, BarUnit, Contract, MarketTrade

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_HISTORY_MINUTES = 24 * 60
_MINUTE_VOLUME = 1900.0  # contracts: 20 prints a second of 1.6 each
_QUIET = 0.35  # of the regular hours' movement, in the hours before a market's start
_TICKS_MIN = 10


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A bar as it is kept: `start_s` is when it opens, in seconds since 1970 UTC."""

    start_s: int
    open: int
    high: int
    low: int
    close: int
    volume: int

    @property
    def bar(self) -> Bar:
        return Bar(
            opened_at=datetime.fromtimestamp(self.start_s, UTC),
            open_ticks=self.open,
            high_ticks=self.high,
            low_ticks=self.low,
            close_ticks=self.close,
            volume=self.volume,
        )


class BarStore:
    """Every contract's bars so far. Prints must come in time order."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[_Row]] = {}
        self._minutes: dict[str, list[_Row]] = {}

    def remember(self, contract_id: str, minutes: Iterable[Bar]) -> None:
        """Minute bars from before the market's start, oldest first."""
        self._minutes.setdefault(contract_id, []).extend(_kept(bar) for bar in minutes)

    def see(self, trade: MarketTrade) -> None:
        second = int(trade.at.timestamp())
        bar = _Row(
            start_s=second,
            open=trade.price_ticks,
            high=trade.price_ticks,
            low=trade.price_ticks,
            close=trade.price_ticks,
            volume=trade.size,
        )
        _append(self._seconds.setdefault(trade.contract_id, []), bar, second)
        minute = second - second % _MINUTE_S
        _append(self._minutes.setdefault(trade.contract_id, []), bar, minute)

    def bars(
        self,
        contract_id: str,
        *,
        unit: BarUnit,
        number: int,
        start: datetime,
        end: datetime,
        limit: int | None,
        finished_by: datetime | None,
    ) -> list[Bar]:
        """Newest first, those that open from `start` to `end`; a `limit` keeps the newest.

        A bar that ends after `finished_by` is still forming and left out.
        """
        kept = self._seconds if unit is BarUnit.SECOND else self._minutes
        rows = kept.get(contract_id, [])
        first = bisect_left(rows, start.timestamp(), key=_starts)
        beyond_s = _ends_s(_bucket(math.floor(end.timestamp()), unit, number), unit, number)
        last = bisect_left(rows, beyond_s, key=_starts)
        made: list[Bar] = []
        for row in _grouped(rows[first:last], unit, number):
            if row.start_s < start.timestamp():
                break
            if finished_by is None or _ends_s(row.start_s, unit, number) <= finished_by.timestamp():
                made.append(row.bar)
            if len(made) == limit:
                break
        return made


def made_up_minutes(
    contract: Contract, *, before: datetime, seed: int, last_ticks: int, volatility_ticks: float
) -> list[Bar]:
    """Minute bars of the 24 market hours before a moment, that end at a price; oldest first.

    `volatility_ticks` is that of the market to come, per square-root second.
    """
    rng = random.Random(f"{seed}/{contract.id}/history")  # noqa: S311 - a market, not a secret
    spread = volatility_ticks * math.sqrt(_MINUTE_S) * _QUIET
    made: list[Bar] = []
    close = last_ticks
    for minute in _open_minutes(before):
        opened = max(_TICKS_MIN, close - round(rng.gauss(0.0, spread)))
        above, below = (round(abs(rng.gauss(0.0, spread / 3))) for _ in "hl")
        made.append(
            Bar(
                opened_at=datetime.fromtimestamp(minute, UTC),
                open_ticks=opened,
                high_ticks=max(opened, close) + above,
                low_ticks=max(1, min(opened, close) - below),
                close_ticks=close,
                volume=1 + int(rng.expovariate(1 / (_MINUTE_VOLUME * _QUIET))),
            )
        )
        close = max(_TICKS_MIN, opened + rng.choice((-1, 0, 0, 1)))
    return made[::-1]


def _open_minutes(before: datetime) -> Iterator[int]:
    """Starts of the minutes before a moment in which the exchange is open, newest first.

    Weekday and hour decide; holidays are not looked up, since they may lie outside the calendar.
    """
    minute = before.replace(second=0, microsecond=0)
    for _ in range(_HISTORY_MINUTES):
        minute -= timedelta(minutes=1)
        while not _is_open(minute.astimezone(CHICAGO)):
            minute -= timedelta(minutes=1)
        yield int(minute.timestamp())


def _is_open(local: datetime) -> bool:
    is_evening = local.time() >= OPENS
    trading_weekday = (local.weekday() + is_evening) % 7
    return trading_weekday < 5 and (is_evening or local.time() < CLOSES)


def _kept(bar: Bar) -> _Row:
    return _Row(
        start_s=int(bar.opened_at.timestamp()),
        open=bar.open_ticks,
        high=bar.high_ticks,
        low=bar.low_ticks,
        close=bar.close_ticks,
        volume=bar.volume,
    )


def _append(rows: list[_Row], bar: _Row, start_s: int) -> None:
    """Adds to the last row when it is of the same period; otherwise begins a new one."""
    if rows and rows[-1].start_s == start_s:
        rows[-1] = _joined(rows[-1], bar, start_s)
    else:
        rows.append(bar if bar.start_s == start_s else _joined(bar, None, start_s))


def _joined(earlier: _Row, later: _Row | None, start_s: int) -> _Row:
    later = later or earlier
    return _Row(
        start_s=start_s,
        open=earlier.open,
        high=max(earlier.high, later.high),
        low=min(earlier.low, later.low),
        close=later.close,
        volume=earlier.volume + (0 if later is earlier else later.volume),
    )


def _grouped(rows: list[_Row], unit: BarUnit, number: int) -> Iterator[_Row]:
    """Larger bars of smaller ones, newest first."""
    group: _Row | None = None
    for row in reversed(rows):
        start_s = _bucket(row.start_s, unit, number)
        if group is not None and group.start_s == start_s:
            group = _joined(row, group, start_s)
            continue
        if group is not None:
            yield group
        group = _joined(row, None, start_s)
    if group is not None:
        yield group


def _bucket(second: int, unit: BarUnit, number: int) -> int:
    """When the bar that holds this second opens. Days begin at 00:00 UTC (reference, 2.6)."""
    match unit:
        case BarUnit.SECOND | BarUnit.MINUTE | BarUnit.HOUR | BarUnit.DAY:
            length = _LENGTHS_S[unit] * number
            return second - second % length
        case BarUnit.WEEK:
            length = 7 * _DAY_S * number
            return second - (second - _FIRST_MONDAY_S) % length
        case BarUnit.MONTH:
            moment = datetime.fromtimestamp(second, UTC)
            months = 12 * moment.year + moment.month - 1
            return _month_s(months - months % number)


def _ends_s(start_s: int, unit: BarUnit, number: int) -> int:
    if unit is BarUnit.MONTH:
        moment = datetime.fromtimestamp(start_s, UTC)
        return _month_s(12 * moment.year + moment.month - 1 + number)
    return start_s + _LENGTHS_S[unit] * number


_LENGTHS_S = {
    BarUnit.SECOND: 1,
    BarUnit.MINUTE: _MINUTE_S,
    BarUnit.HOUR: _HOUR_S,
    BarUnit.DAY: _DAY_S,
    BarUnit.WEEK: 7 * _DAY_S,
}
_FIRST_MONDAY_S = 4 * _DAY_S  # 1970-01-05


def _month_s(months: int) -> int:
    """Start of a month that is counted from year 0; the ends of time for what lies beyond."""
    year, index = divmod(months, 12)
    if not 1 <= year <= 9999:
        return 0 if year < 1 else int(datetime.max.replace(tzinfo=UTC).timestamp())
    return int(datetime(year, index + 1, 1, tzinfo=UTC).timestamp())


def _starts(row: _Row) -> int:
    return row.start_s
