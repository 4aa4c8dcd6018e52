"""Order types beyond market, limit and stop, and orders that fill in parts."""

from dataclasses import replace
from decimal import Decimal

import pytest
from paper_scenes import (
    ACCOUNT,
    MNQ,
    OPEN,
    after,
    bracketed,
    buy,
    limit,
    market,
    order_steps,
    printed,
    quote,
    run,
    sell,
    stop,
)

from pxcore.model import Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange import (
    CancelCode,
    Change,
    Clips,
    Exchange,
    ExchangeConfig,
    Leg,
    ModifyCode,
    PlaceCode,
    PlaceRequest,
    StopLimits,
)

CLIPPED = ExchangeConfig(clips=Clips(size=2, gap_ms=5))


def the(exchange: Exchange, tag: str) -> Order:
    return next(order for order in exchange.orders(ACCOUNT) if order.tag == tag)


def trailing(side: Side, ticks: int) -> PlaceRequest:
    return PlaceRequest(
        contract_id=MNQ.id,
        type=OrderType.TRAILING_STOP,
        side=side,
        size=1,
        trail_price=MNQ.price(ticks),
        tag="T",
    )


def with_trail(side: Side, ticks: int, *, last: int = 100_000) -> Exchange:
    """A trailing stop that works, after a trade at `last`."""
    exchange = market()
    exchange.feed(printed(0, last))
    assert exchange.place(OPEN, ACCOUNT, trailing(side, ticks)).code is PlaceCode.SUCCESS
    run(exchange, 5)
    return exchange


def moved(exchange: Exchange, at_ms: float, ticks: int) -> None:
    """The market goes there: quote, then print."""
    exchange.feed(quote(at_ms, ticks, ticks + 1))
    exchange.feed(printed(at_ms, ticks))


def test_trailing_stop_reads_back_as_a_distance_without_a_level() -> None:
    # Reference 2.9: tick 0.01, last 70.50, sell trail 70.44 is 6 ticks.
    (row,) = with_trail(Side.SELL, 99_994).order_rows(ACCOUNT)
    assert (row.trail_ticks, row.order.stop_ticks, row.order.limit_ticks) == (6, None, None)
    assert row.order.status is OrderStatus.OPEN


def test_distance_is_the_same_whichever_side_of_the_last_trade_the_level_is() -> None:
    (row,) = with_trail(Side.SELL, 100_006).order_rows(ACCOUNT)
    assert row.trail_ticks == 6


def test_trailing_stop_follows_a_better_market_and_never_gives_way() -> None:
    exchange = with_trail(Side.SELL, 99_994)  # 6 ticks below 100000
    for at_ms, ticks in ((10, 100_010), (20, 100_005)):
        moved(exchange, at_ms, ticks)
    assert the(exchange, "T").status is OrderStatus.OPEN  # its level is 100004 now
    moved(exchange, 30, 100_004)
    assert the(exchange, "T").filled_ticks == 100_004


def test_buy_trailing_stop_is_the_mirror() -> None:
    exchange = with_trail(Side.BUY, 100_006)
    moved(exchange, 10, 99_990)
    moved(exchange, 20, 99_995)
    assert the(exchange, "T").status is OrderStatus.OPEN
    moved(exchange, 30, 99_996)
    assert the(exchange, "T").filled_ticks == 99_997  # the ask


def test_trailing_stop_can_be_given_another_distance_beyond_the_maximum_of_place() -> None:
    exchange = with_trail(Side.SELL, 99_994)
    change = Change(trail_price=MNQ.price(98_500))
    answered = exchange.modify(after(10), ACCOUNT, the(exchange, "T").id, change)
    run(exchange, 20)
    assert answered.code is ModifyCode.SUCCESS
    assert exchange.order_rows(ACCOUNT)[0].trail_ticks == 1500
    moved(exchange, 30, 98_501)
    assert the(exchange, "T").status is OrderStatus.OPEN


def test_trailing_stop_loss_of_a_bracket_trails_from_the_entrys_fill() -> None:
    exchange = market()
    legs = bracketed(Side.BUY, loss=-40, profit=500)
    request = replace(legs, stop_loss=Leg(ticks=-40, type=OrderType.TRAILING_STOP))
    exchange.place(OPEN, ACCOUNT, request)
    run(exchange, 100)  # filled at 100001
    moved(exchange, 200, 100_101)
    moved(exchange, 300, 100_061)  # 40 below the best trade
    assert the(exchange, "T-SL").filled_ticks == 100_061


@pytest.mark.parametrize(
    ("type_", "side", "level"),
    [
        (OrderType.JOIN_BID, Side.BUY, 100_000),
        (OrderType.JOIN_ASK, Side.SELL, 100_001),
    ],
    ids=["bid", "ask"],
)
def test_join_order_rests_at_the_best_price_of_its_side(
    type_: OrderType, side: Side, level: int
) -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, replace(buy(tag="J"), type=type_, side=side))
    run(exchange, 5)
    exchange.feed(quote(10, 99_995, 100_006))
    order = the(exchange, "J")
    assert (order.status, order.type, order.limit_ticks) == (OrderStatus.OPEN, type_, level)
    exchange.feed(printed(20, level - side.sign))
    assert the(exchange, "J").filled_ticks == level


def test_join_order_on_the_far_side_trades_at_once() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, replace(sell(tag="J"), type=OrderType.JOIN_BID))
    run(exchange, 5)
    assert the(exchange, "J").filled_ticks == 100_000


def stop_limit(stop_ticks: int, limit_ticks: int) -> PlaceRequest:
    return replace(
        stop(Side.BUY, stop_ticks, tag="S"),
        type=OrderType.STOP_LIMIT,
        limit_price=MNQ.price(limit_ticks),
    )


