"""Market data, thousands of messages a second, and the wrappings that hub payloads come in.

Two ways in, one way on. Records in the venue's usual shape are decoded whole, in one pass, by
`decode_lines`; everything else goes through `payloads` and `read_row`, slower and tolerant. Both
end in the same rows, and a `Tape` turns those into the model's events. A price is read once and
remembered, so that is a look-up and still exact. What the contract cannot have (off its grid, no
number, zero where that cannot be) is no price: that side of a quote is not known, and a print or a
level there is none. Source: gateway reference, 4.5 to 4.7.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from pxcore.gateway.wire import codes
from pxcore.gateway.wire.bad_prices import BadPrices, PriceReport
from pxcore.gateway.wire.rows import whole_ticks
from pxcore.host.decoding import Decoder
from pxcore.model import Contract, DepthKind, DepthLevel, MarketTrade, ProtocolError, Quote

_PRICES_MAX: Final = 65_536
_NESTING_MAX: Final = 8
_ID: Final = b'"CON.'  # how a contract id begins
_PRICELESS: Final = (DepthKind.RESET, DepthKind.UNKNOWN)  # rows whose price need not be one


class QuoteRow(msgspec.Struct, rename="camel", gc=False):
    best_bid: float | None = None
    best_ask: float | None = None
    last_price: float | None = None
    timestamp: datetime | None = None
    last_updated: datetime | None = None


class PrintRow(msgspec.Struct, gc=False):
    price: float
    volume: int
    timestamp: datetime
    type: int | None = None


class DepthRow(msgspec.Struct, rename="camel", gc=False):
    type: int
    timestamp: datetime
    price: float = 0.0
    volume: int = 0
    current_volume: int = 0


Row = QuoteRow | PrintRow | DepthRow


class UsualQuote(msgspec.Struct, tag_field="target", tag="GatewayQuote", gc=False):
    """A whole record, as the venue writes it."""

    type: Literal[1]
    arguments: tuple[str, QuoteRow | list[QuoteRow]]


class UsualPrints(msgspec.Struct, tag_field="target", tag="GatewayTrade", gc=False):
    type: Literal[1]
    arguments: tuple[str, PrintRow | list[PrintRow]]


class UsualDepth(msgspec.Struct, tag_field="target", tag="GatewayDepth", gc=False):
    type: Literal[1]
    arguments: tuple[str, DepthRow | list[DepthRow]]


Usual = UsualQuote | UsualPrints | UsualDepth

_usual: Decoder[Usual] = Decoder(Usual, strict=False)
decode_lines = _usual.decode_lines


class _Wrapper(msgspec.Struct):
    action: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    payload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_array: Decoder[list[msgspec.Raw]] = Decoder(list[msgspec.Raw])
_wrapper: Decoder[_Wrapper] = Decoder(_Wrapper)
_text: Decoder[str] = Decoder(str)


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
    except ProtocolError:
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

    def __init__(self, contract: Contract, report: PriceReport) -> None:
        self.contract = contract
        self._id = contract.id
        self._bad = BadPrices(contract.name, report)
        self._known: dict[float, int] = {}
        self._ticks = self._known  # the quick way to it: closed while a kind of price is gone
        self._bid: int | None = None
        self._ask: int | None = None
        self._last: int | None = None
        self._stamp: datetime | None = None

    def event(self, row: Row, at: datetime) -> Quote | MarketTrade | DepthLevel | None:
        """What the row says, learned at that moment; None for a print or a level at no price.

        Raises ProtocolError, changing nothing.
        """
        kind = type(row)
        if kind is DepthRow:
            return self._depth(row, at)  # type: ignore[arg-type]
        return self._print(row, at) if kind is PrintRow else self.quote(row, at)  # type: ignore[arg-type]

    def quote(self, row: QuoteRow, at: datetime) -> Quote:
        """The quote after this update. Raises ProtocolError, changing nothing."""
        bid, ask, last, ticks = row.best_bid, row.best_ask, row.last_price, self._ticks
        stamp = row.timestamp or row.last_updated or self._stamp
        if stamp is None:
            raise ProtocolError(f"the first quote of {self.contract.name} has no time stamp")
        if stamp.tzinfo is not UTC:
            stamp = _utc(stamp)
        bid_ticks = self._bid if bid is None else ticks.get(bid) or self._read("bid", bid, at)
        ask_ticks = self._ask if ask is None else ticks.get(ask) or self._read("ask", ask, at)
        last_ticks = self._last if last is None else ticks.get(last) or self._read("last", last, at)
        self._bid, self._ask, self._last, self._stamp = bid_ticks, ask_ticks, last_ticks, stamp
        return Quote(
            at=at,
            happened_at=stamp,
            contract_id=self._id,
            bid_ticks=bid_ticks,
            ask_ticks=ask_ticks,
            last_ticks=last_ticks,
        )

    def _print(self, row: PrintRow, at: datetime) -> MarketTrade | None:
        stamp, price = row.timestamp, row.price
        ticks = self._ticks.get(price) or self._read("print", price, at)
        if ticks is None:
            return None
        return MarketTrade(
            at=at,
            happened_at=stamp if stamp.tzinfo is UTC else _utc(stamp),
            contract_id=self._id,
            price_ticks=ticks,
            size=row.volume,
            aggressor=codes.aggressor(row.type),
        )

    def _depth(self, row: DepthRow, at: datetime) -> DepthLevel | None:
        stamp, price, code, current = row.timestamp, row.price, row.type, row.current_volume
        kind = codes.DEPTH.get(code, DepthKind.UNKNOWN)
        ticks = self._ticks.get(price)
        if ticks is None and kind in _PRICELESS:
            ticks = whole_ticks(self.contract, price)
        elif ticks is None:
            ticks = self._read("depth", price, at)
        if ticks is None:
            return None
        return DepthLevel(
            at=at,
            happened_at=stamp if stamp.tzinfo is UTC else _utc(stamp),
            contract_id=self._id,
            kind=kind,
            price_ticks=ticks,
            # a level's own figure is the current one, where it has one (reference, 4.7)
            size=current if current > 0 and (code == 1 or code == 2) else row.volume,
        )

    def _read(self, kind: str, price: float, at: datetime) -> int | None:
        """Its ticks, remembered; None, and noted, where it is no price of the contract."""
        bad, ticks = self._bad, self._known.get(price)
        if ticks is None:
            why, ticks = self._reckoned(price)
            if ticks is None:
                bad.note(kind, why, at)
                self._ticks = {}
                return None
        if kind in bad.gone:
            bad.note_back(kind)
            self._ticks = self._ticks if bad.gone else self._known
        return ticks

    def _reckoned(self, price: float) -> tuple[str, int | None]:
        """Its ticks; or None, and why it cannot be."""
        try:
            ticks = whole_ticks(self.contract, price)
        except ProtocolError as error:
            return str(error), None
        if not self.contract.can_be_at(ticks):
            return f"it cannot be at {price:g}", None
        if len(self._known) >= _PRICES_MAX:
            self._known.clear()
        self._known[price] = ticks
        return "", ticks


def _utc(stamp: datetime) -> datetime:
    """Aware and UTC; a stamp without a zone is UTC."""
    if stamp.tzinfo is UTC:
        return stamp
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
