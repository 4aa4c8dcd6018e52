"""When the program wants everybody flat, in Chicago time: before the exchange closes.

15:10 on a regular day, 13:20 for grains, 13:05 for livestock (gateway reference, 6.1). On a day
that closes early it is before the close; how long before, no source pins: ten minutes here.
"""

import re
from datetime import date, datetime, time, timedelta

from pxcore.calendar.hours import TradingDay, chicago

FLAT_TIME = time(15, 10)
_BEFORE_EARLY_CLOSE = timedelta(minutes=10)
LEAST_LEFT = timedelta(minutes=5)  # to prove flat, and for the safety flatten after it
_SOME_DAY = date(2026, 1, 5)  # to reckon with wall times
_GRAINS, _LIVESTOCK = time(13, 20), time(13, 5)
# By what the exchange calls a product, and by the venue's own root where that is another one.
_FLAT_TIME_OF = {
    **dict.fromkeys(("ZC", "ZW", "ZS", "ZM", "ZL"), _GRAINS),
    **dict.fromkeys(("ZCE", "ZWA", "ZSE", "ZME", "ZLE"), _GRAINS),
    **dict.fromkeys(("LE", "GLE", "HE"), _LIVESTOCK),
}
_ID = re.compile(r"(?:CON\.)?F\.US\.(?P<root>[^.]+)(?:\..+)?")
_NAME = re.compile(r"(?P<root>.+?)[FGHJKMNQUVXZ]\d{1,2}")


def flat_time(contract: str) -> time:
    """The wall time of a regular day by which a contract must be flat.

    By its id, its symbol id, its name or its symbol, as PX_CONTRACT may be any of them.
    """
    match = _ID.fullmatch(contract.upper()) or _NAME.fullmatch(contract.upper())
    return _FLAT_TIME_OF.get(match["root"] if match else contract.upper(), FLAT_TIME)


def latest_flat_by(contract: str) -> time:
    """The latest wall time of a regular day by which our own flat may be meant to be proven."""
    left = datetime.combine(_SOME_DAY, flat_time(contract)) - LEAST_LEFT
    return left.time()


def flat_at(day: TradingDay, contract: str) -> datetime:
    """The moment, UTC, at which the venue itself closes a position in a contract on that day."""
    return min(chicago(day.day, flat_time(contract)), day.closes_at - _BEFORE_EARLY_CLOSE)
