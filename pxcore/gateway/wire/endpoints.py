"""What can be asked of REST: paths, answers, limits, and the names of their errors.

A failure comes as HTTP 200 with `success` false, and then without its rows: the verdict is read
first, the rows only when it is good. What an account has must be a list: null in its place
is no word on it, and is not read as "nothing". Of bars and contracts, null means no rows.
Source: gateway reference, 1.3 to 1.9 and 2.1 to 2.15.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from pxcore.gateway.wire import codes
from pxcore.gateway.wire.loose import LooseOrders, LoosePositions, LooseTrades
from pxcore.gateway.wire.rows import (
    AccountRow,
    BarRow,
    ContractRow,
    WireOrder,
    WirePosition,
    WireTrade,
)
from pxcore.host.decoding import decode_json
from pxcore.model import ProtocolError
from pxcore.text.plain import plain

PING_PATH = "/api/Status/ping"


class WireVerdict(msgspec.Struct, rename="camel"):
    success: bool
    error_code: int
    error_message: str | None = None
    order_id: int | None = None

    def __post_init__(self) -> None:
        if self.error_message is not None:
            self.error_message = plain(self.error_message)


class Done(msgspec.Struct):
    """An answer that holds nothing beside its verdict."""


class LoggedIn(msgspec.Struct):
    token: str


class Validated(msgspec.Struct, rename="camel"):
    new_token: str | None = None


class Accounts(msgspec.Struct):
    accounts: list[AccountRow]


class OneContract(msgspec.Struct):
    contract: ContractRow


class Contracts(msgspec.Struct):
    contracts: list[ContractRow] | None


class Orders(msgspec.Struct, rename="camel"):
    orders: list[WireOrder]
    total_count: int | None = None


class OneOrder(msgspec.Struct):
    order: WireOrder


class BarsReply(msgspec.Struct):
    bars: list[BarRow] | None


class Positions(msgspec.Struct):
    positions: list[WirePosition]


class Trades(msgspec.Struct, rename="camel"):
    trades: list[WireTrade]
    total_count: int | None = None


class Placed(msgspec.Struct, rename="camel"):
    order_id: int


class Lane(Enum):
    """Which of the venue's rate limits a request counts against. Reference, 3."""

    REST = "rest"
    BARS = "bars"


A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[A]):
    """One POST: its path, the type of a good answer, and the names of its error codes."""

    path: str
    answer: type[A]
    error_names: tuple[str, ...] = ()
    lane: Lane = Lane.REST

    def verdict(self, body: bytes) -> WireVerdict:
        """Raises ProtocolError when the answer is unreadable or contradicts itself."""
        verdict = _decode(self.path, body, WireVerdict)
        if verdict.success != (verdict.error_code == 0):
            raise ProtocolError(
                f"{self.path} answered success {verdict.success} with code {verdict.error_code}"
            )
        return verdict

    def read(self, body: bytes) -> A:
        """Raises ProtocolError when the rows cannot be read."""
        return _decode(self.path, body, self.answer)

    def error_name(self, code: int) -> str:
        return codes.error_name(self.error_names, code)


def _decode(path: str, body: bytes, answer: type[A]) -> A:
    try:
        return decode_json(body, answer, strict=False)
    except ProtocolError as error:
        raise ProtocolError(f"{path} answered what cannot be read: {error}") from error


LOGIN = Endpoint("/api/Auth/loginKey", LoggedIn, codes.LOGIN)
VALIDATE = Endpoint("/api/Auth/validate", Validated, codes.VALIDATE)
ACCOUNTS = Endpoint("/api/Account/search", Accounts)
CONTRACT = Endpoint("/api/Contract/searchById", OneContract, codes.CONTRACT_NEEDED)
CONTRACT_SEARCH = Endpoint("/api/Contract/search", Contracts)
CONTRACT_LIST = Endpoint("/api/Contract/available", Contracts)
BARS = Endpoint("/api/History/retrieveBars", BarsReply, codes.BARS, Lane.BARS)
ORDERS = Endpoint("/api/Order/search", Orders, codes.ACCOUNT_NEEDED)
ORDERS_OPEN = Endpoint("/api/Order/searchOpen", Orders, codes.ACCOUNT_NEEDED)
ORDERS_QUERY = Endpoint("/api/Order/v2/query", Orders, codes.ACCOUNT_NEEDED)
ORDER = Endpoint("/api/Order/searchById", OneOrder, codes.ORDER_NEEDED)
POSITIONS = Endpoint("/api/Position/searchOpen", Positions, codes.ACCOUNT_NEEDED)
TRADES = Endpoint("/api/Trade/search", Trades, codes.ACCOUNT_NEEDED)
ORDERS_OPEN_LOOSE = Endpoint(ORDERS_OPEN.path, LooseOrders, codes.ACCOUNT_NEEDED)
ORDERS_QUERY_LOOSE = Endpoint(ORDERS_QUERY.path, LooseOrders, codes.ACCOUNT_NEEDED)
POSITIONS_LOOSE = Endpoint(POSITIONS.path, LoosePositions, codes.ACCOUNT_NEEDED)
TRADES_LOOSE = Endpoint(TRADES.path, LooseTrades, codes.ACCOUNT_NEEDED)
PLACE = Endpoint("/api/Order/place", Placed, codes.PLACE)
MODIFY = Endpoint("/api/Order/modify", Done, codes.MODIFY)
CANCEL = Endpoint("/api/Order/cancel", Done, codes.CANCEL)
CLOSE = Endpoint("/api/Position/closeContract", Done, codes.CLOSE)
PARTIAL_CLOSE = Endpoint("/api/Position/partialCloseContract", Done, codes.PARTIAL_CLOSE)
