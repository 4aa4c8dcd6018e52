"""The net position in one contract."""

from datetime import datetime
from decimal import Decimal

import msgspec


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Signed contracts, long positive, zero when closed; `average_price` in price units.

    The venue gives every opening an id of its own. Source: gateway reference, 2.12 and 7.7.
    """

    id: int
    account_id: int
    contract_id: str
    size: int
    average_price: Decimal
    opened_at: datetime

    @property
    def is_flat(self) -> bool:
        return self.size == 0
