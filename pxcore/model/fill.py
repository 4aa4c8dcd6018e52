"""What traded for us: one execution, a half-turn."""

from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.model.order import Side


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution on our account.

    `price_ticks` in whole ticks; `pnl_usd` gross, None on an opening half-turn; `fees_usd` and
    `commissions_usd` per execution, both positive amounts. A voided fill counts for nothing.
    Source: gateway reference, 2.15 and 7.9.
    """

    id: int
    account_id: int
    contract_id: str
    order_id: int
    side: Side
    size: int
    price_ticks: int
    pnl_usd: Decimal | None
    fees_usd: Decimal
    commissions_usd: Decimal
    happened_at: datetime
    is_voided: bool = False

    @property
    def costs_usd(self) -> Decimal:
        return self.fees_usd + self.commissions_usd

    @property
    def net_usd(self) -> Decimal:
        """What this execution did to the balance."""
        return (self.pnl_usd or Decimal(0)) - self.costs_usd

    @property
    def signed_size(self) -> int:
        return self.side.sign * self.size
