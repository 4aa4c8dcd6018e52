"""The venue's JSON on its way in: the body of each request, checked and typed.

A field without a default is required, as the venue's own specification says (gateway reference,
2.3 to 2.15).
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from pxcore.model import OrderType
from pxcore.paper.exchange import Change, Leg, PlaceRequest
from pxcore.paper.server.rows import SIDES, TYPES

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TYPE_OF = {number: type_ for type_, number in TYPES.items()}
_SIDE_OF = {number: side for side, number in SIDES.items()}


class Body(msgspec.Struct, frozen=True, rename="camel"):
    """A request's JSON. A field without a default is required: without it the answer is 400."""


class LoginBody(Body, frozen=True):
    user_name: str
    api_key: str


class AccountsBody(Body, frozen=True):
    only_active_accounts: bool


class ContractsBody(Body, frozen=True):
    live: bool
    search_text: str = ""


class ContractBody(Body, frozen=True):
    contract_id: str


class BarsBody(Body, frozen=True):
    contract_id: str
    live: bool
    start_time: datetime
    end_time: datetime
    unit: Int32
    unit_number: Int32
    limit: Int32
    include_partial_bar: bool


class AccountBody(Body, frozen=True):
    account_id: Int32


class HistoryBody(Body, frozen=True):
    """Both ends are included; a time without a zone is UTC."""

    account_id: Int32
    start_timestamp: datetime
    end_timestamp: datetime | None = None


class OrderBody(Body, frozen=True):
    account_id: Int32
    order_id: Int64


class LegBody(Body, frozen=True):
    ticks: Int32
    type: Int32

    def leg(self) -> Leg:
        return Leg(ticks=self.ticks, type=_TYPE_OF.get(self.type, OrderType.UNKNOWN))


class PlaceBody(Body, frozen=True):
    account_id: Int32
    contract_id: str
    type: Int32
    side: Annotated[int, msgspec.Meta(ge=0, le=1)]
    size: Int32
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    custom_tag: str | None = None
    stop_loss_bracket: LegBody | None = None
    take_profit_bracket: LegBody | None = None

    def request(self) -> PlaceRequest:
        return PlaceRequest(
            contract_id=self.contract_id,
            type=_TYPE_OF.get(self.type, OrderType.UNKNOWN),
            side=_SIDE_OF[self.side],
            size=self.size,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
            tag=self.custom_tag or None,
            stop_loss=self.stop_loss_bracket.leg() if self.stop_loss_bracket else None,
            take_profit=self.take_profit_bracket.leg() if self.take_profit_bracket else None,
        )


class ModifyBody(Body, frozen=True):
    account_id: Int32
    order_id: Int64
    size: Int32 | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None

    def change(self) -> Change:
        return Change(
            size=self.size,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
        )


class CloseBody(Body, frozen=True):
    account_id: Int32
    contract_id: str


class PartialCloseBody(Body, frozen=True):
    account_id: Int32
    contract_id: str
    size: Int32


class QueryFilter(Body, frozen=True):
    account_id: Int32
    statuses: tuple[Int32, ...] | None = None
    contract_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class QueryBody(Body, frozen=True):
    filter: QueryFilter
    page_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    page_offset: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    sort_by: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    sort_direction: Annotated[int, msgspec.Meta(ge=0, le=1)] = 1
    include_total_count: bool = False


def utc(moment: datetime) -> datetime:
    """A time without a zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
