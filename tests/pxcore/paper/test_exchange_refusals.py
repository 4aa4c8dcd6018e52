"""What the exchange refuses, with which code and text, and what a refusal leaves behind."""

from dataclasses import replace
from decimal import Decimal

import pytest
import wording
from paper_scenes import (
    ACCOUNT,
    ES,
    LOCKED_ACCOUNT,
    MNQ,
    OPEN,
    POSITION_MODE_ACCOUNT,
    after,
    bracketed,
    buy,
    limit,
    market,
    order_steps,
    printed,
    run,
    sell,
    stop,
)

from pxcore.model import OrderStatus, OrderType, Side
from pxcore.paper.exchange import CloseCode, Leg, PlaceCode, PlaceRequest

SHORT = bracketed(Side.SELL, loss=40, profit=-80)
LONG = bracketed(Side.BUY, loss=-40, profit=80)


def stop_loss(request: PlaceRequest, ticks: int, type_: OrderType = OrderType.STOP) -> PlaceRequest:
    return replace(request, stop_loss=Leg(ticks=ticks, type=type_))


def trail(ticks: int | None) -> PlaceRequest:
    """A sell trailing stop as it is sent: as a level; its distance from the last trade counts."""
    price = None if ticks is None else MNQ.price(ticks)
    return replace(sell(), type=OrderType.TRAILING_STOP, trail_price=price)


def take_profit(
    request: PlaceRequest, ticks: int, type_: OrderType = OrderType.LIMIT
) -> PlaceRequest:
    return replace(request, take_profit=Leg(ticks=ticks, type=type_))


# The market is 100000 bid, 100001 asked: 25000.00 and 25000.25.
REFUSED = {
    "stop loss of a long above zero": (
        stop_loss(LONG, 40),
        wording.wrong_side("stop loss", 40, is_long=True),
    ),
    "stop loss of a short below zero": (
        stop_loss(SHORT, -50),
        wording.wrong_side("stop loss", -50, is_long=False),
    ),
    "take profit of a short above zero": (
        take_profit(SHORT, 30),
        wording.wrong_side("take profit", 30, is_long=False),
    ),
    "take profit of a long below zero": (
        take_profit(LONG, -30),
        wording.wrong_side("take profit", -30, is_long=True),
    ),
    "stop loss nearer than four ticks": (
        stop_loss(SHORT, 3),
        "Invalid stop loss ticks (3). Price should be at least 4 ticks away.",
    ),
    "stop loss of type limit": (
        stop_loss(LONG, -40, OrderType.LIMIT),
        wording.STOP_TYPE_LIMIT,
    ),
    "take profit of type stop": (
        take_profit(LONG, 80, OrderType.STOP),
        "Invalid take profit type (Stop)",
    ),
    "limit off the grid": (
        replace(limit(Side.BUY, 1), limit_price=Decimal("24999.10")),
        f"Invalid limit price. {wording.MISALIGNED}",
    ),
    "stop off the grid": (
        replace(stop(Side.BUY, 1), stop_price=Decimal("25010.10")),
        f"Invalid stop price. {wording.MISALIGNED}",
    ),
    "limit without a price": (
        replace(limit(Side.BUY, 1), limit_price=None),
        "Invalid limit price.",
    ),
    "limit at zero": (limit(Side.BUY, 0), wording.OUT_OF_RANGE),
    "absurd limit": (
        replace(limit(Side.BUY, 1), limit_price=Decimal("1e999999")),
        wording.OUT_OF_RANGE,
    ),
    "buy stop at the bid": (
        stop(Side.BUY, 100_000),
        wording.BELOW_BEST_BID,
    ),
    "sell stop at the ask": (
        stop(Side.SELL, 100_001),
        "Order price is outside allowed range. Please set price below best ask.",
    ),
    "size of zero": (buy(0), wording.SIZE_ZERO),
    "stop-limit order": (
        replace(stop(Side.BUY, 100_010), type=OrderType.STOP_LIMIT),
        "Invalid order type (StopLimit)",
    ),
    "order of no type": (replace(buy(), type=OrderType.UNKNOWN), "Invalid order type (Unknown)"),
    "limit at less than half the market": (
        limit(Side.BUY, 49_000),
        wording.OUT_OF_RANGE,
    ),
    "trailing stop without a price": (trail(None), "Trail Distance not set."),
    "trailing stop at no distance": (trail(100_000), "Trail Distance not set."),
    "trailing stop off the grid": (
        replace(trail(1), trail_price=Decimal("24990.10")),
        f"Invalid trail price. {wording.MISALIGNED}",
    ),
    "trailing stop beyond 1000 ticks": (
        trail(98_999),
        "Trail Distance exceeds maximum (1000)",
    ),
    "trailing stop sent as a distance": (trail(6), "Trail Distance exceeds maximum (1000)"),
    "contract without a market": (replace(buy(), contract_id=ES.id), wording.MARKET_CLOSED),
}


