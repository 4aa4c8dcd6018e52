"""Market data: what the tape said. Built thousands of times a second, so kept small."""

from datetime import datetime

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
