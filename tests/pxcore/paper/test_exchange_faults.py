"""Faults of the exchange: each does what its name says, when it says so, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
import wording
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
    run,
    sell,
)

from pxcore.model import Order, OrderStatus, OrderType, Side
from pxcore.paper.exchange import (
    AccountChanged,
    CancelCode,
    Change,
    CloseCode,
    Exchange,
    ModifyCode,
    PartialCloseCode,
    PlaceCode,
)
from pxcore.paper.faults.base import Armory, Fault, kind_of
from pxcore.paper.faults.venue import (
    AsyncReject,
    BracketsRefused,
    FillDelayed,
    ForcedLiquidation,
    ForeignOrder,
    LegMissing,
    LegRefused,
    OrderPending,
    PartialFill,
    SiblingSurvives,
)

LONG = bracketed(Side.BUY, loss=-40, profit=80)


def hostile(*faults: Fault) -> Exchange:
    exchange = market()
    for fault in faults:
        exchange.arm(fault, OPEN)
    return exchange


def entered(*faults: Fault) -> Exchange:
    exchange = hostile(*faults)
    exchange.place(OPEN, ACCOUNT, LONG)
    run(exchange, 100)
    return exchange


def the(exchange: Exchange, tag: str) -> Order:
    return next(order for order in exchange.orders(ACCOUNT) if order.tag == tag)


# When a fault bites


def bitten(fault: Fault, seconds: Iterable[float], seed: int = 1) -> list[float]:
    armory = Armory(seed)
    armory.arm(fault, OPEN)
    return [s for s in seconds if armory.bites(type(fault), OPEN + timedelta(seconds=s))]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (AsyncReject(), [0]),
        (AsyncReject(count=3), [0, 1, 2]),
        (AsyncReject(skip=2), [2]),
        (AsyncReject(from_s=4, count=None), [4, 5, 6, 7, 8, 9]),
        (AsyncReject(until_s=2, count=None), [0, 1, 2]),
        (AsyncReject(from_s=3, until_s=5, skip=1, count=1), [4]),
        (AsyncReject(chance=0.0, count=None), []),
    ],
    ids=["once", "count", "skip", "from", "until", "all of it", "no chance"],
)
def test_fault_bites_when_it_says(fault: Fault, expected: list[float]) -> None:
    assert bitten(fault, range(10)) == expected


def test_dice_are_the_faults_own_and_seeded() -> None:
    fault = AsyncReject(chance=0.5, count=None)
    assert bitten(fault, range(50)) == bitten(fault, range(50))
    assert bitten(fault, range(50)) != bitten(fault, range(50), seed=2)
    armory = Armory(1)
    armory.arm(fault, OPEN)
    armory.arm(PartialFill(chance=0.5, count=None), OPEN)
    together = []
    for second in range(50):
        now = OPEN + timedelta(seconds=second)
        armory.bites(PartialFill, now)
        if armory.bites(AsyncReject, now):
            together.append(second)
    assert together == bitten(fault, range(50))


def test_fault_is_taken_back_by_its_name() -> None:
    armory = Armory(1)
    armory.arm(AsyncReject(name="mine"), OPEN)
    armory.arm(PartialFill(), OPEN)
    assert [armed.name for armed in armory.armed] == ["mine", "partial_fill"]
    assert armory.disarm("mine") == 1
    assert armory.bites(AsyncReject, OPEN) is None
    assert armory.disarm() == 1 and armory.armed == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: AsyncReject(chance=1.5),
        lambda: AsyncReject(count=0),
        lambda: AsyncReject(from_s=5, until_s=4),
        lambda: ForeignOrder(every_s=0),
    ],
)
def test_fault_that_cannot_be_is_an_error(make: type[Fault]) -> None:
    with pytest.raises(ValueError, match=r"must|is no span"):
        make()


# What each does


def test_async_reject_takes_an_accepted_order_back_and_its_legs_with_it() -> None:
    exchange = hostile(AsyncReject())
    assert exchange.place(OPEN, ACCOUNT, LONG).code is PlaceCode.SUCCESS
    assert order_steps(run(exchange, 100))[3:] == [
        ("T", "rejected", 7),
        ("T-SL", "cancelled", 7),
        ("T-TP", "cancelled", 7),
    ]
    assert exchange.is_flat and exchange.fills(ACCOUNT) == ()


@pytest.mark.parametrize("took_effect", [True, False])
def test_pending_place_has_no_id_and_may_have_been_taken(took_effect: bool) -> None:
    exchange = hostile(OrderPending(took_effect=took_effect))
    result = exchange.place(OPEN, ACCOUNT, buy(tag="P"))
    run(exchange, 100)
    assert (result.code, result.order_id) == (PlaceCode.ORDER_PENDING, None)
    assert [order.tag for order in exchange.orders(ACCOUNT)] == (["P"] if took_effect else [])


def test_pending_cancel_modify_and_close_have_their_endpoints_codes() -> None:
    exchange = entered(
        OrderPending(on="cancel"), OrderPending(on="modify"), OrderPending(on="close", count=2)
    )
    leg = the(exchange, "T-SL").id
    change = Change(stop_price=MNQ.price(99_970))
    assert exchange.modify(after(200), ACCOUNT, leg, change).code is ModifyCode.PENDING
    assert exchange.cancel(after(300), ACCOUNT, leg).code is CancelCode.PENDING
    partial = exchange.partial_close(after(300), ACCOUNT, MNQ.id, 1)
    assert partial.code is PartialCloseCode.ORDER_PENDING
    assert exchange.close(after(300), ACCOUNT, MNQ.id).code is CloseCode.ORDER_PENDING
    run(exchange, 400)
    assert (the(exchange, "T-SL").stop_ticks, the(exchange, "T-SL").status) == (
        99_970,
        OrderStatus.CANCELLED,
    )


def test_partial_fill_brings_the_rest_later() -> None:
    exchange = hostile(PartialFill(size=1, rest_after_ms=50))
    exchange.place(OPEN, ACCOUNT, buy(3, tag="B"))
    assert order_steps(run(exchange, 100)) == [
        ("B", "pending", 0),
        ("B", "open", 3),
        ("B", "filled", 53),
    ]
    assert [fill.size for fill in exchange.fills(ACCOUNT)] == [1, 2]


def test_partial_fill_without_a_rest_leaves_the_order_open() -> None:
    exchange = hostile(PartialFill(size=1, rest_after_ms=None))
    placed = exchange.place(OPEN, ACCOUNT, buy(3, tag="B"))
    run(exchange, 5000)
    assert (the(exchange, "B").status, the(exchange, "B").filled_size) == (OrderStatus.OPEN, 1)
    exchange.cancel(after(5000), ACCOUNT, placed.order_id or 0)
    run(exchange, 5100)
    assert the(exchange, "B").status is OrderStatus.CANCELLED


def test_delayed_fill_takes_so_much_longer() -> None:
    exchange = hostile(FillDelayed(ms=2000))
    exchange.place(OPEN, ACCOUNT, buy(tag="B"))
    assert order_steps(run(exchange, 3000)) == [("B", "pending", 0), ("B", "filled", 2003)]


def test_brackets_are_refused_as_in_position_mode_and_the_next_is_accepted() -> None:
    exchange = hostile(BracketsRefused())
    assert exchange.place(OPEN, ACCOUNT, buy()).code is PlaceCode.SUCCESS
    refused = exchange.place(OPEN, ACCOUNT, LONG)
    assert refused.text == wording.POSITION_BRACKETS
    again = exchange.place(OPEN, ACCOUNT, replace(LONG, tag="U"))
    assert again.code is PlaceCode.SUCCESS


@pytest.mark.parametrize(("leg", "left"), [("stop_loss", "T-TP"), ("take_profit", "T-SL")])
def test_missing_leg_is_never_born(leg: str, left: str) -> None:
    exchange = entered(LegMissing(leg=leg))  # type: ignore[arg-type]
    assert [o.tag for o in exchange.orders(ACCOUNT, OrderStatus.OPEN)] == [left]
    assert [o.tag for o in exchange.orders(ACCOUNT)] == sorted(["T", left])


@pytest.mark.parametrize(("leg", "tag"), [("stop_loss", "T-SL"), ("take_profit", "T-TP")])
def test_refused_leg_is_rejected_when_it_would_start(leg: str, tag: str) -> None:
    exchange = entered(LegRefused(leg=leg))  # type: ignore[arg-type]
    assert the(exchange, tag).status is OrderStatus.REJECTED
    assert len(exchange.orders(ACCOUNT, OrderStatus.OPEN)) == 1


def test_surviving_sibling_can_open_a_position() -> None:
    exchange = entered(SiblingSurvives())
    exchange.feed(printed(200, 100_082))
    run(exchange, 300)
    assert the(exchange, "T-SL").status is OrderStatus.OPEN
    exchange.feed(printed(400, 99_900))
    assert [position.size for position in exchange.positions(ACCOUNT)] == [-1]


def test_forced_liquidation_closes_everything_and_locks_the_account_at_its_moment() -> None:
    exchange = entered(ForcedLiquidation(from_s=0.5, account_id=ACCOUNT))
    events = run(exchange, 600)
    assert order_steps(events) == [
        ("T-SL", "cancelled", 500),
        ("T-TP", "cancelled", 500),
        ("market", "pending", 500),
        ("market", "filled", 503),
    ]
    told = [event.account for event in events if isinstance(event, AccountChanged)]
    assert [account.can_trade for account in told] == [False, False]
    assert exchange.place(after(700), ACCOUNT, buy()).code is PlaceCode.ACCOUNT_VIOLATION
    assert exchange.is_active(ACCOUNT)


def test_liquidation_for_good_hides_the_account() -> None:
    exchange = entered(ForcedLiquidation(from_s=0.5, lock="failed"))
    run(exchange, 600)
    assert not exchange.is_active(ACCOUNT)


def test_lock_for_the_day_falls_at_17_chicago_without_a_program_too() -> None:
    exchange = entered(ForcedLiquidation(from_s=0.5))
    exchange.advance(OPEN + timedelta(hours=9))
    account = exchange.account(ACCOUNT)
    assert account is not None and account.can_trade


def test_foreign_order_trades_on_the_account_without_our_tag() -> None:
    exchange = entered(ForeignOrder(from_s=0.2, side=Side.SELL, size=2))
    run(exchange, 300)
    assert [position.size for position in exchange.positions(ACCOUNT)] == [-1]
    assert exchange.orders(ACCOUNT)[-1].tag is None


def test_foreign_orders_repeat_and_rest_where_they_are_told() -> None:
    fault = ForeignOrder(
        every_s=1.0, count=3, type=OrderType.LIMIT, side=Side.BUY, ticks_away=20, tag="other-bot"
    )
    exchange = hostile(fault)
    run(exchange, 5000)
    working = exchange.orders(ACCOUNT, OrderStatus.OPEN)
    assert [(o.limit_ticks, o.tag) for o in working] == [(99_981, "other-bot")] * 3


def test_timed_fault_that_was_taken_back_does_not_happen() -> None:
    exchange = hostile(ForeignOrder(from_s=1.0))
    exchange.faults.disarm("foreign_order")
    run(exchange, 2000)
    assert exchange.orders(ACCOUNT) == ()


def test_faults_compose() -> None:
    exchange = hostile(
        PartialFill(size=1, rest_after_ms=20), LegRefused(), FillDelayed(ms=100), SiblingSurvives()
    )
    exchange.place(OPEN, ACCOUNT, replace(LONG, size=2))
    run(exchange, 500)
    assert the(exchange, "T").status is OrderStatus.FILLED
    assert the(exchange, "T-SL").status is OrderStatus.REJECTED
    assert (the(exchange, "T-TP").status, the(exchange, "T-TP").size) == (OrderStatus.OPEN, 2)


def test_no_fault_no_difference() -> None:
    def day(*faults: Fault) -> list[object]:
        exchange = hostile(*faults)
        exchange.place(OPEN, ACCOUNT, LONG)
        exchange.place(OPEN, ACCOUNT, limit(Side.BUY, 99_000))
        exchange.place(OPEN, ACCOUNT, sell(2))
        return [*run(exchange, 100), *exchange.feed(printed(200, 100_082)), *run(exchange, 900)]

    assert day() == day(AsyncReject(chance=0.0, count=None), ForeignOrder(from_s=60))


def test_kind_is_the_name_in_files() -> None:
    assert kind_of(SiblingSurvives()) == "sibling_survives"
