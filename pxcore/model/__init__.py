"""The nouns: immutable values that every layer shares, and the errors. Nothing here acts."""

from pxcore.model.account import Account
from pxcore.model.book import Disagreement, Snapshot, net_of
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
from pxcore.model.scope import WHOLE, Scope

__all__ = [
    "STOP_LOSS_TICKS_MIN",
    "WHOLE",
    "Account",
    "Bar",
    "BarUnit",
    "Bracket",
    "Contract",
    "DepthKind",
    "DepthLevel",
    "Disagreement",
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
    "Scope",
    "Side",
    "Snapshot",
    "Unavailable",
    "net_of",
]
