"""Quotes and prints, thousands a second, and the wrappings that hub payloads come in.

A price is read once and remembered, so the hot path is a look-up and still exact.
Source: gateway reference, 4.5 and 4.6.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from pxcore.gateway.wire import codes
from pxcore.gateway.wire.rows import moment, whole_ticks
from pxcore.model import Contract, MarketTrade, ProtocolError, Quote

_PRICES_MAX = 65_536


class _Wrapper(msgspec.Struct):
    action: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _QuoteRow(msgspec.Struct, rename="camel"):
    best_bid: float | None = None
    best_ask: float | None = None
    last_price: float | None = None
    timestamp: str | None = None
    last_updated: str | None = None


class _PrintRow(msgspec.Struct):
    price: float
    volume: int
    timestamp: str
    type: int | None = None


_array = msgspec.json.Decoder(list[msgspec.Raw])
_wrapper = msgspec.json.Decoder(_Wrapper)
_quote = msgspec.json.Decoder(_QuoteRow, strict=False)
_print = msgspec.json.Decoder(_PrintRow, strict=False)


def payloads(argument: msgspec.Raw) -> Iterator[bytes]:
    """The objects in one hub argument: bare or as {action, data}, one or an array of them.

    `action` is not read: its meaning is not documented, and status, type and size say it all.
    """
    raw = bytes(argument)
    if raw.startswith(b"["):
        for item in _array.decode(raw):
            yield from payloads(item)
        return
    if b'"data"' in raw and raw.startswith(b"{"):
        wrapped = _wrapper.decode(raw)
        if isinstance(wrapped.data, msgspec.Raw) and isinstance(wrapped.action, msgspec.Raw):
            yield from payloads(wrapped.data)
            return
    yield raw


class Tape:
    """What one contract's market data said so far, on one connection.

    A quote holds only what changed; the rest, its stamp too, stays as it was. A new connection
    needs a new tape: what changed in between was not heard.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._ticks: dict[float, int] = {}
        self._bid: int | None = None
        self._ask: int | None = None
        self._last: int | None = None
        self._stamp: datetime | None = None

    def quote(self, raw: bytes, at: datetime) -> Quote:
        """The quote after this update. Raises ProtocolError, changing nothing."""
        try:
            row = _quote.decode(raw)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ProtocolError(f"quote of {self.contract.name}: {error}") from error
        bid = self._bid if row.best_bid is None else self._read(row.best_bid)
        ask = self._ask if row.best_ask is None else self._read(row.best_ask)
        last = self._last if row.last_price is None else self._read(row.last_price)
        text = row.timestamp or row.last_updated
        stamp = moment(text) if text else self._stamp
        if stamp is None:
            raise ProtocolError(f"the first quote of {self.contract.name} has no time stamp")
        self._bid, self._ask, self._last, self._stamp = bid, ask, last, stamp
        return Quote(
            at=at,
            happened_at=stamp,
            contract_id=self.contract.id,
            bid_ticks=bid,
            ask_ticks=ask,
            last_ticks=last,
        )

    def market_trade(self, raw: bytes, at: datetime) -> MarketTrade:
        """One print. Raises ProtocolError."""
        try:
            row = _print.decode(raw)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ProtocolError(f"print of {self.contract.name}: {error}") from error
        return MarketTrade(
            at=at,
            happened_at=moment(row.timestamp),
            contract_id=self.contract.id,
            price_ticks=self._read(row.price),
            size=row.volume,
            aggressor=codes.aggressor(row.type),
        )

    def _read(self, price: float) -> int:
        ticks = self._ticks.get(price)
        if ticks is None:
            ticks = whole_ticks(self.contract, price)
            if len(self._ticks) >= _PRICES_MAX:
                self._ticks.clear()
            self._ticks[price] = ticks
        return ticks
