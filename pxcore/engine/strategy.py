"""What a strategy is: a function of events and a view to a signal, with its own small memory.

A strategy never sends anything, knows no account and reads no clock: the view's time is the
event's. It may signal as often as it likes; the gates decide.
"""

from datetime import datetime
from typing import Protocol

import msgspec

from pxcore.engine.events import Event
from pxcore.model import Side


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy wants: a side, and why in a few words."""

    side: Side
    reason: str


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy may look at. Prices in ticks, None where not known yet."""

    now: datetime
    bid_ticks: int | None
    ask_ticks: int | None
    exposure: int
    window_start: datetime
    window_end: datetime


class Strategy(Protocol):
    """Called once per event, in order, on the engine's thread: it must be quick."""

    @property
    def name(self) -> str: ...

    def on_event(self, event: Event, view: MarketView) -> Signal | None: ...
