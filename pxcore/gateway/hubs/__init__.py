"""ProjectX by its two SignalR hubs, kept connected."""

from pxcore.gateway.hubs.keeper import Backoff
from pxcore.gateway.hubs.realtime import Realtime
from pxcore.gateway.hubs.websocket import HubLimits

__all__ = ["Backoff", "HubLimits", "Realtime"]
