"""Enters on the clock, in the direction of the latest move.

Every `every_s` seconds of the window it compares the mid price with the one at the last beat:
up means buy, down means sell, no move means wait for the next beat. It does not look whether a
position is open: that is for the gates, whose refusals are part of the record. When the market
hub is lost, the move over the gap says nothing: the beats begin again with the first price.
"""

from datetime import datetime, timedelta

from pydantic import Field

from pxcore.calendar.hours import time_told
from pxcore.engine.events import Event, Hub, HubDown
from pxcore.engine.strategy import Enter, MarketView, Signal, Wait
from pxcore.model import Side
from pxcore.strategies.params import Params


class TimedEntryParams(Params):
    every_s: float = Field(900.0, ge=0.1, le=86_400, description="seconds between two beats")


class TimedEntry:
    """Enters on the clock, in the direction of the move since the last beat."""

    name = "timed-entry"
    Params = TimedEntryParams

    def __init__(self, params: TimedEntryParams) -> None:
        self._every = timedelta(seconds=params.every_s)
        self._next_at: datetime | None = None
        self._mid_before: int | None = None  # in half ticks, so that it stays whole

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        if type(event) is HubDown and event.hub is Hub.MARKET:
            self._mid_before = None
        if view.bid_ticks is None or view.ask_ticks is None:
            return None
        mid = view.bid_ticks + view.ask_ticks
        if self._next_at is None or self._mid_before is None:
            self._next_at = max(view.now, view.window_start) + self._every
            self._mid_before = mid
            return Wait(reason=f"the next beat is at {time_told(self._next_at)}")
        if view.now < self._next_at:
            return None
        moved, self._mid_before = mid - self._mid_before, mid
        self._next_at = view.now + self._every
        if moved == 0:
            return Wait(reason=f"no move; the next beat is at {time_told(self._next_at)}")
        side = Side.BUY if moved > 0 else Side.SELL
        return Enter(side=side, reason=f"moved {moved / 2:+g} ticks since the last beat")
