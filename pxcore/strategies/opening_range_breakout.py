"""Follows the market out of the range of its first minutes.

The range is the highest and the lowest print of the window's first `range_minutes`. A print
`buffer_ticks` above it is a breakout upwards, the same below it one downwards. Each way is

    armed ──print in the buy or sell zone──► entry ──filled──► spent ─┐
      ▲ └────────print beyond the zone─────► missed ──────────────────┤
      └──────────────────print back inside the range──────────────────┘

so that a breakout that went unseen or was refused too long is not chased, and one that failed is
tried again only after the market came back. A range that was not watched whole (a start in the
middle, a gap longer than `gap_s_max`) is not known, and without a range nothing is entered.
"""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from pxcore.calendar.hours import time_told
from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.engine.strategy import Enter, MarketView, Signal, Wait
from pxcore.model import MarketTrade, Side
from pxcore.strategies.entries import Entries
from pxcore.strategies.indicators import OpeningRange
from pxcore.strategies.pace import Pace
from pxcore.strategies.params import Params


class OpeningRangeBreakoutParams(Params):
    range_minutes: float = Field(
        15.0, ge=0.1, le=240, description="minutes from the window's start that make the range"
    )
    buffer_ticks: int = Field(
        2, ge=1, le=1000, description="ticks beyond the range at which a print is a breakout"
    )
    chase_ticks_max: int = Field(
        8, ge=0, le=1000, description="ticks beyond that up to which it is still entered"
    )
    direction: Literal["both", "long", "short"] = Field(
        "both", description="which breakouts are entered"
    )
    entries_max: int = Field(2, ge=1, le=100, description="entries a window")
    gap_s_max: float = Field(
        5.0, ge=0, le=3600, description="seconds without market data that leave the range known"
    )


class OpeningRangeBreakout:
    """Enters when the market leaves the range of the window's first minutes."""

    name = "opening-range-breakout"
    Params = OpeningRangeBreakoutParams

    def __init__(self, params: OpeningRangeBreakoutParams) -> None:
        self._params = params
        self._range: OpeningRange | None = None
        self._entries = Entries()
        self._pace = Pace()
        self._stage = ""
        wanted = {"long": (Side.BUY,), "short": (Side.SELL,)}
        self._sides = wanted.get(params.direction, (Side.BUY, Side.SELL))
        self._armed = set(self._sides)

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        if type(event) is MarketTrade:
            return self._see_print(event, view) if event.contract_id == view.contract.id else None
        if type(event) is HubUp and event.hub is Hub.MARKET:
            self._range_of(view).resume(view.now)
        elif type(event) is HubDown and event.hub is Hub.MARKET:
            self._range_of(view).interrupt(view.now)
        elif self._entries.see(event, view):
            self._armed.clear()
        return None

    def _range_of(self, view: MarketView) -> OpeningRange:
        if self._range is None:
            self._range = OpeningRange(
                start=view.window_start,
                end=view.window_start + timedelta(minutes=self._params.range_minutes),
                gap_max=timedelta(seconds=self._params.gap_s_max),
            )
        return self._range

    def _see_print(self, trade: MarketTrade, view: MarketView) -> Signal | None:
        opening = self._range_of(view)
        is_of_range = opening.update(trade.happened_at, trade.price_ticks)
        if is_of_range or not opening.is_known(view.now):
            return self._say_of_range(view)
        high, low = opening.high_ticks, opening.low_ticks
        assert high is not None and low is not None
        for side in self._sides:
            edge = high if side is Side.BUY else low
            beyond = side.sign * (trade.price_ticks - edge)
            if self._is_breakout(side, beyond) and self._may_enter(view):
                reason = f"{beyond} ticks out of the opening range {_text(view, low, high)}"
                return Enter(side=side, reason=reason)
        if self._entries.count >= self._params.entries_max:
            return self._say(view, "done", f"{self._entries.count} entries made, the most allowed")
        return self._say(view, "made", f"the range is {_text(view, low, high)}, no breakout yet")

    def _say_of_range(self, view: MarketView) -> Signal | None:
        end = view.window_start + timedelta(minutes=self._params.range_minutes)
        if view.now < end:
            return self._say(
                view,
                "making",
                f"the range is being made until {time_told(end)}",
            )
        return self._say(view, "unknown", "the range is not known: too much of it was missed")

    def _say(self, view: MarketView, stage: str, reason: str) -> Signal | None:
        """Once a stage of the window: it is asked on every print."""
        if stage == self._stage or view.now >= view.window_end:
            return None
        self._stage = stage
        return Wait(reason=reason)

    def _is_breakout(self, side: Side, beyond: int) -> bool:
        """Moves the side's state on; `beyond` is ticks outside the range's edge."""
        zone = beyond - self._params.buffer_ticks
        if beyond <= 0:
            self._armed.add(side)
        elif zone > self._params.chase_ticks_max:
            self._armed.discard(side)
        return zone >= 0 and side in self._armed

    def _may_enter(self, view: MarketView) -> bool:
        return (
            view.exposure == 0
            and self._entries.count < self._params.entries_max
            and view.window_start <= view.now < view.window_end
            and self._pace.is_due(view.now)
        )


def _text(view: MarketView, low: int, high: int) -> str:
    return f"{view.contract.price(low)} to {view.contract.price(high)}"
