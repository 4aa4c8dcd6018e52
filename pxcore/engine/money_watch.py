"""The day's money held against its limits, and its extremes told for the report."""

from datetime import datetime

from pxcore.engine.commands import FallSeen, PeakSeen
from pxcore.engine.ending import Ending
from pxcore.engine.limits import breach
from pxcore.engine.outbox import Outbox
from pxcore.engine.state import State


class MoneyWatch:
    """Owned by the engine, and asked on every price while something is held."""

    def __init__(self, state: State, out: Outbox, ending: Ending) -> None:
        self._state = state
        self._out = out
        self._ending = ending
        self._told = state.extremes

    def look(self, now: datetime) -> None:
        """Halts when a limit is broken.

        Not before the first look at the account: until then the day's fills are not known.
        """
        state = self._state
        money = state.money() if state.book.balance_usd is not None else None
        if money is None:
            return
        limits = state.limits
        state.extremes = state.extremes.after(money.day_usd, money.headroom_usd(limits))
        if state.extremes is not self._told:
            self._tell_extremes()
        if self._ending.reason is None:
            broken = breach(money, limits)
            if broken is not None:
                self._ending.halt(now, broken)

    def _tell_extremes(self) -> None:
        """For the report, and for later sessions of the day: a limit on them may be set by then."""
        before, self._told = self._told, self._state.extremes
        if self._told.peak_usd > before.peak_usd:
            self._out.add(PeakSeen(peak_usd=self._told.peak_usd))
        low = self._told.fall_usd, self._told.headroom_usd
        if low != (before.fall_usd, before.headroom_usd):
            self._out.add(FallSeen(fall_usd=low[0], headroom_usd=low[1]))
