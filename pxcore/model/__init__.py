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
from pxcore.model.market import Bar, BarUnit, DepthKind, DepthLevel, MarketTrade, Quote
from pxcore.model.order import (
    STOP_LOSS_TICKS_MIN,
    Bracket,
    NewOrder,
    Order,
    OrderChange,
    OrderStatus,
    OrderType,
    Side,
)
from pxcore.model.policy import Foreign, Leftovers
from pxcore.model.position import Position

__all__ = [
    "STOP_LOSS_TICKS_MIN",
    "Account",
    "Bar",
    "BarUnit",
    "Bracket",
    "Contract",
    "DepthKind",
    "DepthLevel",
    "Fill",
    "Foreign",
    "Leftovers",
    "MarketTrade",
    "Misconfigured",
    "NewOrder",
    "OffGrid",
    "Order",
    "OrderChange",
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