def test_stop_limit_becomes_a_limit_order_when_it_triggers_where_it_is_accepted() -> None:
    exchange = market(config=ExchangeConfig(stop_limits=StopLimits.ACCEPTED))
    exchange.place(OPEN, ACCOUNT, stop_limit(100_010, 100_012))
    run(exchange, 5)
    exchange.feed(quote(10, 100_015, 100_016))  # triggered, and already too dear
    assert the(exchange, "S").status is OrderStatus.OPEN
    exchange.feed(quote(20, 100_009, 100_011))
    assert the(exchange, "S").filled_ticks == 100_012


def test_stop_limit_trades_at_once_when_it_triggers_within_its_limit() -> None:
    exchange = market(config=ExchangeConfig(stop_limits=StopLimits.ACCEPTED))
    exchange.place(OPEN, ACCOUNT, stop_limit(100_010, 100_012))
    run(exchange, 5)
    exchange.feed(quote(10, 100_010, 100_011))
    assert the(exchange, "S").filled_ticks == 100_011


def test_stop_that_a_print_triggered_pays_no_less_than_that_print() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, stop(Side.SELL, 99_990, tag="S"))
    run(exchange, 5)
    exchange.feed(printed(10, 99_900))  # the bid is still said to be 100000
    assert the(exchange, "S").filled_ticks == 99_900


def test_stop_slips_by_up_to_the_ticks_that_are_asked_for() -> None:
    slips = set()
    for seed in range(30):
        exchange = market(config=ExchangeConfig(stop_slippage_ticks_max=2), seed=seed)
        exchange.place(OPEN, ACCOUNT, stop(Side.SELL, 99_990, tag="S"))
        run(exchange, 5)
        moved(exchange, 10, 99_990)
        slips.add(99_990 - (the(exchange, "S").filled_ticks or 0))
    assert slips == {0, 1, 2}


# Fills in parts


def test_market_order_fills_in_clips_and_is_open_in_between() -> None:
    exchange = market(config=CLIPPED)
    exchange.place(OPEN, ACCOUNT, buy(5, tag="B"))
    assert order_steps(run(exchange, 20)) == [
        ("B", "pending", 0),
        ("B", "open", 3),
        ("B", "open", 8),
        ("B", "filled", 13),
    ]
    assert [fill.size for fill in exchange.fills(ACCOUNT)] == [2, 2, 1]
    assert [position.size for position in exchange.positions(ACCOUNT)] == [5]


def test_filled_price_is_the_average_and_may_lie_between_ticks() -> None:
    exchange = market(config=CLIPPED)
    exchange.place(OPEN, ACCOUNT, buy(4, tag="B"))
    run(exchange, 4)
    exchange.feed(quote(5, 100_001, 100_002))
    run(exchange, 20)
    (row,) = exchange.order_rows(ACCOUNT)
    # (2 x 25000.25 + 2 x 25000.50) / 4
    assert (row.filled_price, row.order.filled_ticks) == (Decimal("25000.375"), None)


def test_legs_start_with_what_has_filled_and_grow_with_the_rest() -> None:
    exchange = market(config=CLIPPED)
    request = replace(bracketed(Side.BUY, loss=-40, profit=80), size=3)
    exchange.place(OPEN, ACCOUNT, request)
    exchange.advance(after(26))  # fills at 7 and 12; legs at 25 and 26, then at 30 and 31
    assert (the(exchange, "T-SL").size, the(exchange, "T-TP").size) == (2, 2)
    run(exchange, 100)
    assert (the(exchange, "T-SL").size, the(exchange, "T-TP").size) == (3, 3)
    assert the(exchange, "T-SL").stop_ticks == 99_961


def test_cancel_of_a_partly_filled_entry_leaves_the_legs_of_what_filled() -> None:
    exchange = market(config=CLIPPED)
    request = replace(limit(Side.BUY, 100_001, tag="T"), size=3)
    legs = bracketed(Side.BUY, loss=-40, profit=80)
    request = replace(request, stop_loss=legs.stop_loss, take_profit=legs.take_profit)
    placed = exchange.place(OPEN, ACCOUNT, request)
    run(exchange, 3)
    exchange.feed(quote(4, 100_005, 100_006))  # the rest would cost more than its limit
    assert exchange.cancel(after(10), ACCOUNT, placed.order_id or 0).code is CancelCode.SUCCESS
    run(exchange, 100)
    entry = the(exchange, "T")
    assert (entry.status, entry.filled_size) == (OrderStatus.CANCELLED, 2)
    assert [order.size for order in exchange.orders(ACCOUNT, OrderStatus.OPEN)] == [2, 2]


def test_leg_that_fills_in_part_shrinks_its_sibling_and_ends_it_with_the_rest() -> None:
    exchange = market(config=CLIPPED)
    exchange.place(OPEN, ACCOUNT, replace(bracketed(Side.BUY, loss=-40, profit=80), size=3))
    run(exchange, 100)
    exchange.feed(printed(200, 100_082))
    run(exchange, 220)
    assert (the(exchange, "T-TP").filled_size, the(exchange, "T-SL").size) == (2, 1)
    exchange.feed(printed(300, 100_082))
    run(exchange, 320)
    assert the(exchange, "T-SL").status is OrderStatus.CANCELLED
    assert exchange.is_flat


def test_size_cannot_be_changed_to_what_has_filled_already() -> None:
    exchange = market(config=CLIPPED)
    placed = exchange.place(OPEN, ACCOUNT, replace(limit(Side.BUY, 100_001, tag="L"), size=3))
    run(exchange, 3)
    answered = exchange.modify(after(3), ACCOUNT, placed.order_id or 0, Change(size=2))
    assert (answered.code, answered.text) == (
        ModifyCode.REJECTED,
        "Invalid size (2). 2 already filled.",
    )
