"""The venue's rows, as REST and the user hub write them, and the model's values they become.

Both surfaces share these: the stream omits what REST writes as null. Numbers may come as
numeric strings, times with up to seven fractional digits (cut to microseconds, so that the
same moment compares equal on both surfaces), with `Z`, an offset or nothing (UTC).
Prices become whole ticks here, and texts such as act on no screen: whatever an account is called
or a stranger's order is tagged, it is shown everywhere and obeyed nowhere (`plain_text`). A
contract's id goes back to the venue as it was (`requests`). Source: gateway reference, 2.1 to
2.15, 4.5 and 4.6.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from pxcore.gateway.wire import codes
from pxcore.host.decoding import decode_json
from pxcore.model import (
    Account,
    Bar,
    Contract,
    Fill,
    Order,
    OrderStatus,
    Position,
    ProtocolError,
)
from pxcore.text.plain import plain, plain_id

R = TypeVar("R", bound=msgspec.Struct)

_AMOUNT_MAX = Decimal(10) ** 12
_SIZE_MAX = 1_000_000


def read_row(raw: bytes, row: type[R]) -> R:
    """One row as the hub writes it. Raises ProtocolError."""
    try:
        return decode_json(raw, row, strict=False)
    except ProtocolError as error:
        raise ProtocolError(f"{row.__name__}: {error}") from error


def moment(text: str) -> datetime:
    """The venue's time stamp, aware and UTC."""
    try:
        stamp = datetime.fromisoformat(text)
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ProtocolError(f"{text!r} is no time stamp") from None


def whole_ticks(contract: Contract, price: Decimal | float) -> int:
    """Raises ProtocolError for a price off the contract's grid, or no number at all."""
    try:
        return contract.ticks(price)
    except (ValueError, ArithmeticError) as error:
        raise ProtocolError(f"price {price} on {contract.name}: {error}") from error


def _finite(amount: Decimal, what: str) -> Decimal:
    if not (amount.is_finite() and abs(amount) < _AMOUNT_MAX):
        raise ProtocolError(f"{what} is {amount}")
    return amount


def _size(size: int, what: str, *, least: int) -> int:
    if not least <= size <= _SIZE_MAX:
        raise ProtocolError(f"{what} has size {size}")
    return size


class AccountRow(msgspec.Struct, rename="camel"):
    id: int
    name: str
    balance: Decimal
    can_trade: bool
    simulated: bool | None = None
    is_visible: bool | None = None

    def __post_init__(self) -> None:
        self.name = plain(self.name)

    def account(self) -> Account:
        return Account(
            id=self.id,
            name=self.name,
            balance_usd=_finite(self.balance, f"balance of account {self.id}"),
            can_trade=self.can_trade,
            is_simulated=self.simulated,
        )


class ContractRow(msgspec.Struct, rename="camel"):
    id: str
    name: str
    tick_size: Decimal
    tick_value: Decimal
    active_contract: bool
    description: str = ""
    symbol_id: str = ""

    def __post_init__(self) -> None:
        self.id = plain_id(self.id)
        self.name, self.description = plain(self.name), plain(self.description)
        self.symbol_id = plain(self.symbol_id)

    def contract(self) -> Contract:
        try:
            return Contract(
                id=self.id,
                name=self.name,
                description=self.description,
                symbol_id=self.symbol_id,
                tick_size=_finite(self.tick_size, f"tick size of {self.id}"),
                tick_value=_finite(self.tick_value, f"tick value of {self.id}"),
                is_active=self.active_contract,
            )
        except ValueError as error:
            raise ProtocolError(str(error)) from error


