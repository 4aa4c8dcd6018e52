"""The account, as the venue reports it."""

from decimal import Decimal

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`balance_usd` is realised cash: open profit and loss is not in it.

    `is_simulated` is true for practice and evaluation accounts, false for a brokerage account,
    None when the venue did not say. Source: gateway reference, 2.1.
    """

    id: int
    name: str
    balance_usd: Decimal
    can_trade: bool
    is_simulated: bool | None = None
