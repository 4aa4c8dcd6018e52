"""The venue's side as a pure machine: accounts, orders, brackets, fills, profit and loss.

No clock, socket, thread or file: time comes in with every call, and the only randomness is a
seeded generator for the gaps between ids. See `machine.Exchange`.
"""

from pxcore.paper.exchange.codes import (
    CancelCode,
    CloseCode,
    ModifyCode,
    PartialCloseCode,
    PlaceCode,
)
from pxcore.paper.exchange.machine import Exchange
from pxcore.paper.exchange.terms import (
    AccountChanged,
    AccountSpec,
    Answered,
    BracketMode,
    Change,
    ExchangeConfig,
    FillMade,
    FillRule,
    Latencies,
    Leg,
    OrderChanged,
    PlaceRequest,
    PlaceResult,
    PositionChanged,
    VenueEvent,
)

__all__ = [
    "AccountChanged",
    "AccountSpec",
    "Answered",
    "BracketMode",
    "CancelCode",
    "Change",
    "CloseCode",
    "Exchange",
    "ExchangeConfig",
    "FillMade",
    "FillRule",
    "Latencies",
    "Leg",
    "ModifyCode",
    "OrderChanged",
    "PartialCloseCode",
    "PlaceCode",
    "PlaceRequest",
    "PlaceResult",
    "PositionChanged",
    "VenueEvent",
]
