"""Market data, thousands of messages a second, and the wrappings that hub payloads come in.

Two ways in, one way on. A record in the venue's usual shape is decoded whole, in one pass, by
`decode_usual`; everything else goes through `payloads` and `read_row`, slower and tolerant. Both
end in the same rows, and a `Tape` turns those into the model's events. A price is read once and
remembered, so that is a look-up and still exact. Source: gateway reference, 4.5 to 4.7.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from pxcore.gateway.wire import codes
from pxcore.gateway.wire.rows import whole_ticks
from pxcore.model import Contract, DepthLevel, MarketTrade, ProtocolError, Quote

_PRICES_MAX: Final = 65_536
_NESTING_MAX: Final = 8
_ID: Final = b'"CON.'  # how a contract id begins


class QuoteRow(msgspec.Struct, rename="camel"):
    best_bid: float | None = None
    best_ask: float | None = None
    last_price: float | None = None
    timestamp: datetime | None = None
    last_updated: datetime | None = None


class PrintRow(msgspec.Struct):
    price: float
    volume: int
    timestamp: datetime
    type: int | None = None


class DepthRow(msgspec.Struct, rename="camel"):
    type: int
    timestamp: datetime
    price: float = 0.0
    volume: int = 0
    current_volume: int = 0

    @property
    def size(self) -> int:
        """Contracts there now. A level's own figure is the current one where it has one."""
        is_level = self.type in (1, 2)
        return self.current_volume if is_level and self.current_volume > 0 else self.volume


class UsualQuote(msgspec.Struct, tag_field="target", tag="GatewayQuote"):
    """A whole record, as the venue writes it."""

    type: Literal[1]
    arguments: tuple[str, QuoteRow]


class UsualPrints(msgspec.Struct, tag_field="target", tag="GatewayTrade"):
    type: Literal[1]
    arguments: tuple[str, list[PrintRow]]


class UsualDepth(msgspec.Struct, tag_field="target", tag="GatewayDepth"):
    type: Literal[1]
    arguments: tuple[str, list[DepthRow]]


Usual = UsualQuote | UsualPrints | UsualDepth

decode_usual = msgspec.json.Decoder(Usual, strict=False).decode


class _Wrapper(msgspec.Struct):
    action: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_array = msgspec.json.Decoder(list[msgspec.Raw])
_wrapper = msgspec.json.Decoder(_Wrapper)
_text = msgspec.json.Decoder(str)


def payloads(argument: msgspec.Raw | bytes, depth: int = 0) -> Iterator[bytes]:
    """The objects in one hub argument: bare or as {action, data}, one or an array of them.

    Also {data: […]} and {payload: […]}, JSON inside a string, and a contract id put before its
    object: nobody has recorded those, clients in the field guard against them. `action` is not
    read: its meaning is not documented, and status, type and size say it all. What cannot be
    taken apart is yielded as it is: whoever reads it refuses it.
    """
    raw = bytes(argument)
    inner = _opened(raw) if depth < _NESTING_MAX else None
    if inner is None:
        yield raw
        return
    for one in inner:
        yield from payloads(one, depth + 1)


def _opened(raw: bytes) -> list[msgspec.Raw] | list[bytes] | None:
    """What an array, a string or a wrapper holds; None for a bare object."""
    try:
        if raw.startswith(b"["):
            return [item for item in _array.decode(raw) if not bytes(item).startswith(_ID)]
        if raw.startswith(b'"'):
            return [_text.decode(raw).encode()]
        if raw.startswith(b"{") and (b'"data"' in raw or b'"payload"' in raw):
            return _unwrapped(_wrapper.decode(raw))
    except msgspec.MsgspecError:
        return None
    return None


def _unwrapped(wrapper: _Wrapper) -> list[msgspec.Raw] | None:
    is_user_event = isinstance(wrapper.action, msgspec.Raw)
    for inner in (wrapper.data, wrapper.payload):
        if isinstance(inner, msgspec.Raw) and (is_user_event or bytes(inner).startswith(b"[")):
            return [inner]
    return None


class Tape:
    """What one contract's market data said so far, on one connection.

    A quote holds only what changed; the rest, its stamp too, stays as it was. A new connection
    needs a new tape: what changed in between was not heard.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._id = contract.id
        self._ticks: dict[float, int] = {}
        self._bid: int | None = None
        self._ask: int | None = None
        self._last: int | None = None
        self._stamp: datetime | None = None

    def quote(self, row: QuoteRow, at: datetime) -> Quote:
        """The quote after this update. Raises ProtocolError, changing nothing."""
        bid = self._bid if row.best_bid is None else self._read(row.best_bid)
        ask = self._ask if row.best_ask is None else self._read(row.best_ask)
        last = self._last if row.last_price is None else self._read(row.last_price)
        stamp = row.timestamp or row.last_updated or self._stamp
        if stamp is None:
            raise ProtocolError(f"the first quote of {self.contract.name} has no time stamp")
        if stamp.tzinfo is not UTC:
            stamp = _utc(stamp)
        self._bid, self._ask, self._last, self._stamp = bid, ask, last, stamp
        return Quote(
            at=at,
            happened_at=stamp,
            contract_id=self._id,
            bid_ticks=bid,
            ask_ticks=ask,
            last_ticks=last,
        )

    def market_trade(self, row: PrintRow, at: datetime) -> MarketTrade:
        """One print. Raises ProtocolError."""
        return MarketTrade(
            at=at,
            happened_at=_utc(row.timestamp),
            contract_id=self._id,
            price_ticks=self._read(row.price),
            size=row.volume,
            aggressor=codes.aggressor(row.type),
        )

    def depth(self, row: DepthRow, at: datetime) -> DepthLevel:
        """One row of the book. Raises ProtocolError."""
        return DepthLevel(
            at=at,
            happened_at=_utc(row.timestamp),
            contract_id=self._id,
            kind=codes.depth_kind(row.type),
            price_ticks=self._read(row.price),
            size=row.size,
        )

    def _read(self, price: float) -> int:
        ticks = self._ticks.get(price)
        if ticks is None:
            ticks = whole_ticks(self.contract, price)
            if len(self._ticks) >= _PRICES_MAX:
                self._ticks.clear()
            self._ticks[price] = ticks
        return ticks


def _utc(stamp: datetime) -> datetime:
    """Aware and UTC; a stamp without a zone is UTC."""
    if stamp.tzinfo is UTC:
        return stamp
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
