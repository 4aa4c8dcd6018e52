"""Turns venue events into hub records, once each, and offers them to whoever subscribed.

User events are wrapped as `{action, data}`; quotes are partial: only what changed since the last
one, and everything known to a client that has just subscribed. Source: gateway reference, 4.6.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import msgspec

from pxcore.model import Contract, DepthKind, DepthLevel, MarketTrade, OrderStatus, Quote
from pxcore.paper.exchange import (
    AccountChanged,
    FillMade,
    OrderChanged,
    PositionChanged,
    VenueEvent,
)
from pxcore.paper.market import DepthPush
from pxcore.paper.server.hub import END, HubConnection, Topic
from pxcore.paper.server.wire import (
    SIDES,
    Json,
    account_row,
    market_time,
    number,
    order_row,
    position_row,
    stream_time,
    trade_row,
)

_CREATED, _UPDATED, _GONE = 0, 1, 2
_LEVELS = frozenset((DepthKind.ASK, DepthKind.BID))
_TOPS = frozenset((DepthKind.BEST_ASK, DepthKind.BEST_BID))
_GONE_STATUSES = (OrderStatus.FILLED, OrderStatus.CANCELLED)


@dataclass(slots=True)
class _Board:
    """What has been told of a contract's market, and its session's figures, in ticks."""

    told: Json = field(default_factory=dict)
    last: int | None = None
    open: int | None = None
    high: int | None = None
    low: int | None = None
    volume: int = 0
    levels: dict[tuple[DepthKind, int], DepthLevel] = field(default_factory=dict)
    tops: dict[DepthKind, DepthLevel] = field(default_factory=dict)

    def follow(self, rows: Iterable[DepthLevel]) -> None:
        """The book after these rows of depth."""
        for row in rows:
            if row.kind in _TOPS:
                self.tops[row.kind] = row
            elif row.kind in _LEVELS and row.size:
                self.levels[row.kind, row.price_ticks] = row
            elif row.kind in _LEVELS:
                self.levels.pop((row.kind, row.price_ticks), None)

    def see(self, trade: MarketTrade) -> None:
        price = self.last = trade.price_ticks
        self.open = price if self.open is None else self.open
        self.high = price if self.high is None else max(self.high, price)
        self.low = price if self.low is None else min(self.low, price)
        self.volume += trade.size


class Broadcaster:
    def __init__(self, contracts: Iterable[Contract]) -> None:
        self.user_clients: set[HubConnection] = set()
        self.market_clients: set[HubConnection] = set()
        self._contracts = {contract.id: contract for contract in contracts}
        self._boards = {contract_id: _Board() for contract_id in self._contracts}

    def tell(self, events: Iterable[VenueEvent | DepthPush]) -> None:
        for event in events:
            match event:
                case Quote():
                    self._tell_quote(event)
                case MarketTrade():
                    self._boards[event.contract_id].see(event)
                    self._tell_print(event)
                case DepthPush():
                    self._boards[event.contract_id].follow(event.levels)
                    self._tell_depth(event)
                case OrderChanged(order=order):
                    is_gone = order.status in _GONE_STATUSES
                    contract = self._contracts[order.contract_id]
                    row = order_row(event, contract, stream=True)
                    action = _GONE if is_gone else _UPDATED
                    self._tell_user("orders", order.account_id, "GatewayUserOrder", action, row)
                case FillMade(fill=fill):
                    row = trade_row(fill, self._contracts[fill.contract_id], stream=True)
                    self._tell_user("trades", fill.account_id, "GatewayUserTrade", _CREATED, row)
                case PositionChanged(position=held):
                    row = position_row(held, self._contracts[held.contract_id], stream=True)
                    action = _GONE if held.is_flat else _UPDATED
                    self._tell_user(
                        "positions", held.account_id, "GatewayUserPosition", action, row
                    )
                case AccountChanged(account=account):
                    row = account_row(account)
                    self._tell_user("accounts", None, "GatewayUserAccount", _UPDATED, row)
                case _:
                    assert_never(event)

    def _tell_user(
        self, subject: str, account_id: int | None, target: str, action: int, row: Json
    ) -> None:
        topic: Topic = (subject, account_id)
        clients = [client for client in self.user_clients if topic in client.topics]
        if clients:
            record = _invocation(target, {"action": action, "data": row})
            for client in clients:
                client.offer(record)

    def _tell_quote(self, quote: Quote) -> None:
        topic: Topic = ("contractquotes", quote.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract, board = self._contracts[quote.contract_id], self._boards[quote.contract_id]
        known = board.told | _quote_fields(quote, board, contract)
        changed = {name: value for name, value in known.items() if board.told.get(name) != value}
        board.told = known
        partial = _quote_record(contract, changed, quote.happened_at)
        for client in clients:
            if topic in client.new_topics:
                client.new_topics.discard(topic)
                client.offer(_quote_record(contract, known, quote.happened_at))
            else:
                client.offer(partial)

    def _tell_print(self, trade: MarketTrade) -> None:
        topic: Topic = ("contracttrades", trade.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract = self._contracts[trade.contract_id]
        row: Json = {
            "symbolId": contract.symbol_id,
            "price": number(contract.price(trade.price_ticks)),
            "timestamp": market_time(trade.happened_at),
            "type": 0 if trade.aggressor is None else SIDES[trade.aggressor],
            "volume": trade.size,
            "contractId": contract.id,
        }
        record = _invocation("GatewayTrade", contract.id, [row])
        for client in clients:
            client.offer(record)

    def _tell_depth(self, push: DepthPush) -> None:
        """A client that has just subscribed gets the whole book first, in one batch."""
        topic: Topic = ("contractmarketdepth", push.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract, board = self._contracts[push.contract_id], self._boards[push.contract_id]
        change: str | None = None
        for client in clients:
            if topic in client.new_topics:
                client.new_topics.discard(topic)
                whole = (*board.levels.values(), *board.tops.values())
                client.offer(_depth_record(contract, whole, push.at))
            else:
                change = change or _depth_record(contract, push.levels, push.at)
                client.offer(change)


def _depth_record(contract: Contract, rows: Iterable[DepthLevel], at: datetime) -> str:
    """Sizes of best rows are in `volume` alone, those of levels in both (reference, 4.6, 4.7)."""
    timestamp = stream_time(at)
    return _invocation(
        "GatewayDepth",
        contract.id,
        [
            {
                "timestamp": timestamp,
                "type": row.kind,
                "price": number(contract.price(row.price_ticks)),
                "volume": row.size,
                "currentVolume": row.size if row.kind in _LEVELS else 0,
            }
            for row in rows
        ],
    )


def _quote_fields(quote: Quote, board: _Board, contract: Contract) -> Json:
    """What this quote and the tape so far make known; what they do not is left out."""
    ticks = {
        "lastPrice": board.last,
        "bestBid": quote.bid_ticks,
        "bestAsk": quote.ask_ticks,
        "change": None if board.last is None or board.open is None else board.last - board.open,
        "open": board.open,
        "high": board.high,
        "low": board.low,
    }
    fields: Json = {
        name: number(contract.price(value)) for name, value in ticks.items() if value is not None
    }
    return fields | {"volume": board.volume} if board.volume else fields


def _quote_record(contract: Contract, fields: Json, at: datetime) -> str:
    row: Json = {
        "symbol": contract.symbol_id,
        **fields,
        "lastUpdated": stream_time(at),
        "timestamp": market_time(at),
        "contract": contract.id,
    }
    return _invocation("GatewayQuote", contract.id, row)


def _invocation(target: str, *arguments: object) -> str:
    message = {"type": 1, "target": target, "arguments": arguments}
    return msgspec.json.encode(message).decode() + END
