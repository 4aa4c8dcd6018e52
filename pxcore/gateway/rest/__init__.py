"""ProjectX by REST: questions that may be asked again, instructions that go out once."""

from pxcore.gateway.rest.budget import Budget, SharedLedger, Urgency
from pxcore.gateway.rest.channel import Reply
from pxcore.gateway.rest.client import GatewayClient
from pxcore.gateway.rest.clock_reading import ClockReading
from pxcore.gateway.rest.observer import Observer
from pxcore.gateway.rest.outcomes import OverBudget
from pxcore.gateway.rest.policy import A_WINDOW_S, BRIEFLY_S

__all__ = [
    "A_WINDOW_S",
    "BRIEFLY_S",
    "Budget",
    "ClockReading",
    "GatewayClient",
    "Observer",
    "OverBudget",
    "Reply",
    "SharedLedger",
    "Urgency",
]
