"""Exactly one trade: at market, with its bracket, once the window is open and prices are there.

It signals until the venue shows a fill since the window's start, and never after one: a fill of
an earlier session of the window counts, so a session that is started again does not trade again.
Whatever refuses the entry (a gate, the venue) is asked again after `retry_s`.
"""

from typing import Literal

from pydantic import Field

from pxcore.engine.events import Event
from pxcore.engine.strategy import Enter, MarketView, Signal, Wait
from pxcore.model import Side
from pxcore.strategies.entries import Entries
from pxcore.strategies.pace import Pace
from pxcore.strategies.params import Params


class TradeOnStartParams(Params):
    side: Literal["buy", "sell"] = Field("buy", description="which way the one trade goes")
    retry_s: float = Field(
        2.0, ge=0.1, le=3600, description="seconds until an entry that was refused is asked again"
    )


class TradeOnStart:
    """One bracketed market trade a window, as soon as it can be made."""

    name = "trade-on-start"
    Params = TradeOnStartParams

    def __init__(self, params: TradeOnStartParams) -> None:
        self._side = Side(params.side)
        self._pace = Pace(every_s=params.retry_s)
        self._entries = Entries()

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        self._entries.see(event, view)
        if self._entries.count or view.exposure:
            return Wait(reason="the one trade of this window is made")
        if not view.window_start <= view.now < view.window_end:
            return None
        if view.bid_ticks is None or view.ask_ticks is None or view.last_ticks is None:
            return None
        if not self._pace.is_due(view.now):
            return None
        return Enter(side=self._side, reason="the window is open")
