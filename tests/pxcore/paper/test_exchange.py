"""The exchange's sequences: brackets, OCO, closes, stops, resting limits, money."""

from decimal import Decimal

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
    ms,
    order_steps,
    printed,
    quote,
    run,
    sell,
    stop,
)

from pxcore.model import Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange import (
    AccountChanged,
    AccountSpec,
    CancelCode,
    Change,
    CloseCode,
    Exchange,
    ExchangeConfig,
    FillMade,
    FillRule,
    ModifyCode,
    OrderChanged,
    PartialCloseCode,
    PlaceCode,
    PlaceRequest,
    PositionChanged,
)


def protected(side: Side = Side.BUY, loss: int = 40, profit: int = 80) -> Exchange:
    """A bracketed position with both legs working: entry at 100001 (buy) or 100000 (sell)."""
    exchange = market()
    sign = side.sign
    exchange.place(OPEN, ACCOUNT, bracketed(side, loss=-sign * loss, profit=sign * profit))
    run(exchange, 100)
    return exchange


def the(exchange: Exchange, tag: str) -> Order:
    return next(order for order in exchange.orders(ACCOUNT) if order.tag == tag)


def test_bracketed_market_entry_follows_the_recorded_sequence() -> None:
    # Reference 7.3: sell 1 MNQ, SL +101, TP -99; the fill at the bid of 28 417.75 = 113 671 ticks.
    exchange = market(bid=113_671, ask=113_672)
    placed = exchange.place(OPEN, ACCOUNT, bracketed(Side.SELL, loss=101, profit=-99))
    events = run(exchange, 100)

    assert placed.code is PlaceCode.SUCCESS
    assert order_steps(events) == [
        ("T-SL", "suspended", 0),
        ("T", "pending", 0),
        ("T-TP", "suspended", 0),
        ("T", "filled", 7),
        ("T-TP", "open", 25),
        ("T-SL", "open", 26),
    ]
    others = [(type(e), ms(e.at)) for e in events if not isinstance(e, OrderChanged)]
    assert others == [(FillMade, 7), (PositionChanged, 11), (AccountChanged, 11)]
    entry, stop_leg, target = the(exchange, "T"), the(exchange, "T-SL"), the(exchange, "T-TP")
    assert MNQ.price(stop_leg.stop_ticks or 0) == Decimal("28443.00")
    assert MNQ.price(target.limit_ticks or 0) == Decimal("28393.00")
    assert entry.id == placed.order_id
    assert 3_400_000_000 < entry.id < stop_leg.id < target.id
    assert (stop_leg.parent_id, target.parent_id) == (entry.id, entry.id)
    assert (stop_leg.linked_id, target.linked_id) == (None, stop_leg.id)
    assert (stop_leg.type, target.type) == (OrderType.STOP, OrderType.LIMIT)
    assert {stop_leg.side, target.side} == {Side.BUY}
    assert entry.created_at == stop_leg.created_at == target.created_at


def test_suspended_legs_have_an_offset_and_no_price() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
    legs = {row.order.tag: row for row in exchange.order_rows(ACCOUNT, OrderStatus.SUSPENDED)}
    assert {tag: row.offset_ticks for tag, row in legs.items()} == {"T-SL": -40, "T-TP": 80}
    assert all(row.order.stop_ticks is row.order.limit_ticks is None for row in legs.values())


def test_untagged_entry_has_untagged_legs() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80, tag=None))
    assert [order.tag for order in exchange.orders(ACCOUNT)] == [None, None, None]


def test_target_fill_cancels_the_stop_twelve_ms_later() -> None:
    exchange = protected()  # target at 100081
    events = exchange.feed(printed(200, 100_082)) + run(exchange, 300)
    assert order_steps(events) == [("T-TP", "filled", 200), ("T-SL", "cancelled", 212)]
    assert exchange.is_flat
    assert exchange.fills(ACCOUNT)[-1].price_ticks == 100_081


def test_stop_fill_cancels_the_target_twelve_ms_later() -> None:
    exchange = protected()  # stop at 99961
    exchange.feed(quote(199, 99_961, 99_962))
    events = exchange.feed(printed(200, 99_961)) + run(exchange, 300)
    assert order_steps(events) == [("T-SL", "filled", 200), ("T-TP", "cancelled", 212)]
    assert exchange.fills(ACCOUNT)[-1].price_ticks == 99_961


