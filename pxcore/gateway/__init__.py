"""ProjectX on the wire: REST by `GatewayClient`, both hubs by `Realtime`.

They act and decide nothing: answers and events are values of `pxcore.model` and
`pxcore.engine.events`, errors are the five of `pxcore.model.errors`.
"""

from pxcore.gateway.hubs.keeper import Backoff
from pxcore.gateway.hubs.realtime import Realtime
from pxcore.gateway.hubs.websocket import HubLimits
from pxcore.gateway.rest.budget import Budget, SharedLedger, Urgency
from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.rest.client import GatewayClient
from pxcore.gateway.rest.clock_reading import ClockReading
from pxcore.gateway.rest.observer import Observer
from pxcore.gateway.rest.policy import A_WINDOW_S, BRIEFLY_S, OverBudget
from pxcore.gateway.wire.codes import BRACKETS_REMEDY

__all__ = [
    "A_WINDOW_S",
    "BRACKETS_REMEDY",
    "BRIEFLY_S",
    "Backoff",
    "Budget",
    "ClockReading",
    "GatewayClient",
    "HubLimits",
    "Observer",
    "OverBudget",
    "Realtime",
    "Reply",
    "SharedLedger",
    "Urgency",
]
