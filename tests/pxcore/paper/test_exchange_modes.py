"""The knobs of the exchange: bracket modes, leftovers, siblings, halts; what a restart keeps."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
import wording
from paper_scenes import (
    ACCOUNT,
    LISTED,
    MNQ,
    OPEN,
    START_USD,
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
)

from pxcore.model import Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange import (
    PROGRAMS,
    AccountSpec,
    BracketMode,
    Exchange,
    ExchangeConfig,
    ExchangeState,
    Leftovers,
    PlaceCode,
    PositionBrackets,
    Sibling,
)
from pxcore.paper.faults.venue import BracketModeSwitched
from pxcore.paper.markets.market import TradingHalt


def the(exchange: Exchange, tag: str) -> Order:
    return next(order for order in exchange.orders(ACCOUNT) if order.tag == tag)


def entered(config: ExchangeConfig | None = None) -> Exchange:
    """Long one MNQ from 100001 with both legs working."""
    exchange = market(config=config)
    exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
    run(exchange, 100)
    return exchange


def test_legs_go_with_the_position_where_that_is_chosen() -> None:
    exchange = entered(ExchangeConfig(leftovers=Leftovers.CANCELLED))
    exchange.close(after(200), ACCOUNT, MNQ.id)
    run(exchange, 300)
    assert exchange.is_flat


def test_cancel_of_one_leg_takes_its_sibling_along_where_that_is_chosen() -> None:
    exchange = entered(ExchangeConfig(sibling=Sibling.CANCELLED))
    exchange.cancel(after(200), ACCOUNT, the(exchange, "T-SL").id)
    run(exchange, 300)
    assert the(exchange, "T-TP").status is OrderStatus.CANCELLED


# Position Brackets


def position_mode(state: ExchangeState | None = None) -> Exchange:
    """20 dollars of loss and 40 of profit for every position: 40 and 80 ticks of one MNQ."""
    brackets = PositionBrackets(loss_usd=Decimal(20), profit_usd=Decimal(40))
    spec = AccountSpec(ACCOUNT, "A", START_USD, BracketMode.POSITION, position_brackets=brackets)
    exchange = Exchange(contracts=LISTED, accounts=(spec,), seed=7, state=state)
    exchange.feed(quote(0 if state is None else 100, 100_000, 100_001))
    return exchange


def protection(exchange: Exchange) -> list[tuple[str, str, int, int | None]]:
    working = exchange.orders(ACCOUNT, OrderStatus.OPEN)
    return [(o.type.value, o.side.value, o.size, o.stop_ticks or o.limit_ticks) for o in working]


def test_position_brackets_are_born_after_the_fill_untagged_and_without_a_parent() -> None:
    exchange = position_mode()
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 3)
    assert protection(exchange) == []
    run(exchange, 100)
    assert protection(exchange) == [("stop", "sell", 1, 99_961), ("limit", "sell", 1, 100_081)]
    legs = exchange.orders(ACCOUNT, OrderStatus.OPEN)
    assert all(leg.tag is None and leg.parent_id is None for leg in legs)


def test_mode_that_a_person_switches_counts_from_then_on_and_its_brackets_come_and_go() -> None:
    exchange = position_mode()
    for at_ms, to in ((50, "auto_oco"), (200, "position"), (400, "auto_oco")):
        exchange.arm(BracketModeSwitched(from_s=at_ms / 1000, to=to), OPEN)
    exchange.place(after(100), ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
    run(exchange, 199)
    legs = exchange.orders(ACCOUNT, OrderStatus.OPEN)
    run(exchange, 300)
    own = [o for o in exchange.orders(ACCOUNT, OrderStatus.OPEN) if o.parent_id is None]
    assert (len(legs), [o.type for o in own]) == (2, [OrderType.STOP, OrderType.LIMIT])
    again = bracketed(Side.BUY, loss=-40, profit=80, tag="again")
    refused = exchange.place(after(301), ACCOUNT, again)
    assert (refused.code, refused.text) == (PlaceCode.ORDER_REJECTED, wording.POSITION_BRACKETS)
    run(exchange, 500)
    assert exchange.orders(ACCOUNT, OrderStatus.OPEN) == legs


def test_position_brackets_follow_the_size_and_the_average_of_the_position() -> None:
    exchange = position_mode()
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 100)
    exchange.place(after(100), ACCOUNT, buy())
    run(exchange, 200)
    assert protection(exchange) == [("stop", "sell", 2, 99_981), ("limit", "sell", 2, 100_041)]
    exchange.partial_close(after(200), ACCOUNT, MNQ.id, 1)
    run(exchange, 300)
    assert protection(exchange) == [("stop", "sell", 1, 99_961), ("limit", "sell", 1, 100_081)]


def test_position_brackets_are_cancelled_with_the_position_and_turn_with_it() -> None:
    exchange = position_mode()
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 100)
    exchange.place(after(100), ACCOUNT, sell(2))
    run(exchange, 200)
    assert {side for _, side, _, _ in protection(exchange)} == {"buy"}
    exchange.close(after(200), ACCOUNT, MNQ.id)
    run(exchange, 300)
    assert exchange.is_flat


def test_filled_position_bracket_ends_the_other_one() -> None:
    exchange = position_mode()
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 100)
    exchange.feed(printed(200, 100_082))
    run(exchange, 300)
    assert exchange.is_flat
    assert exchange.fills(ACCOUNT)[-1].pnl_usd == Decimal("40.00")


# Halts


def halt(at_ms: float, *, is_halted: bool = True) -> TradingHalt:
    return TradingHalt(at=after(at_ms), contract_id=MNQ.id, is_halted=is_halted)


def test_halted_contract_refuses_orders_as_a_closed_market_does() -> None:
    exchange = market()
    assert exchange.feed(halt(10)) == []
    refused = exchange.place(after(11), ACCOUNT, buy())
    assert refused.text == wording.MARKET_CLOSED
    exchange.feed(halt(20, is_halted=False))
    assert exchange.place(after(21), ACCOUNT, buy()).code is PlaceCode.SUCCESS


def test_market_order_in_flight_waits_for_the_end_of_a_halt() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, buy(tag="B"))
    exchange.feed(halt(1))
    run(exchange, 1000)
    assert the(exchange, "B").status is OrderStatus.PENDING
    exchange.feed(halt(2000, is_halted=False))
    assert order_steps(run(exchange, 2100)) == [("B", "filled", 2003)]


# Restarts


def restarted(exchange: Exchange) -> Exchange:
    """Another exchange, made of the JSON that the first one kept."""
    kept = msgspec.json.decode(msgspec.json.encode(exchange.state()), type=ExchangeState)
    later = Exchange(
        contracts=LISTED,
        accounts=(AccountSpec(ACCOUNT, "PRAC", START_USD),),
        seed=8,
        state=kept,
    )
    moment = exchange.now + timedelta(seconds=1)
    later.feed(msgspec.structs.replace(quote(0, 100_000, 100_001), at=moment))
    return later


def test_restart_keeps_balance_position_orders_fills_and_tags() -> None:
    exchange = entered()
    exchange.place(after(200), ACCOUNT, buy(2))
    exchange.place(after(200), ACCOUNT, limit(Side.BUY, 99_000, tag="W"))
    run(exchange, 300)
    later = restarted(exchange)
    assert later.accounts == exchange.accounts[:1]
    assert later.positions(ACCOUNT) == exchange.positions(ACCOUNT)
    assert later.orders(ACCOUNT) == exchange.orders(ACCOUNT)
    assert later.fills(ACCOUNT) == exchange.fills(ACCOUNT)
    again = later.place(later.now, ACCOUNT, buy(tag="T-SL"))
    assert again.text == wording.TAG_TAKEN


def test_restart_with_another_account_starts_it_afresh() -> None:
    kept = entered().state()
    spec = AccountSpec(77, "OTHER", START_USD)
    later = Exchange(contracts=LISTED, accounts=(spec,), seed=8, state=kept)
    later.feed(quote(1000, 100_000, 100_001))
    assert [account.id for account in later.accounts] == [77]
    assert later.is_flat and later.positions(ACCOUNT) == ()


def test_restart_goes_on_with_new_ids() -> None:
    exchange = entered()
    later = restarted(exchange)
    later.close(later.now, ACCOUNT, MNQ.id)
    later.place(later.now, ACCOUNT, buy())
    later.advance(later.now + timedelta(seconds=1))
    order_ids = [order.id for order in later.orders(ACCOUNT)]
    trade_ids = [fill.id for fill in later.fills(ACCOUNT)]
    assert order_ids == sorted(set(order_ids)) and trade_ids == sorted(set(trade_ids))
    assert later.positions(ACCOUNT)[0].id > exchange.positions(ACCOUNT)[0].id


@pytest.mark.parametrize("stopped_ms", [0, 5, 8, 25.5])
def test_entry_that_was_under_way_when_everything_stopped_is_protected_after_the_restart(
    stopped_ms: float,
) -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
    run(exchange, stopped_ms)
    later = restarted(exchange)
    later.advance(later.now + timedelta(seconds=1))
    assert the(later, "T").status is OrderStatus.FILLED
    assert (the(later, "T-SL").stop_ticks, the(later, "T-TP").limit_ticks) == (99_961, 100_081)
    later.feed(replaced(printed(0, 100_082), later))
    later.advance(later.now + timedelta(seconds=1))
    assert later.is_flat


def replaced(step: object, exchange: Exchange) -> object:
    return msgspec.structs.replace(step, at=exchange.now + timedelta(seconds=1))  # type: ignore[type-var]


@pytest.mark.parametrize("stopped_ms", [3, 10, 50])
def test_position_brackets_are_one_pair_after_a_restart(stopped_ms: float) -> None:
    exchange = position_mode()
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, stopped_ms)
    kept = msgspec.json.decode(msgspec.json.encode(exchange.state()), type=ExchangeState)
    later = position_mode(kept)
    later.advance(after(1000))
    assert protection(later) == [("stop", "sell", 1, 99_961), ("limit", "sell", 1, 100_081)]
    later.close(after(1000), ACCOUNT, MNQ.id)
    later.advance(after(2000))
    assert later.is_flat


def test_position_brackets_come_in_the_order_of_the_positions_after_a_restart() -> None:
    exchange, traded = position_mode(), [contract.id for contract in reversed(LISTED[:6])]
    for contract_id in traded:
        exchange.feed(quote(1, 100_000, 100_001, contract_id))
        exchange.place(after(1), ACCOUNT, replace(buy(), contract_id=contract_id))
    run(exchange, 6)  # filled, and not yet protected
    later = position_mode(exchange.state())
    run(later, 200)
    stops = [o for o in later.orders(ACCOUNT, OrderStatus.OPEN) if o.type is OrderType.STOP]
    assert [stop.contract_id for stop in stops] == traded


def test_sibling_that_was_about_to_go_is_cancelled_after_the_restart() -> None:
    exchange = entered()
    exchange.feed(printed(200, 100_082))
    later = restarted(exchange)
    later.advance(later.now + timedelta(seconds=1))
    assert later.is_flat


def test_restart_keeps_a_trailing_stops_level() -> None:
    exchange = market()
    exchange.feed(printed(0, 100_000))
    request = replace(sell(tag="T"), type=OrderType.TRAILING_STOP, trail_price=MNQ.price(99_990))
    exchange.place(OPEN, ACCOUNT, request)
    exchange.feed(quote(10, 100_050, 100_051))
    exchange.feed(printed(10, 100_050))
    run(exchange, 20)
    later = restarted(exchange)
    assert the(later, "T").status is OrderStatus.FILLED  # its level was 100040, the bid is 100000


def test_restart_keeps_the_standing_of_a_program() -> None:
    def program_account(state: ExchangeState | None = None) -> Exchange:
        spec = AccountSpec(ACCOUNT, "50K", Decimal(50_000), program=PROGRAMS["50k"])
        return Exchange(contracts=LISTED, accounts=(spec,), seed=1, state=state)

    exchange = program_account()
    exchange.feed(quote(0, 100_000, 100_001))
    exchange.place(OPEN, ACCOUNT, buy(50))
    run(exchange, 100)
    exchange.feed(quote(200, 99_900, 99_901))
    run(exchange, 300)
    later = program_account(exchange.state())
    later.feed(quote(400, 100_000, 100_001))
    assert later.place(after(500), ACCOUNT, buy()).code is PlaceCode.ACCOUNT_VIOLATION
    assert later.standing(ACCOUNT) == exchange.standing(ACCOUNT)