def test_both_legs_can_fill_before_the_sibling_is_cancelled() -> None:
    exchange = protected()
    exchange.feed(printed(200, 100_082))
    exchange.feed(quote(205, 99_950, 99_951))
    run(exchange, 300)
    assert the(exchange, "T-SL").status is OrderStatus.FILLED
    assert [p.size for p in exchange.positions(ACCOUNT)] == [-1]


def test_cancel_of_one_leg_leaves_its_sibling() -> None:
    exchange = protected()
    answered = exchange.cancel(after(200), ACCOUNT, the(exchange, "T-SL").id)
    run(exchange, 300)
    assert answered.code is CancelCode.SUCCESS
    assert the(exchange, "T-SL").status is OrderStatus.CANCELLED
    assert the(exchange, "T-TP").status is OrderStatus.OPEN


def test_close_contract_leaves_the_legs_working_and_they_can_open_a_position() -> None:
    exchange = protected()
    answered = exchange.close(after(200), ACCOUNT, MNQ.id)
    events = run(exchange, 300)
    assert answered.code is CloseCode.SUCCESS
    assert order_steps(events) == [("market", "pending", 200), ("market", "filled", 203)]
    assert exchange.positions(ACCOUNT) == ()
    assert {order.tag for order in exchange.orders(ACCOUNT, OrderStatus.OPEN)} == {"T-SL", "T-TP"}
    exchange.feed(printed(400, 99_900))
    assert [position.size for position in exchange.positions(ACCOUNT)] == [-1]


def test_opposing_market_order_leaves_the_legs_working() -> None:
    exchange = protected()
    exchange.place(after(200), ACCOUNT, sell())
    run(exchange, 300)
    assert exchange.positions(ACCOUNT) == ()
    assert len(exchange.orders(ACCOUNT, OrderStatus.OPEN)) == 2


def test_partial_close_keeps_the_average_and_refuses_a_size_beyond_the_position() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, buy(3))
    run(exchange, 10)
    too_much = exchange.partial_close(after(10), ACCOUNT, MNQ.id, 4)
    taken = exchange.partial_close(after(10), ACCOUNT, MNQ.id, 2)
    run(exchange, 20)
    assert too_much.code is PartialCloseCode.INVALID_CLOSE_SIZE
    assert taken.code is PartialCloseCode.SUCCESS
    (position,) = exchange.positions(ACCOUNT)
    assert (position.size, position.average_price) == (1, Decimal("25000.25"))


def test_close_answers_name_what_is_missing() -> None:
    exchange = market()
    assert exchange.close(OPEN, 1, MNQ.id).code is CloseCode.ACCOUNT_NOT_FOUND
    assert exchange.close(OPEN, ACCOUNT, "CON.X").code is CloseCode.CONTRACT_NOT_FOUND
    assert exchange.close(OPEN, ACCOUNT, MNQ.id).code is CloseCode.POSITION_NOT_FOUND


def test_limit_rests_until_the_market_trades_through_it() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, limit(Side.BUY, 99_990, tag="L"))
    assert order_steps(run(exchange, 5)) == [("L", "pending", 0), ("L", "open", 2)]
    exchange.feed(printed(10, 99_990))
    assert the(exchange, "L").status is OrderStatus.OPEN
    exchange.feed(printed(20, 99_989))
    assert the(exchange, "L").filled_ticks == 99_990


def test_limit_fills_at_the_touch_when_that_rule_is_chosen() -> None:
    exchange = market(config=ExchangeConfig(fill_rule=FillRule.TOUCH))
    exchange.place(OPEN, ACCOUNT, limit(Side.SELL, 100_010, tag="L"))
    run(exchange, 5)
    exchange.feed(printed(10, 100_010))
    assert the(exchange, "L").filled_ticks == 100_010


def test_marketable_limit_takes_the_better_opposite_quote() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, limit(Side.BUY, 100_005, tag="L"))
    run(exchange, 5)
    assert the(exchange, "L").filled_ticks == 100_001


def test_stop_fills_at_the_bid_after_a_gap_so_it_slips() -> None:
    exchange = protected()  # long from 100001, stop at 99961
    exchange.feed(quote(200, 99_900, 99_902))
    fill = exchange.fills(ACCOUNT)[-1]
    assert fill.price_ticks == 99_900  # 61 ticks below the stop
    assert fill.pnl_usd == Decimal("-50.50")  # 101 ticks at 0.50


