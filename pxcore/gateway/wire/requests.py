"""Request bodies, as the venue wants them. Money and prices are JSON numbers.

Source: gateway reference, 1.5 to 1.7 and 2.1 to 2.15.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.text.plain import original

encode = msgspec.json.Encoder(decimal_format="number").encode


class Empty(msgspec.Struct):
    pass


class LoginRequest(msgspec.Struct, rename="camel"):
    user_name: str
    api_key: str


class AccountSearch(msgspec.Struct, rename="camel"):
    only_active_accounts: bool


class OfContract(msgspec.Struct, rename="camel"):
    """The venue hears its contract's id as it said it: see `rows`."""

    contract_id: str

    def __post_init__(self) -> None:
        self.contract_id = original(self.contract_id)


class ContractById(OfContract, rename="camel"):
    pass


class ContractSearch(msgspec.Struct, rename="camel"):
    """`live` selects the data subscription, not the account: with true the lists come empty."""

    search_text: str
    live: bool = False


class ContractList(msgspec.Struct):
    live: bool = False


class OfAccount(msgspec.Struct, rename="camel"):
    account_id: int


class OfAccountSince(msgspec.Struct, rename="camel"):
    account_id: int
    start_timestamp: datetime
    end_timestamp: datetime | None = None


class OrderFilter(msgspec.Struct, rename="camel"):
    account_id: int
    statuses: tuple[int, ...]


class OrderQuery(msgspec.Struct, rename="camel"):
    """One page, oldest id first. `page_offset` counts rows."""

    filter: OrderFilter
    page_size: int
    page_offset: int
    sort_by: int = 1
    sort_direction: int = 0
    include_total_count: bool = True


class BracketLeg(msgspec.Struct):
    """`ticks` is signed, relative to the entry's fill."""

    ticks: int
    type: int


class PlaceOrder(OfContract, kw_only=True, rename="camel"):
    """Prices are absolute, `trail_price` too. Null where the type has none."""

    account_id: int
    type: int
    side: int
    size: int
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None
    custom_tag: str
    stop_loss_bracket: BracketLeg | None
    take_profit_bracket: BracketLeg | None


class ModifyOrder(msgspec.Struct, rename="camel"):
    """Null leaves it as it is."""

    account_id: int
    order_id: int
    size: int | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_price: Decimal | None


class OrderOfAccount(msgspec.Struct, rename="camel"):
    account_id: int
    order_id: int


class ContractOfAccount(OfContract, kw_only=True, rename="camel"):
    account_id: int


class PartOfPosition(OfContract, kw_only=True, rename="camel"):
    account_id: int
    size: int


class BarsWanted(OfContract, kw_only=True, rename="camel"):
    """All eight are required; `limit` keeps the newest of the window."""

    start_time: datetime
    end_time: datetime
    unit: int
    unit_number: int
    limit: int
    include_partial_bar: bool
    live: bool = False
