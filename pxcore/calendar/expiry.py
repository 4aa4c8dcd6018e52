"""When a contract ends, and when its market moves on to the next one. By its id alone.

Equity-index futures settle on the third Friday of March, June, September and December; where that
day is a holiday, on the trading day before it. Their volume moves to the next quarter from the
Monday of that week on. Of other products the delivery month is known here, and no more.
Source: the exchange's rules for E-mini futures; gateway reference, 5.1 to 5.3.
"""

import re
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from pxcore.calendar.hours import DayKind, trading_day
from pxcore.model import Contract

_LETTERS = "FGHJKMNQUVXZ"
_QUARTERS = "HMUZ"
# The venue's own roots; EP is the E-mini S&P 500, ENQ the E-mini NASDAQ-100.
_EQUITY_INDEX = frozenset(("EP", "MES", "ENQ", "MNQ", "YM", "MYM", "RTY", "M2K"))
_ID = re.compile(rf".+\.(?P<root>[^.]+)\.(?P<letter>[{_LETTERS}])(?P<year>\d\d)")
_NOTICE = timedelta(days=4)
_FRIDAY = 4


class Stage(StrEnum):
    CURRENT = "current"
    ROLLING = "about to roll"  # or its month has begun, where no more is known
    OVER = "expired"
    UNKNOWN = "not known"  # the id says no month


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """Of one contract on one day. `ends_on` is its last day, `rolls_on` when the market moves on,
    `next_name` what it moves on to; None where the product's rule is not known here.
    """

    stage: Stage
    month: date | None = None
    ends_on: date | None = None
    rolls_on: date | None = None
    next_name: str | None = None


def expiry_of(contract: Contract, today: date) -> Expiry:
    """Where the contract stands in its life on that trading day."""
    match = _ID.fullmatch(contract.id)
    if match is None:
        return Expiry(stage=Stage.UNKNOWN)
    letter = match["letter"]
    month = date(2000 + int(match["year"]), _LETTERS.index(letter) + 1, 1)
    if match["root"] not in _EQUITY_INDEX or letter not in _QUARTERS:
        stage = Stage.ROLLING if today >= month else Stage.CURRENT
        return Expiry(stage=stage, month=month)
    friday = _third_friday(month)
    ends_on, rolls_on = _trading_day_until(friday), friday - timedelta(days=4)
    if today >= ends_on:
        stage = Stage.OVER
    else:
        stage = Stage.ROLLING if today >= rolls_on - _NOTICE else Stage.CURRENT
    return Expiry(
        stage=stage,
        month=month,
        ends_on=ends_on,
        rolls_on=rolls_on,
        next_name=_next_name(contract, month),
    )


def _third_friday(month: date) -> date:
    return month + timedelta(days=(_FRIDAY - month.weekday()) % 7 + 14)


def _trading_day_until(day: date) -> date:
    """That day, or the last one before it that is no holiday; outside the table, that day."""
    while trading_day(day).kind in (DayKind.EARLY_CLOSE, DayKind.CLOSED):
        day -= timedelta(days=1)
    return day


def _next_name(contract: Contract, month: date) -> str | None:
    """In the form of the contract's own name, MNQZ6; None where that has another form."""
    letter = _LETTERS[month.month - 1]
    following = _QUARTERS[(_QUARTERS.index(letter) + 1) % len(_QUARTERS)]
    year = month.year + (following == _QUARTERS[0])
    for digits in (2, 1):
        ending = f"{letter}{str(month.year)[-digits:]}"
        if contract.name.endswith(ending):
            return f"{contract.name.removesuffix(ending)}{following}{str(year)[-digits:]}"
    return None