def test_stop_that_is_passed_before_its_leg_works_fills_on_activation() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
    exchange.feed(quote(10, 99_900, 99_901))
    assert order_steps(run(exchange, 50))[-3:] == [
        ("T-SL", "open", 26),
        ("T-SL", "filled", 26),
        ("T-TP", "cancelled", 38),
    ]


def test_stop_entry_triggers_on_a_print_and_pays_the_ask() -> None:
    exchange = market()
    exchange.place(OPEN, ACCOUNT, stop(Side.BUY, 100_010, tag="S"))
    run(exchange, 5)
    exchange.feed(quote(10, 100_008, 100_012))
    assert the(exchange, "S").status is OrderStatus.OPEN
    exchange.feed(printed(11, 100_010))
    assert the(exchange, "S").filled_ticks == 100_012


def test_cancel_of_a_waiting_entry_takes_its_legs_along() -> None:
    exchange = market()
    waiting = limit(Side.BUY, 99_000, tag="L")
    legs = bracketed(Side.BUY, loss=-40, profit=80)
    request = PlaceRequest(
        contract_id=MNQ.id,
        type=OrderType.LIMIT,
        side=Side.BUY,
        size=1,
        limit_price=waiting.limit_price,
        tag="L",
        stop_loss=legs.stop_loss,
        take_profit=legs.take_profit,
    )
    placed = exchange.place(OPEN, ACCOUNT, request)
    run(exchange, 5)
    exchange.cancel(after(10), ACCOUNT, placed.order_id or 0)
    assert order_steps(run(exchange, 20)) == [
        ("L", "cancelled", 13),
        ("L-SL", "cancelled", 13),
        ("L-TP", "cancelled", 13),
    ]
    assert exchange.is_flat


def test_modify_moves_a_stop_and_keeps_its_id_and_sibling() -> None:
    exchange = protected()
    leg = the(exchange, "T-SL")
    answered = exchange.modify(after(200), ACCOUNT, leg.id, Change(stop_price=MNQ.price(99_980)))
    run(exchange, 300)
    assert answered.code is ModifyCode.SUCCESS
    assert the(exchange, "T-SL").stop_ticks == 99_980
    assert the(exchange, "T-SL").id == leg.id
    assert the(exchange, "T-TP").limit_ticks == 100_081


def test_modify_answers_say_why_not() -> None:
    exchange = protected()
    leg = the(exchange, "T-SL")  # a sell stop: must stay below the ask of 100001
    off_grid = exchange.modify(after(200), ACCOUNT, leg.id, Change(stop_price=Decimal("24990.1")))
    wrong_side = exchange.modify(after(200), ACCOUNT, leg.id, Change(stop_price=MNQ.price(100_001)))
    filled = exchange.modify(after(200), ACCOUNT, the(exchange, "T").id, Change(size=2))
    assert off_grid.text == f"Invalid stop price. {wording.MISALIGNED}"
    assert (wrong_side.code, wrong_side.text) == (ModifyCode.REJECTED, "Invalid stop price")
    assert filled.code is ModifyCode.REJECTED
    assert exchange.modify(after(200), ACCOUNT, 5, Change()).code is ModifyCode.ORDER_NOT_FOUND


def test_cancel_of_a_finished_or_foreign_order_is_refused() -> None:
    exchange = protected()
    entry = the(exchange, "T").id
    assert exchange.cancel(after(200), ACCOUNT, entry).code is CancelCode.REJECTED
    assert exchange.cancel(after(200), ACCOUNT, 1).code is CancelCode.ORDER_NOT_FOUND
    assert exchange.cancel(after(200), 1, entry).code is CancelCode.ACCOUNT_NOT_FOUND


def test_round_turn_moves_the_balance_by_pnl_less_fees_and_commissions() -> None:
    exchange = market(bid=120_792, ask=120_797)  # 30 199.25 to buy
    exchange.place(OPEN, ACCOUNT, buy())
    run(exchange, 10)
    exchange.feed(quote(20, 120_785, 120_786))  # 30 196.25 to sell
    exchange.close(after(30), ACCOUNT, MNQ.id)
    run(exchange, 50)
    opening, closing = exchange.fills(ACCOUNT)
    assert opening.pnl_usd is None
    assert closing.pnl_usd == Decimal("-6.00")  # reference 7.9: 12 ticks at 0.50
    assert (closing.fees_usd, closing.commissions_usd) == (Decimal("0.36"), Decimal("0.25"))
    assert closing.id > opening.id >= 3_000_000_000
    account = exchange.account(ACCOUNT)
    assert account and account.balance_usd == START_USD - Decimal("7.22")  # 6.00 + 2 x 0.61


