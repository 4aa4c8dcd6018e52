"""What a strategy is: a function of events and a view to a signal, with its own small memory.

A strategy never sends anything, knows no account and reads no clock: the view's time is the
event's. It may signal as often as it likes: a `RiskManager` says how many contracts, the gates
decide, and an `ExecutionPolicy` says which order it becomes.
"""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from pxcore.engine.events import Event
from pxcore.model import Bracket, Contract, Side


class Enter(msgspec.Struct, frozen=True, kw_only=True):
    """Open a position on this side. `reason` in a few words; `bracket` of None is the settings'."""

    side: Side
    reason: str
    bracket: Bracket | None = None


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """Close what is held and cancel its bracket, now; nothing happens while flat."""

    reason: str


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing now, and why: for a person, told when it is a new reason, once a minute at most."""

    reason: str


Signal = Enter | Exit | Wait


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy may look at. Prices in ticks, None where not known yet.

    `exposure` is contracts held, signed; `average_price` what they cost, in price units.
    """

    now: datetime
    contract: Contract
    bid_ticks: int | None
    ask_ticks: int | None
    last_ticks: int | None
    exposure: int
    average_price: Decimal | None
    window_start: datetime
    window_end: datetime


class Strategy(Protocol):
    """Called once per event, in order, one call at a time: it must be quick. By which thread is not
    said.
    """

    @property
    def name(self) -> str: ...

    def on_event(self, event: Event, view: MarketView) -> Signal | None: ...