@pytest.mark.parametrize(("request_", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_order_has_code_two_a_text_and_a_rejected_row(
    request_: PlaceRequest, text: str
) -> None:
    exchange = market()
    exchange.feed(printed(0, 100_000))
    result = exchange.place(OPEN, ACCOUNT, replace(request_, tag="R"))
    assert (result.code, result.text) == (PlaceCode.ORDER_REJECTED, text)
    assert order_steps(run(exchange, 100)) == [("R", "rejected", 0)]
    (row,) = exchange.orders(ACCOUNT)
    assert (row.id, row.status) == (result.order_id, OrderStatus.REJECTED)
    assert exchange.is_flat


def test_unknown_account_or_contract_and_locked_account_leave_no_row() -> None:
    exchange = market()
    elsewhere = replace(buy(), contract_id="CON.F.US.MNQ.Z19")
    results = [
        exchange.place(OPEN, 1, buy()),
        exchange.place(OPEN, ACCOUNT, elsewhere),
        exchange.place(OPEN, LOCKED_ACCOUNT, buy()),
    ]
    assert [result.code for result in results] == [
        PlaceCode.ACCOUNT_NOT_FOUND,
        PlaceCode.CONTRACT_NOT_FOUND,
        PlaceCode.ACCOUNT_VIOLATION,
    ]
    assert all(result.order_id is None for result in results)
    assert run(exchange, 100) == []


def test_brackets_are_refused_in_position_brackets_mode_and_plain_orders_are_not() -> None:
    exchange = market()
    refused = exchange.place(OPEN, POSITION_MODE_ACCOUNT, LONG)
    plain = exchange.place(OPEN, POSITION_MODE_ACCOUNT, buy())
    assert refused.text == wording.POSITION_BRACKETS
    assert plain.code is PlaceCode.SUCCESS


@pytest.mark.parametrize("tag", ["T", "T-SL", "T-TP"])
def test_tags_of_an_entry_and_its_legs_are_used_up_for_ever(tag: str) -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, LONG)
    run(exchange, 100)
    exchange.close(after(100), ACCOUNT, MNQ.id)
    again = exchange.place(after(200), ACCOUNT, buy(tag=tag))
    assert again.text == wording.TAG_TAKEN
    assert again.order_id is None


def test_rejected_order_uses_up_its_own_tag_alone() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, stop_loss(LONG, 40))
    assert exchange.place(OPEN, ACCOUNT, buy(tag="T")).code is PlaceCode.ORDER_REJECTED
    assert exchange.place(OPEN, ACCOUNT, buy(tag="T-SL")).code is PlaceCode.SUCCESS


def test_entry_whose_leg_tag_is_taken_is_refused() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, buy(tag="T-TP"))
    assert exchange.place(OPEN, ACCOUNT, LONG).text == wording.TAG_TAKEN


def test_trailing_stop_needs_a_last_trade() -> None:
    result = market().place(OPEN, ACCOUNT, trail(99_990))
    assert result.text == wording.NO_LAST_PRICE


def test_closed_market_refuses_orders_and_closes_and_records_both() -> None:
    is_open = [True]
    exchange = market(is_open=lambda contract, at: is_open[0])
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 10)
    is_open[0] = False
    refused = exchange.place(after(10), ACCOUNT, buy(tag="R"))
    closing = exchange.close(after(10), ACCOUNT, MNQ.id)
    assert (refused.code, refused.text) == (PlaceCode.ORDER_REJECTED, wording.MARKET_CLOSED)
    assert closing.code is CloseCode.ORDER_REJECTED
    assert len(exchange.orders(ACCOUNT, OrderStatus.REJECTED)) == 2
