"""Market data: what the tape said. Built thousands of times a second, so kept small."""

from datetime import datetime
from enum import StrEnum

import msgspec

from pxcore.model.order import Side


class Quote(msgspec.Struct, frozen=True, kw_only=True, tag="quote", tag_field="event", gc=False):
    """Best bid and ask after merging a partial update, in ticks; None where not known: never heard,
    or the venue sent what cannot be a price.

    `at` is when we learned it, `happened_at` the venue's stamp. A crossed or one-sided quote is
    odd but real: it can be built, and a decision judges it.
    """

    at: datetime
    happened_at: datetime
    contract_id: str
    bid_ticks: int | None
    ask_ticks: int | None
    last_ticks: int | None = None


class MarketTrade(
    msgspec.Struct, frozen=True, kw_only=True, tag="print", tag_field="event", gc=False
):
    """A print on the tape, anyone's. `aggressor` is None when the venue did not say."""

    at: datetime
    happened_at: datetime
    contract_id: str
    price_ticks: int
    size: int
    aggressor: Side | None = None


class DepthKind(StrEnum):
    """What a row of the depth feed is about. Only `ASK` and `BID` are levels of the book."""

    ASK = "ask"
    BID = "bid"
    BEST_ASK = "best_ask"
    BEST_BID = "best_bid"
    TRADE = "trade"
    RESET = "reset"
    LOW = "low"
    HIGH = "high"
    NEW_BEST_BID = "new_best_bid"
    NEW_BEST_ASK = "new_best_ask"
    FILL = "fill"
    UNKNOWN = "unknown"


class DepthLevel(
    msgspec.Struct, frozen=True, kw_only=True, tag="depth", tag_field="event", gc=False
):
    """One row of the order book's depth: `size` contracts at the price replace what was there,
    zero removes the level, and `RESET` empties the book.
    """

    at: datetime
    happened_at: datetime
    contract_id: str
    kind: DepthKind
    price_ticks: int
    size: int


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a stretch of time, in whole ticks; `opened_at` is its beginning.

    Source: gateway reference, 2.6.
    """

    opened_at: datetime
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume: int


class BarUnit(StrEnum):
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
