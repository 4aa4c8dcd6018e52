"""Small worlds for the tests: an exchange with two contracts, and shorthand to drive it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pxcore.model import MarketTrade, OrderType, Quote, Side
from pxcore.paper.exchange import (
    AccountSpec,
    BracketMode,
    Exchange,
    ExchangeConfig,
    Leg,
    OrderChanged,
    PlaceRequest,
    VenueEvent,
)
from pxcore.paper.markets.catalogue import catalogue, find_contract

OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LISTED = catalogue(date(2026, 11, 20))
MNQ = find_contract(LISTED, "MNQ")
ES = find_contract(LISTED, "ES")
ACCOUNT = 26200002
POSITION_MODE_ACCOUNT = 26200003
LOCKED_ACCOUNT = 26200004
START_USD = Decimal("50000.00")


def after(ms: float) -> datetime:
    return OPEN + timedelta(milliseconds=ms)


def ms(at: datetime) -> float:
    return (at - OPEN).total_seconds() * 1000


def market(
    *,
    bid: int | None = 100_000,
    ask: int | None = 100_001,
    config: ExchangeConfig | None = None,
    is_open: Callable[..., bool] = lambda contract, at: True,
    seed: int = 7,
) -> Exchange:
    """An exchange whose MNQ is quoted so at OPEN; nothing else has a quote."""
    exchange = Exchange(
        contracts=LISTED,
        accounts=(
            AccountSpec(ACCOUNT, "PRAC-V2-600001-40000002", START_USD),
            AccountSpec(POSITION_MODE_ACCOUNT, "PRAC-2", START_USD, BracketMode.POSITION),
            AccountSpec(LOCKED_ACCOUNT, "50KTC-3", START_USD, can_trade=False),
        ),
        seed=seed,
        config=config or ExchangeConfig(),
        is_open=is_open,
    )
    exchange.feed(quote(0, bid, ask))
    return exchange


def quote(at_ms: float, bid: int | None, ask: int | None, contract_id: str = MNQ.id) -> Quote:
    at = after(at_ms)
    return Quote(at=at, happened_at=at, contract_id=contract_id, bid_ticks=bid, ask_ticks=ask)


def printed(at_ms: float, ticks: int, size: int = 1) -> MarketTrade:
    at = after(at_ms)
    return MarketTrade(at=at, happened_at=at, contract_id=MNQ.id, price_ticks=ticks, size=size)


def buy(size: int = 1, tag: str | None = None) -> PlaceRequest:
    return PlaceRequest(
        contract_id=MNQ.id, type=OrderType.MARKET, side=Side.BUY, size=size, tag=tag
    )


def sell(size: int = 1, tag: str | None = None) -> PlaceRequest:
    return PlaceRequest(
        contract_id=MNQ.id, type=OrderType.MARKET, side=Side.SELL, size=size, tag=tag
    )


def limit(side: Side, ticks: int, *, tag: str | None = None) -> PlaceRequest:
    return PlaceRequest(
        contract_id=MNQ.id,
        type=OrderType.LIMIT,
        side=side,
        size=1,
        limit_price=MNQ.price(ticks),
        tag=tag,
    )


def stop(side: Side, ticks: int, *, tag: str | None = None) -> PlaceRequest:
    return PlaceRequest(
        contract_id=MNQ.id,
        type=OrderType.STOP,
        side=side,
        size=1,
        stop_price=MNQ.price(ticks),
        tag=tag,
    )


def bracketed(side: Side, *, loss: int, profit: int, tag: str | None = "T") -> PlaceRequest:
    """A market entry of one contract; `loss` and `profit` as the wire has them, signed."""
    return PlaceRequest(
        contract_id=MNQ.id,
        type=OrderType.MARKET,
        side=side,
        size=1,
        tag=tag,
        stop_loss=Leg(ticks=loss, type=OrderType.STOP),
        take_profit=Leg(ticks=profit, type=OrderType.LIMIT),
    )


def run(exchange: Exchange, until_ms: float) -> list[VenueEvent]:
    return exchange.advance(after(until_ms))


def order_steps(events: list[VenueEvent]) -> list[tuple[str, str, float]]:
    """Tag (or type), status and milliseconds since OPEN of every order event."""
    return [
        (event.order.tag or event.order.type.value, event.order.status.value, ms(event.at))
        for event in events
        if isinstance(event, OrderChanged)
    ]
