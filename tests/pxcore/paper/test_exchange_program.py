"""The program's rules: position cap, loss limits, the daily flatten, hours, locks."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import wording
from paper_scenes import ES, LISTED, MNQ, buy, limit, sell

from pxcore.calendar.hours import chicago, trading_day
from pxcore.model import Misconfigured, OrderStatus, Quote, Side
from pxcore.paper.exchange import (
    PROGRAMS,
    AccountChanged,
    AccountSpec,
    CloseCode,
    Exchange,
    FillMade,
    Lock,
    OrderChanged,
    PlaceCode,
    Program,
    VenueEvent,
    program_named,
)
from pxcore.paper.exchange.program import Standing, begun, breach, floor_usd, next_standing
from pxcore.paper.faults.venue import AsyncReject
from pxcore.paper.hours import flat_by, is_exchange_open, is_program_open, next_day, next_flat_by
from pxcore.paper.markets.catalogue import find_contract

FRIDAY = date(2026, 11, 20)
OPEN = chicago(FRIDAY, time(8, 30))
ZC = find_contract(LISTED, "ZC")
D = Decimal


def at(local: time, day: date = FRIDAY) -> datetime:
    return chicago(day, local)


def world(
    program: Program = PROGRAMS["50k"], *, start: datetime = OPEN, balance: str = "50000"
) -> Exchange:
    """One account of a program; MNQ and ES are quoted."""
    exchange = Exchange(
        contracts=LISTED,
        accounts=(AccountSpec(1, program.account_name, D(balance), program=program),),
        seed=7,
        is_open=is_exchange_open,
    )
    quoted(exchange, start, 100_000)
    exchange.feed(
        Quote(at=start, happened_at=start, contract_id=ES.id, bid_ticks=30_000, ask_ticks=30_001)
    )
    return exchange


def quoted(exchange: Exchange, moment: datetime, bid: int) -> list[VenueEvent]:
    return exchange.feed(
        Quote(at=moment, happened_at=moment, contract_id=MNQ.id, bid_ticks=bid, ask_ticks=bid + 1)
    )


def holding(size: int, program: Program = PROGRAMS["50k"], **more: str) -> Exchange:
    """Long so many MNQ from 100001, at OPEN plus one second."""
    exchange = world(program, **more)
    assert exchange.place(OPEN, 1, buy(size)).code is PlaceCode.SUCCESS
    exchange.advance(OPEN + timedelta(seconds=1))
    return exchange


def after(seconds: float) -> datetime:
    return OPEN + timedelta(seconds=seconds)


def can_trade(exchange: Exchange) -> bool:
    account = exchange.account(1)
    return account is not None and account.can_trade


# Reference, 6.2.
@pytest.mark.parametrize(
    ("name", "balance", "loss", "day_loss", "minis"),
    [("50k", 50_000, 2000, 1000, 5), ("100k", 100_000, 3000, 2000, 10),
     ("150k", 150_000, 4500, 3000, 15)],
)  # fmt: skip
def test_preset_has_the_figures_of_its_program(
    name: str, balance: int, loss: int, day_loss: int, minis: int
) -> None:
    program = program_named(name)
    assert (program.balance_usd, program.loss_usd_max) == (balance, loss)
    assert (program.day_loss_usd_max, program.micros_max) == (day_loss, 10 * minis)


def test_practice_preset_has_a_daily_limit_and_cannot_fail() -> None:
    practice = program_named("Practice")
    assert practice.loss_usd_max is None and practice.day_loss_usd_max is not None


def test_unknown_program_is_a_clear_error() -> None:
    with pytest.raises(Misconfigured, match="no account program '5k'; there are 50k, 100k, 150k"):
        program_named("5k")


# Position cap


@pytest.mark.parametrize(
    ("held", "order", "is_refused"),
    [
        (0, buy(50), False),
        (0, buy(51), True),
        (30, buy(20), False),
        (30, buy(21), True),
        (30, sell(80), False),  # ends 50 short
        (30, sell(81), True),
        (50, sell(50), False),
        (40, replace(buy(1), contract_id=ES.id), False),  # ten micros more
        (41, replace(buy(1), contract_id=ES.id), True),
    ],
    ids=["cap", "above", "adds to it", "adds above", "reverses to it", "reverses above",
         "closes", "mini beside micros", "mini too many"],
)  # fmt: skip
def test_position_cap_counts_micros_and_minis_and_what_they_would_become(
    held: int, order: object, is_refused: bool
) -> None:
    exchange = holding(held) if held else world()
    result = exchange.place(after(2), 1, order)  # type: ignore[arg-type]
    text = wording.POSITION_MAX if is_refused else None
    assert (result.code is PlaceCode.ORDER_REJECTED, result.text) == (is_refused, text)


def test_orders_in_flight_and_working_count_towards_the_cap() -> None:
    exchange = world()
    exchange.place(OPEN, 1, buy(30))
    exchange.place(OPEN, 1, replace(limit(Side.BUY, 99_000), size=15))
    assert exchange.place(OPEN, 1, buy(6)).text == wording.POSITION_MAX
    assert exchange.place(OPEN, 1, buy(5)).code is PlaceCode.SUCCESS


def test_margin_is_refused_with_its_text_where_it_is_asked_for() -> None:
    program = replace(PROGRAMS["50k"], margin_usd=D(5000))
    exchange = world(program)
    assert exchange.place(OPEN, 1, buy(11)).text == "Not enough margin."
    assert exchange.place(OPEN, 1, buy(10)).code is PlaceCode.SUCCESS


# Daily Loss Limit: 1000 dollars. 10 MNQ lose 5 dollars a tick; opening them costs 6.10.


def test_daily_loss_limit_is_checked_on_open_loss_at_every_quote() -> None:
    exchange = holding(10)
    quoted(exchange, after(2), 100_001 - 198)  # 990 and 6.10 of costs: 3.90 left
    assert can_trade(exchange) and exchange.positions(1)
    quoted(exchange, after(3), 100_001 - 199)
    assert not can_trade(exchange)


def test_liquidation_cancels_then_closes_untagged_then_tells_that_nobody_may_trade() -> None:
    exchange = holding(10)
    exchange.place(after(2), 1, limit(Side.SELL, 100_500, tag="W"))
    exchange.advance(after(3))
    events = quoted(exchange, after(4), 99_000) + exchange.advance(after(5))
    orders = [e.order for e in events if isinstance(e, OrderChanged)]
    assert [(o.tag, o.type.value, o.status.value) for o in orders] == [
        ("W", "limit", "cancelled"),
        (None, "market", "pending"),
        (None, "market", "filled"),
    ]
    (fill,) = [e.fill for e in events if isinstance(e, FillMade)]
    assert fill.fees_usd == 10 * (D("0.36") + 10)  # reference 6.8: 10 dollars a contract
    accounts = [e.account for e in events if isinstance(e, AccountChanged)]
    assert accounts and not any(account.can_trade for account in accounts)
    refused = exchange.place(after(6), 1, buy())
    assert (refused.code, refused.order_id) == (PlaceCode.ACCOUNT_VIOLATION, None)


def test_daily_lock_ends_with_the_next_trading_day_and_the_account_stays_in_sight() -> None:
    exchange = holding(10)
    quoted(exchange, after(3), 99_700)
    exchange.advance(after(10))
    assert exchange.is_active(1) and not can_trade(exchange)
    exchange.advance(at(time(16, 59)))
    assert not can_trade(exchange)
    events = exchange.advance(at(time(17)))
    assert can_trade(exchange)
    assert [e.account.can_trade for e in events if isinstance(e, AccountChanged)] == [True]


def test_realised_losses_count_towards_the_daily_limit() -> None:
    exchange = holding(10)
    quoted(exchange, after(2), 100_001 - 150)
    exchange.close(after(2), 1, MNQ.id)  # 750 and 12.20 of costs
    exchange.advance(after(3))
    assert exchange.place(after(3), 1, buy(10)).code is PlaceCode.SUCCESS
    exchange.advance(after(4))
    # Bought again at 99852 for 6.10: 768.30 is gone, 231.70 is left, which is 46 ticks.
    quoted(exchange, after(5), 99_852 - 46)
    assert can_trade(exchange)
    quoted(exchange, after(6), 99_852 - 47)
    assert not can_trade(exchange)


# Maximum Loss Limit


def standing(peak: str, lock: Lock | None = None) -> Standing:
    return Standing(day=FRIDAY, day_start_usd=D(peak), peak_usd=D(peak), lock=lock)


@pytest.mark.parametrize(
    ("peak", "floor"),
    [("50000", 48_000), ("51000", 49_000), ("52000", 50_000), ("60000", 50_000)],
    ids=["start", "follows", "reaches the start", "locks there"],
)
def test_floor_follows_the_highest_day_end_and_locks_at_the_start(peak: str, floor: int) -> None:
    assert floor_usd(PROGRAMS["50k"], standing(peak)) == floor


def test_floor_never_falls_after_a_losing_day() -> None:
    rich = next_standing(begun(PROGRAMS["50k"], FRIDAY, D(50_000)), FRIDAY, D(51_000))
    poor = next_standing(rich, FRIDAY, D(50_200))
    assert floor_usd(PROGRAMS["50k"], poor) == 49_000
    assert poor.day_start_usd == 50_200


@pytest.mark.parametrize(
    ("equity", "lock"),
    [("49000.01", None), ("49000", Lock.DAY), ("48000.01", Lock.DAY), ("48000", Lock.FAILED)],
)
def test_touching_a_limit_is_a_breach_of_it(equity: str, lock: Lock | None) -> None:
    assert breach(PROGRAMS["50k"], standing("50000"), D(equity)) is lock


def test_account_that_touches_its_floor_fails_for_good_and_leaves_the_active_ones() -> None:
    exchange = holding(50)  # 25 dollars a tick
    quoted(exchange, after(2), 100_001 - 80)
    exchange.advance(after(3))
    assert exchange.positions(1) == () and not exchange.is_active(1)
    exchange.advance(at(time(17), date(2026, 11, 22)))
    assert not can_trade(exchange)
    standing_now = exchange.standing(1)
    assert standing_now is not None and standing_now.lock is Lock.FAILED


def test_floor_rises_at_the_end_of_the_day_and_not_before() -> None:
    exchange = holding(50, replace(PROGRAMS["50k"], day_loss_usd_max=None))
    quoted(exchange, after(2), 100_051)  # 1250 of gain
    exchange.close(after(2), 1, MNQ.id)
    exchange.advance(after(3))
    before = exchange.standing(1)
    exchange.advance(at(time(17)))
    later = exchange.standing(1)
    assert before is not None and later is not None
    assert before.peak_usd == 50_000
    assert later.peak_usd == D(50_000) + 1250 - 2 * 50 * D("0.61")


# Hours


@pytest.mark.parametrize(
    ("moment", "is_open", "may_trade"),
    [
        (at(time(8, 30)), True, True),
        (at(time(15, 9, 59)), True, True),
        (at(time(15, 10)), True, False),
        (at(time(15, 59)), True, False),
        (at(time(16)), False, False),
        (at(time(16, 59), date(2026, 11, 19)), False, False),
        (at(time(17), date(2026, 11, 19)), True, True),
        (at(time(17)), False, False),  # Friday evening
        (at(time(12), date(2026, 11, 21)), False, False),
        (at(time(17), date(2026, 11, 22)), True, True),  # Sunday
        (at(time(11, 49), date(2026, 11, 26)), True, True),  # Thanksgiving, closes at 12:00
        (at(time(11, 50), date(2026, 11, 26)), True, False),
        (at(time(12), date(2026, 11, 26)), False, False),
        (at(time(10), date(2026, 12, 25)), False, False),
        (datetime(2030, 1, 2, 15, tzinfo=UTC), False, False),  # beyond the calendar
    ],
)
def test_exchange_and_program_have_their_hours(
    moment: datetime, is_open: bool, may_trade: bool
) -> None:
    assert (is_exchange_open(MNQ, moment), is_program_open(MNQ, moment)) == (is_open, may_trade)


def test_grains_and_livestock_must_be_flat_earlier() -> None:
    day = trading_day(FRIDAY)
    assert flat_by(ZC, day) == at(time(13, 20))
    assert flat_by(find_contract(LISTED, "LE"), day) == at(time(13, 5))
    assert next_flat_by([MNQ], at(time(15, 10))) == at(time(15, 10), date(2026, 11, 23))


def test_trading_days_begin_at_17_chicago_over_the_change_of_the_clocks() -> None:
    saturday = datetime(2027, 3, 13, 12, tzinfo=UTC)  # the clocks change on Sunday
    assert next_day(saturday) == datetime(2027, 3, 13, 23, tzinfo=UTC)
    assert next_day(next_day(saturday)) == datetime(2027, 3, 14, 22, tzinfo=UTC)


def test_everything_is_closed_and_cancelled_at_15_10_chicago() -> None:
    exchange = holding(3)
    exchange.place(after(2), 1, limit(Side.BUY, 99_000, tag="W"))
    exchange.advance(at(time(15, 9, 59)))
    assert exchange.positions(1) and exchange.orders(1, OrderStatus.OPEN)
    exchange.advance(at(time(15, 10)) + timedelta(seconds=1))
    assert exchange.is_flat and can_trade(exchange)
    refused = exchange.place(at(time(15, 10)) + timedelta(seconds=2), 1, buy(tag="late"))
    assert (refused.code, refused.text) == (PlaceCode.ORDER_REJECTED, wording.MARKET_CLOSED)
    assert exchange.orders(1)[-1].status is OrderStatus.REJECTED


def test_what_the_venues_own_close_left_is_closed_again() -> None:
    """It was rejected, and nobody else may send one any more."""
    exchange = holding(3)
    flat_at = at(time(15, 10))
    exchange.arm(AsyncReject(), flat_at)
    exchange.advance(flat_at + timedelta(seconds=1))
    assert exchange.positions(1) and not exchange.orders(1, OrderStatus.OPEN)
    exchange.advance(flat_at + timedelta(seconds=6))
    assert exchange.is_flat


def test_close_is_refused_and_recorded_outside_hours() -> None:
    exchange = holding(1, replace(PROGRAMS["50k"], is_flat_daily=False))
    evening = at(time(16, 30))
    assert exchange.close(evening, 1, MNQ.id).code is CloseCode.ORDER_REJECTED
    assert exchange.orders(1)[-1].status is OrderStatus.REJECTED


def test_early_close_brings_the_flatten_forward() -> None:
    thanksgiving = date(2026, 11, 26)
    start = at(time(8, 30), thanksgiving)
    exchange = world(start=start)
    exchange.place(start, 1, buy())
    exchange.advance(at(time(11, 49), thanksgiving))
    assert exchange.positions(1)
    exchange.advance(at(time(11, 51), thanksgiving))
    assert exchange.positions(1) == ()


def test_account_without_a_program_has_no_limits_and_no_alarm() -> None:
    exchange = Exchange(contracts=LISTED, accounts=(AccountSpec(1, "A", D(1000)),), seed=1)
    quoted(exchange, OPEN, 100_000)
    exchange.place(OPEN, 1, buy(500))
    exchange.advance(after(1))
    quoted(exchange, after(2), 50_000)
    exchange.advance(after(3))
    assert exchange.positions(1)[0].size == 500
    assert exchange.next_due() is None