class WireOrder(msgspec.Struct, rename="camel"):
    id: int
    account_id: int
    contract_id: str
    creation_timestamp: str
    status: int
    type: int
    side: int
    size: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    fill_volume: int | None = None
    filled_price: Decimal | None = None
    custom_tag: str | None = None
    parent_order_id: int | None = None
    linked_order_id: int | None = None

    def __post_init__(self) -> None:
        self.contract_id = plain_id(self.contract_id)
        if self.custom_tag is not None:  # one of ours is plain: no other can become like it
            self.custom_tag = plain(self.custom_tag)

    def order(self, contract: Contract) -> Order:
        status = codes.order_status(self.status)
        if status is not OrderStatus.REJECTED:  # the size may be the reason for the rejection
            _size(self.size, f"order {self.id}", least=1)
        return Order(
            id=self.id,
            account_id=self.account_id,
            contract_id=self.contract_id,
            status=status,
            type=codes.order_type(self.type),
            side=codes.side(self.side),
            size=self.size,
            created_at=moment(self.creation_timestamp),
            limit_ticks=_level(contract, self.limit_price, status),
            stop_ticks=_level(contract, self.stop_price, status),
            filled_size=_size(self.fill_volume or 0, f"what is filled of {self.id}", least=0),
            filled_ticks=_on_grid(contract, self.filled_price),
            tag=self.custom_tag,
            parent_id=self.parent_order_id,
            linked_id=self.linked_order_id,
        )


def _level(contract: Contract, price: Decimal | None, status: OrderStatus) -> int | None:
    """Off the grid is a reason for rejection, so a rejected order may be there and no other."""
    if price is None:
        return None
    if status is OrderStatus.REJECTED:
        return _on_grid(contract, price)
    return whole_ticks(contract, price)


def _on_grid(contract: Contract, price: Decimal | None) -> int | None:
    """None as well for a price between ticks: an average of several fills often is."""
    if price is None:
        return None
    try:
        return whole_ticks(contract, price)
    except ProtocolError:
        return None


class WirePosition(msgspec.Struct, rename="camel"):
    id: int
    account_id: int
    contract_id: str
    creation_timestamp: str
    type: int
    size: int
    average_price: Decimal

    def __post_init__(self) -> None:
        self.contract_id = plain_id(self.contract_id)

    def position(self) -> Position:
        return Position(
            id=self.id,
            account_id=self.account_id,
            contract_id=self.contract_id,
            size=codes.signed_size(self.type, _size(self.size, f"position {self.id}", least=0)),
            average_price=_finite(self.average_price, f"average price of position {self.id}"),
            opened_at=moment(self.creation_timestamp),
        )


class WireTrade(msgspec.Struct, rename="camel"):
    """Our execution. Older gateways write no `commissions`: then there are none."""

    id: int
    account_id: int
    contract_id: str
    creation_timestamp: str
    price: Decimal
    side: int
    size: int
    order_id: int
    fees: Decimal
    commissions: Decimal | None = None
    profit_and_loss: Decimal | None = None
    voided: bool | None = None

    def __post_init__(self) -> None:
        self.contract_id = plain_id(self.contract_id)

    def fill(self, contract: Contract) -> Fill:
        pnl = self.profit_and_loss
        return Fill(
            id=self.id,
            account_id=self.account_id,
            contract_id=self.contract_id,
            order_id=self.order_id,
            side=codes.side(self.side),
            size=_size(self.size, f"trade {self.id}", least=1),
            price_ticks=whole_ticks(contract, self.price),
            pnl_usd=None if pnl is None else _finite(pnl, f"profit of trade {self.id}"),
            fees_usd=_finite(self.fees, f"fees of trade {self.id}"),
            commissions_usd=_finite(self.commissions or Decimal(0), f"costs of trade {self.id}"),
            happened_at=moment(self.creation_timestamp),
            is_voided=bool(self.voided),
        )


class BarRow(msgspec.Struct):
    t: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - the venue's name
    c: Decimal
    v: int

    def bar(self, contract: Contract) -> Bar:
        return Bar(
            opened_at=moment(self.t),
            open_ticks=whole_ticks(contract, self.o),
            high_ticks=whole_ticks(contract, self.h),
            low_ticks=whole_ticks(contract, self.l),
            close_ticks=whole_ticks(contract, self.c),
            volume=self.v,
        )
