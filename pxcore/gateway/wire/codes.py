"""The venue's integer codes in the model's words.

An order's status or type that is not listed reads as UNKNOWN, which stays alive; a side cannot
be guessed, so an unlisted one is a ProtocolError. Error numbers mean something else on every
endpoint. Source: gateway reference, 2.16 and 2.17.
"""

from typing import Final

from pxcore.model import BarUnit, DepthKind, OrderStatus, OrderType, ProtocolError, Side

_STATUS: Final = {
    1: OrderStatus.OPEN,
    2: OrderStatus.FILLED,
    3: OrderStatus.CANCELLED,
    4: OrderStatus.EXPIRED,
    5: OrderStatus.REJECTED,
    6: OrderStatus.PENDING,
    7: OrderStatus.PENDING_CANCELLATION,
    8: OrderStatus.SUSPENDED,
}
_TYPE: Final = {
    1: OrderType.LIMIT,
    2: OrderType.MARKET,
    3: OrderType.STOP_LIMIT,
    4: OrderType.STOP,
    5: OrderType.TRAILING_STOP,
    6: OrderType.JOIN_BID,
    7: OrderType.JOIN_ASK,
}
DEPTH: Final = {
    1: DepthKind.ASK,
    2: DepthKind.BID,
    3: DepthKind.BEST_ASK,
    4: DepthKind.BEST_BID,
    5: DepthKind.TRADE,
    6: DepthKind.RESET,
    7: DepthKind.LOW,
    8: DepthKind.HIGH,
    9: DepthKind.NEW_BEST_BID,
    10: DepthKind.NEW_BEST_ASK,
    11: DepthKind.FILL,
}
_SIDE: Final = {0: Side.BUY, 1: Side.SELL}
_TYPE_CODE: Final = {type_: code for code, type_ in _TYPE.items()}
_BAR_UNIT_CODE: Final = {
    BarUnit.SECOND: 1,
    BarUnit.MINUTE: 2,
    BarUnit.HOUR: 3,
    BarUnit.DAY: 4,
    BarUnit.WEEK: 5,
    BarUnit.MONTH: 6,
}
_SIDE_CODE: Final = {side: code for code, side in _SIDE.items()}

LIMIT: Final = 1
STOP: Final = 4

# Every status of an order that trades or may yet. 7 is in no recording, but it may still fill.
ALIVE: Final = (1, 6, 7, 8)


def order_status(code: int) -> OrderStatus:
    return _STATUS.get(code, OrderStatus.UNKNOWN)


def order_type(code: int) -> OrderType:
    return _TYPE.get(code, OrderType.UNKNOWN)


def side(code: int) -> Side:
    try:
        return _SIDE[code]
    except KeyError:
        raise ProtocolError(f"side {code} is neither 0 (buy) nor 1 (sell)") from None


def aggressor(code: int | None) -> Side | None:
    """A print's side; None when the venue did not say, or said something unlisted."""
    return None if code is None else _SIDE.get(code)


def side_code(value: Side) -> int:
    return _SIDE_CODE[value]


def type_code(value: OrderType) -> int:
    """Raises KeyError for a type that no order of ours can have."""
    return _TYPE_CODE[value]


def bar_unit_code(value: BarUnit) -> int:
    return _BAR_UNIT_CODE[value]


def signed_size(type_code: int, size: int) -> int:
    """Contracts held, long positive. Only a closed position may be neither long nor short."""
    if size < 0:
        raise ProtocolError(f"position size {size} is below zero")
    if size == 0:
        return 0
    if type_code == 1:
        return size
    if type_code == 2:
        return -size
    raise ProtocolError(f"position of {size} has type {type_code}, neither 1 (long) nor 2 (short)")


# Names of errorCode, from 1 upward, per endpoint.
LOGIN: Final = (
    "UserNotFound",
    "PasswordVerificationFailed",
    "InvalidCredentials",
    "AppNotFound",
    "AppVerificationFailed",
    "InvalidDevice",
    "AgreementsNotSigned",
    "UnknownError",
    "ApiSubscriptionNotFound",
    "ApiKeyAuthenticationDisabled",
)
VALIDATE: Final = ("InvalidSession", "SessionNotFound", "ExpiredToken", "UnknownError")
ACCOUNT_NEEDED: Final = ("AccountNotFound",)
CONTRACT_NEEDED: Final = ("ContractNotFound",)
ORDER_NEEDED: Final = ("OrderNotFound",)
BARS: Final = ("ContractNotFound", "UnitInvalid", "UnitNumberInvalid", "LimitInvalid")
PLACE: Final = (
    "AccountNotFound",
    "OrderRejected",
    "InsufficientFunds",
    "AccountViolation",
    "OutsideTradingHours",
    "OrderPending",
    "UnknownError",
    "ContractNotFound",
    "ContractNotActive",
    "AccountRejected",
)
CANCEL: Final = (
    "AccountNotFound",
    "OrderNotFound",
    "Rejected",
    "Pending",
    "UnknownError",
    "AccountRejected",
)
MODIFY: Final = (*CANCEL, "ContractNotFound")
CLOSE: Final = (
    "AccountNotFound",
    "PositionNotFound",
    "ContractNotFound",
    "ContractNotActive",
    "OrderRejected",
    "OrderPending",
    "UnknownError",
    "AccountRejected",
)
PARTIAL_CLOSE: Final = (*CLOSE[:4], "InvalidCloseSize", *CLOSE[4:])

# What the venue says about brackets on an account that cannot take them, and what helps.
# Source: gateway reference, 2.9 and 7.2.
_POSITION_BRACKETS: Final = "Brackets cannot be used with Position Brackets"
BRACKETS_REMEDY: Final = (
    "on the platform, with the account flat and no order working, open Settings, Risk Settings "
    "and switch the account to Auto OCO Brackets"
)

# Source: gateway reference, 2.9 and 6.7: what an account of the program gets after its flat time.
_NOT_TRADING: Final = "not in an active trading status"
CLOSED_REMEDY: Final = (
    "the market is halted, or the program's trading day is over; look at the platform's calendar"
)

# Of an instruction these do not say that it was not taken.
UNDECIDED: Final = frozenset(("Pending", "OrderPending", "UnknownError"))


def error_name(names: tuple[str, ...], code: int) -> str:
    return names[code - 1] if 1 <= code <= len(names) else "Unlisted"


def remedy(text: str | None) -> str | None:
    """What a person must change before such a refusal goes away; None where nothing is known."""
    if text and _POSITION_BRACKETS in text:
        return BRACKETS_REMEDY
    return CLOSED_REMEDY if text and _NOT_TRADING in text else None
