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
from pxcore.paper.exchange.messages import (
    AccountChanged,
    AccountSpec,
    Answered,
    BracketMode,
    Change,
    Clips,
    ExchangeConfig,
    FillMade,
    FillRule,
    Latencies,
    Leg,
    OrderChanged,
    OutsideHours,
    PlaceRequest,
    PlaceResult,
    PositionBrackets,
    PositionChanged,
    Sibling,
    StopLimits,
    VenueEvent,
)
from pxcore.paper.exchange.messages import (
    LegsAfterClose as Leftovers,
)
from pxcore.paper.exchange.program import PROGRAMS, Lock, Program, Standing, program_named
from pxcore.paper.exchange.state import ExchangeState

__all__ = [
    "PROGRAMS",
    "AccountChanged",
    "AccountSpec",
    "Answered",
    "BracketMode",
    "CancelCode",
    "Change",
    "Clips",
    "CloseCode",
    "Exchange",
    "ExchangeConfig",
    "ExchangeState",
    "FillMade",
    "FillRule",
    "Latencies",
    "Leftovers",
    "Leg",
    "Lock",
    "ModifyCode",
    "OrderChanged",
    "OutsideHours",
    "PartialCloseCode",
    "PlaceCode",
    "PlaceRequest",
    "PlaceResult",
    "PositionBrackets",
    "PositionChanged",
    "Program",
    "Sibling",
    "Standing",
    "StopLimits",
    "VenueEvent",
    "program_named",
]
