"""Days on which a person switches the account's bracket mode on the platform, and perhaps back."""

import random
from decimal import Decimal
from typing import Final

import msgspec

from pxcore.paper.exchange import PositionBrackets
from pxcore.paper.faults.venue import BracketModeSwitched

_SHARE: Final = 0.15  # of the days
_USD: Final = (4, 10, 30)


class BracketSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """To Position Brackets `at_s` after the market's start, or `after_entry_s` after the day's
    first entry where `at_s` is None; `back_after_s` later back, None for never.

    `own` are what the venue protects a position with then, None where nothing is set up. A while
    after the switch somebody asks the session to leave, unless `leave_after_s` is None.
    """

    at_s: float | None
    after_entry_s: float
    back_after_s: float | None
    own: PositionBrackets | None
    leave_after_s: float | None

    @property
    def after_s(self) -> float:
        """From the market's start, or from the entry."""
        return self.after_entry_s if self.at_s is None else self.at_s

    @property
    def faults(self) -> tuple[BracketModeSwitched, ...]:
        """Counted from there."""
        there = BracketModeSwitched(from_s=self.after_s, to="position")
        if self.back_after_s is None:
            return (there,)
        from_s = self.after_s + self.back_after_s
        return there, BracketModeSwitched(from_s=from_s, to="auto_oco")


def draw_bracket_switch(rng: random.Random) -> BracketSwitch | None:
    if rng.random() >= _SHARE:
        return None
    own = PositionBrackets(loss_usd=Decimal(rng.choice(_USD)), profit_usd=Decimal(rng.choice(_USD)))
    return BracketSwitch(
        at_s=rng.choice((None, rng.uniform(5.0, 35.0))),
        after_entry_s=rng.choice((0.002, 0.1, 1.0)),
        back_after_s=rng.choice((None, rng.uniform(0.5, 10.0))),
        own=rng.choice((None, own, own)),
        leave_after_s=rng.choice((None, rng.uniform(0.1, 3.0))),
    )