def test_adding_to_a_position_averages_its_price() -> None:
    exchange = market(bid=100_000, ask=100_000)
    exchange.place(OPEN, ACCOUNT, buy(1))
    run(exchange, 10)
    exchange.feed(quote(20, 100_001, 100_001))
    exchange.place(after(20), ACCOUNT, buy(2))
    run(exchange, 30)
    (position,) = exchange.positions(ACCOUNT)
    # (25000.00 + 2 x 25000.25) / 3 = 25000.1666...
    assert position.average_price == Decimal("25000.166666667")
    exchange.feed(quote(40, 100_010, 100_010))
    exchange.close(after(40), ACCOUNT, MNQ.id)
    run(exchange, 50)
    # (10 - 2/3) ticks x 3 contracts x 0.50 = 14.00
    assert exchange.fills(ACCOUNT)[-1].pnl_usd == Decimal("14.00")


def test_crossing_zero_is_a_closing_and_an_opening_fill_with_a_new_position() -> None:
    exchange = market(bid=100_000, ask=100_000)
    exchange.place(OPEN, ACCOUNT, buy(2))
    run(exchange, 10)
    (long,) = exchange.positions(ACCOUNT)
    exchange.feed(quote(20, 100_004, 100_004))
    exchange.place(after(20), ACCOUNT, sell(5))
    events = run(exchange, 30)
    _, closing, opening = exchange.fills(ACCOUNT)
    assert (closing.size, closing.pnl_usd) == (2, Decimal("4.00"))  # 4 ticks x 2 x 0.50
    assert (opening.size, opening.pnl_usd) == (3, None)
    assert (closing.fees_usd, opening.fees_usd) == (Decimal("0.72"), Decimal("1.08"))
    told = [e.position for e in events if isinstance(e, PositionChanged)]
    assert [(p.size, p.average_price) for p in told] == [
        (0, Decimal("25000.00")),
        (-3, Decimal("25001.00")),
    ]
    assert told[0].id == long.id != told[1].id


def test_update_time_of_a_filled_leg_is_when_it_began_to_work() -> None:
    exchange = protected()
    exchange.feed(printed(200, 100_082))
    rows = {row.order.tag: row for row in exchange.order_rows(ACCOUNT)}
    assert ms(rows["T"].updated_at) == 0
    assert ms(rows["T-TP"].updated_at) == 25


def test_next_due_names_the_next_moment_that_matters() -> None:
    exchange = market()
    assert exchange.next_due() is None
    exchange.place(OPEN, ACCOUNT, buy())
    assert exchange.next_due() == OPEN  # the pending order has not been handed out
    exchange.advance(OPEN)
    assert exchange.next_due() == after(3)


def test_going_back_in_time_is_an_error() -> None:
    exchange = market()
    run(exchange, 10)
    with pytest.raises(ValueError, match="go back"):
        run(exchange, 9)


def test_same_calls_give_the_same_events() -> None:
    def day() -> list[object]:
        exchange = market()
        exchange.place(OPEN, ACCOUNT, bracketed(Side.BUY, loss=-40, profit=80))
        return [*run(exchange, 50), *exchange.feed(printed(60, 100_090)), *run(exchange, 90)]

    assert day() == day()


def test_order_ids_have_gaps() -> None:
    exchange = market()
    ids = [exchange.place(OPEN, ACCOUNT, buy()).order_id or 0 for _ in range(100)]
    assert ids == sorted(set(ids))
    assert ids[-1] - ids[0] > 99


def test_accounts_do_not_see_each_other() -> None:
    specs = (AccountSpec(1, "A", START_USD), AccountSpec(2, "B", START_USD))
    exchange = Exchange(contracts=LISTED, accounts=specs, seed=1)
    exchange.feed(quote(0, 100_000, 100_001))
    exchange.place(OPEN, 1, buy(tag="T"))
    exchange.place(OPEN, 2, sell(tag="T"))
    run(exchange, 10)
    assert [p.size for p in exchange.positions(1)] == [1]
    assert [p.size for p in exchange.positions(2)] == [-1]
