"""What is always true of the exchange, over generated histories."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from paper_scenes import (
    ACCOUNT,
    MNQ,
    START_USD,
    after,
    bracketed,
    buy,
    limit,
    market,
    printed,
    quote,
    run,
    sell,
    stop,
)

from pxcore.model import Order, OrderStatus, Side
from pxcore.paper.exchange import Exchange, OrderChanged, VenueEvent

ACTIONS = ("buy", "sell", "long", "short", "limit", "stop", "cancel", "close", "tick", "wait")
History = list[tuple[str, int]]
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(-60, 60)), max_size=40)


def act(exchange: Exchange, at_ms: int, action: str, number: int) -> list[VenueEvent]:
    """One step of a history; `number` is a size, a distance or a wait, as the action needs."""
    now, size = after(at_ms), 1 + abs(number) % 4
    match action:
        case "buy":
            exchange.place(now, ACCOUNT, buy(size))
        case "sell":
            exchange.place(now, ACCOUNT, sell(size))
        case "long":
            exchange.place(now, ACCOUNT, bracketed(Side.BUY, loss=-9, profit=15, tag=f"t{at_ms}"))
        case "short":
            exchange.place(now, ACCOUNT, bracketed(Side.SELL, loss=9, profit=-15, tag=f"t{at_ms}"))
        case "limit":
            exchange.place(now, ACCOUNT, limit(Side.BUY, 100_000 + number))
        case "stop":
            exchange.place(now, ACCOUNT, stop(Side.SELL, 100_000 - number))
        case "cancel":
            for order in exchange.orders(ACCOUNT)[-2:]:
                exchange.cancel(now, ACCOUNT, order.id)
        case "close":
            exchange.close(now, ACCOUNT, MNQ.id)
        case "tick":
            level = 100_000 + number
            return [
                *exchange.feed(quote(at_ms, level, level + 1)),
                *exchange.feed(printed(at_ms, level)),
            ]
    return exchange.advance(now)


def live_through(history: History) -> tuple[Exchange, list[VenueEvent]]:
    exchange, events, at_ms = market(), [], 0
    for action, number in history:
        at_ms += 1 + abs(number) % 30
        events += act(exchange, at_ms, action, number)
    return exchange, events + run(exchange, at_ms + 1000)


@settings(max_examples=150, deadline=None)
@given(HISTORIES)
def test_position_is_the_sum_of_fills_and_balance_the_start_plus_their_net(
    history: History,
) -> None:
    exchange, _ = live_through(history)
    fills = exchange.fills(ACCOUNT)
    held = sum(position.size for position in exchange.positions(ACCOUNT))
    assert held == sum(fill.signed_size for fill in fills)
    account = exchange.account(ACCOUNT)
    assert account is not None
    assert account.balance_usd == START_USD + sum((f.net_usd for f in fills), Decimal(0))
    assert account.balance_usd == round(account.balance_usd, 2)


@settings(max_examples=150, deadline=None)
@given(HISTORIES)
def test_a_finished_order_never_changes_again_and_fills_once(history: History) -> None:
    exchange, events = live_through(history)
    finished: dict[int, Order] = {}
    for event in events:
        if isinstance(event, OrderChanged):
            assert event.order.id not in finished
            if not event.order.is_alive:
                finished[event.order.id] = event.order
    filled = {o.id: o.size for o in finished.values() if o.status is OrderStatus.FILLED}
    traded: dict[int, int] = {}
    for fill in exchange.fills(ACCOUNT):
        traded[fill.order_id] = traded.get(fill.order_id, 0) + fill.size
    assert traded == filled


@settings(max_examples=100, deadline=None)
@given(HISTORIES)
def test_events_come_in_time_order_and_end_in_the_exchanges_own_state(history: History) -> None:
    exchange, events = live_through(history)
    assert [event.at for event in events] == sorted(event.at for event in events)
    told = {event.order.id: event.order for event in events if isinstance(event, OrderChanged)}
    assert list(exchange.orders(ACCOUNT)) == [told[order_id] for order_id in sorted(told)]
