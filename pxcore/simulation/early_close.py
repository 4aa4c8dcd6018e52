"""Days on which the venue wants everybody flat in the middle of our window: our calendar was wrong.

Either the exchange closes early and the window was made for a regular day, or the window reaches
beyond the program's flat time. Then the venue cancels and closes, and refuses what comes later.
"""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from pxcore.calendar.hours import trading_day
from pxcore.calendar.program_hours import flat_at
from pxcore.paper.exchange import Program

_SHARE: Final = 0.15  # of the days
_EARLY_DAY: Final = date(2026, 11, 27)  # closes at 12:15
FEE_USD: Final = Decimal(10)  # for each contract that the venue closes


class VenueFlat(msgspec.Struct, frozen=True, kw_only=True):
    """On this trading day the venue closes at that moment, so long after our window's start."""

    day: date
    at: datetime
    after_s: float

    @property
    def opens_at(self) -> datetime:
        return self.at - timedelta(seconds=self.after_s)


def draw_venue_flat(rng: random.Random, *, regular: date, contract_id: str) -> VenueFlat | None:
    if rng.random() >= _SHARE:
        return None
    day = rng.choice((regular, _EARLY_DAY))
    at = flat_at(trading_day(day), contract_id)
    return VenueFlat(day=day, at=at, after_s=rng.uniform(4.0, 35.0))


def program_of(balance_usd: Decimal) -> Program:
    """Of such a day: none of its limits but the hours."""
    return Program(
        name="simulated",
        account_name="PRAC",
        balance_usd=balance_usd,
        liquidation_fee_usd=FEE_USD,
    )
