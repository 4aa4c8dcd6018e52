"""Market data: what the tape said. Built thousands of times a second, so kept small."""

from datetime import datetime
from enum import IntEnum

import msgspec

from pxcore.model.order import Side


class Quote(msgspec.Struct, frozen=True, kw_only=True, tag="quote", tag_field="event"):
    """Best bid and ask after merging a partial update, in ticks; None where not yet known.

    `at` is when we learned it, `happened_at` the venue's stamp. A crossed or one-sided quote is
    odd but real: it can be built, and a decision judges it.
    """

    at: datetime
    happened_at: datetime
    contract_id: str
    bid_ticks: int | None
    ask_ticks: int | None
    last_ticks: int | None = None


class MarketTrade(msgspec.Struct, frozen=True, kw_only=True, tag="print", tag_field="event"):
    """A print on the tape, anyone's. `aggressor` is None when the venue did not say."""

    at: datetime
    happened_at: datetime
    contract_id: str
    price_ticks: int
    size: int
    aggressor: Side | None = None


class DepthKind(IntEnum):
    """What a row of market depth says. Source: gateway reference, 2.16 and 4.7."""

    UNKNOWN = 0
    ASK = 1
    BID = 2
    BEST_ASK = 3
    BEST_BID = 4
    TRADE = 5
    RESET = 6
    LOW = 7
    HIGH = 8
    NEW_BEST_BID = 9
    NEW_BEST_ASK = 10
    FILL = 11


class DepthLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a push of market depth.

    An ask or bid row replaces what rests at its price, zero removes it; a best row points at the
    top of the book with its size; a trade row is a print, not a level. `size` in contracts.
    """

    kind: DepthKind
    price_ticks: int
    size: int
