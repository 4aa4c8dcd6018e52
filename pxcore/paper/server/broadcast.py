"""Turns venue events into hub records, once each, and offers them to whoever subscribed.

User events are wrapped as `{action, data}`; quotes are partial: only what changed since the last
one, and everything known to a client that has just subscribed. Source: gateway reference, 4.6.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from pxcore.model import Contract, DepthKind, MarketTrade, OrderStatus, Quote
from pxcore.paper.exchange import (
    AccountChanged,
    FillMade,
    OrderChanged,
    PositionChanged,
    VenueEvent,
)
from pxcore.paper.markets.market import BookRow, DepthPush
from pxcore.paper.server.dialect import Dialect
from pxcore.paper.server.hub import END, ServedConnection, Topic
from pxcore.paper.server.rows import (
    DEPTH,
    SIDES,
    Json,
    RowForm,
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
    levels: dict[tuple[DepthKind, int], BookRow] = field(default_factory=dict)
    tops: dict[DepthKind, BookRow] = field(default_factory=dict)

    def follow(self, rows: Iterable[BookRow]) -> None:
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


Deliver = Callable[[str, ServedConnection, str, str], None]  # hub, client, target, record


def _offer(hub: str, client: ServedConnection, target: str, record: str) -> None:
    client.offer(record)


class Broadcaster:
    """`deliver` takes each record on its last step to a client. `skew` is how far stamps are off,
    `account_events` how many there have been.
    """

    def __init__(self, contracts: Iterable[Contract], dialect: Dialect) -> None:
        self.user_clients: set[ServedConnection] = set()
        self.market_clients: set[ServedConnection] = set()
        self.deliver: Deliver = _offer
        self.skew = timedelta(0)
        self.account_events = 0
        self._dialect = dialect
        self._contracts = {contract.id: contract for contract in contracts}
        self._boards = {contract_id: _Board() for contract_id in self._contracts}

    def clients(self, hub: str) -> set[ServedConnection]:
        return self.user_clients if hub == "user" else self.market_clients

    def tell(self, events: Iterable[VenueEvent | DepthPush]) -> None:
        form = RowForm(is_stream=True, skew=self.skew)
        for event in events:
            match event:
                case Quote():
                    self._tell_quote(event)
                case MarketTrade():
                    self._boards[event.contract_id].see(event)
                    self._tell_print(event)
                case DepthPush():
                    self._boards[event.contract_id].follow(event.rows)
                    self._tell_depth(event)
                case OrderChanged(order=order):
                    is_gone = order.status in _GONE_STATUSES
                    contract = self._contracts[order.contract_id]
                    row = order_row(event, contract, form)
                    action = _GONE if is_gone else _UPDATED
                    self._tell_user("orders", order.account_id, "GatewayUserOrder", action, row)
                case FillMade(fill=fill):
                    row = trade_row(fill, self._contracts[fill.contract_id], form)
                    self._tell_user("trades", fill.account_id, "GatewayUserTrade", _CREATED, row)
                case PositionChanged(position=held):
                    row = position_row(held, self._contracts[held.contract_id], form)
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
        self.account_events += 1
        topic: Topic = (subject, account_id)
        clients = [client for client in self.user_clients if topic in client.topics]
        if clients:
            is_wrapped = self._dialect.user_events == "wrapped"
            record = _invocation(target, {"action": action, "data": row} if is_wrapped else row)
            for client in clients:
                self.deliver("user", client, target, record)

    def _tell_quote(self, quote: Quote) -> None:
        topic: Topic = ("contractquotes", quote.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract, board = self._contracts[quote.contract_id], self._boards[quote.contract_id]
        known = board.told | _quote_fields(quote, board, contract)
        changed = {name: value for name, value in known.items() if board.told.get(name) != value}
        board.told = known
        at = quote.happened_at + self.skew
        whole, partial = "", ""
        is_always_whole = self._dialect.quotes == "full"
        for client in clients:
            if is_always_whole or topic in client.new_topics:
                client.new_topics.discard(topic)
                record = whole = whole or _quote_record(contract, known, at)
            else:
                record = partial = partial or _quote_record(contract, changed, at)
            self.deliver("market", client, "GatewayQuote", record)

    def _tell_print(self, trade: MarketTrade) -> None:
        topic: Topic = ("contracttrades", trade.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract = self._contracts[trade.contract_id]
        row: Json = {
            "symbolId": contract.symbol_id,
            "price": number(contract.price(trade.price_ticks)),
            "timestamp": market_time(trade.happened_at + self.skew),
            "type": 0 if trade.aggressor is None else SIDES[trade.aggressor],
            "volume": trade.size,
            "contractId": contract.id,
        }
        is_array = self._dialect.market_rows == "arrays"
        record = _invocation("GatewayTrade", contract.id, [row] if is_array else row)
        for client in clients:
            self.deliver("market", client, "GatewayTrade", record)

    def _tell_depth(self, push: DepthPush) -> None:
        """A client that has just subscribed gets the whole book first, in one batch."""
        topic: Topic = ("contractmarketdepth", push.contract_id)
        clients = [client for client in self.market_clients if topic in client.topics]
        if not clients:
            return
        contract, board = self._contracts[push.contract_id], self._boards[push.contract_id]
        at = push.at + self.skew
        changes: list[str] = []
        for client in clients:
            is_new = topic in client.new_topics and self._dialect.depth_snapshot == "on"
            client.new_topics.discard(topic)
            if is_new:
                whole = (*board.levels.values(), *board.tops.values())
                records = self._depth_records(contract, whole, at)
            else:
                changes = changes or self._depth_records(contract, push.rows, at)
                records = changes
            for record in records:
                self.deliver("market", client, "GatewayDepth", record)

    def _depth_records(
        self, contract: Contract, levels: Iterable[BookRow], at: datetime
    ) -> list[str]:
        """One record of all rows; one for each where single objects are spoken."""
        rows = _depth_rows(contract, levels, at)
        if self._dialect.market_rows == "arrays":
            return [_invocation("GatewayDepth", contract.id, rows)]
        return [_invocation("GatewayDepth", contract.id, row) for row in rows]


def _depth_rows(contract: Contract, levels: Iterable[BookRow], at: datetime) -> list[Json]:
    """Sizes of best rows are in `volume` alone, those of levels in both (reference, 4.6, 4.7)."""
    timestamp = stream_time(at)
    return [
        {
            "timestamp": timestamp,
            "type": DEPTH[level.kind],
            "price": number(contract.price(level.price_ticks)),
            "volume": level.size,
            "currentVolume": level.size if level.kind in _LEVELS else 0,
        }
        for level in levels
    ]


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
