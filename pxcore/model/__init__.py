"""The nouns: immutable values that every layer shares, and the errors. Nothing here acts."""

from pxcore.model.account import Account
from pxcore.model.book import Snapshot
from pxcore.model.contract import Contract, OffGrid
from pxcore.model.errors import (
    Misconfigured,
    OutcomeUnknown,
    ProtocolError,
    PxError,
    Refused,
    Unavailable,
)
from pxcore.model.fill import Fill
from pxcore.model.market import DepthKind, DepthLevel, MarketTrade, Quote
from pxcore.model.order import (
    STOP_LOSS_TICKS_MIN,
    Bracket,
    Order,
    OrderStatus,
    OrderType,
    Side,
)
from pxcore.model.position import Position

__all__ = [
    "STOP_LOSS_TICKS_MIN",
    "Account",
    "Bracket",
    "Contract",
    "DepthKind",
    "DepthLevel",
    "Fill",
    "MarketTrade",
    "Misconfigured",
    "OffGrid",
    "Order",
    "OrderStatus",
    "OrderType",
    "OutcomeUnknown",
    "Position",
    "ProtocolError",
    "PxError",
    "Quote",
    "Refused",
    "Side",
    "Snapshot",
    "Unavailable",
]
