"""A period's figures, against sums that are written out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pxcore.reports.period import Consistency, DayLine, Trade, group_of, make_period

MONDAY = date(2026, 11, 16)


def day(number: int, net: str, fills: int = 2) -> DayLine:
    return DayLine(
        trading_day=MONDAY + timedelta(days=number),
        sessions=1,
        trades=1,
        fills=fills,
        gross_usd=Decimal(net) + 1,
        costs_usd=Decimal(1),
        net_usd=Decimal(net),
    )


def trade(net: str, strategy: str = "orb", at: str = "2026-11-16T14:31:00") -> Trade:
    return Trade(
        strategy=strategy,
        opened_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        net_usd=Decimal(net),
    )


def test_group_tells_rate_factor_and_expectancy():
    found = group_of("x", [trade("30"), trade("-10"), trade("0"), trade("-5.50")])
    assert (found.trades, found.wins, found.losses) == (4, 1, 2)
    assert found.net_usd == Decimal("14.50")
    assert found.win_rate == 0.25
    assert found.profit_factor == pytest.approx(30 / 15.5)
    assert found.expectancy_usd == Decimal("3.62")  # 3.625, to the even cent
    assert (found.best_usd, found.worst_usd) == (Decimal(30), Decimal(-10))


def test_group_that_lost_nothing_has_no_profit_factor_and_an_empty_one_nothing():
    assert group_of("x", [trade("30")]).profit_factor is None
    empty = group_of("x", [])
    assert (empty.win_rate, empty.profit_factor, empty.expectancy_usd) == (None, None, None)


def test_hours_are_chicagos_on_both_sides_of_the_change_of_clocks():
    winter, summer = trade("1"), trade("2", at="2026-07-16T13:31:00")
    found = make_period(7, MONDAY, MONDAY, days=[], trades=[winter, summer])
    (hour,) = found.by_hour
    assert (hour.name, hour.net_usd) == ("08:00", Decimal(3))


def test_days_are_in_order_and_their_sums_are_the_periods():
    days = [day(2, "-20"), day(0, "50"), day(3, "5"), day(1, "-40")]
    found = make_period(7, MONDAY, MONDAY + timedelta(days=6), days=days, trades=[trade("-7")])
    assert [d.trading_day.day for d in found.days] == [16, 17, 18, 19]
    assert (found.net_usd, found.gross_usd, found.costs_usd) == (
        Decimal(-5),
        Decimal(-1),
        Decimal(4),
    )
    assert found.deepest_fall_usd == Decimal(60)  # from 50 to -10
    assert found.elsewhere_usd == Decimal(2)  # the days' -5 less the trades' -7


def test_strategies_are_told_apart():
    found = make_period(
        7, MONDAY, MONDAY, days=[], trades=[trade("1", "a"), trade("2", "b"), trade("3", "a")]
    )
    assert [(g.name, g.net_usd) for g in found.by_strategy] == [("a", 4), ("b", 2)]


@pytest.mark.parametrize(
    ("nets", "share"),
    [
        (("100", "50", "-30"), 100 / 120),
        (("100",), 1.0),
        (("-100", "50"), None),
        ((), None),
    ],
)
def test_consistency_is_the_best_days_share_of_all_profit(nets, share):
    days = [day(n, net) for n, net in enumerate(nets)] + [day(5, "0", fills=0)]
    found = make_period(7, MONDAY, MONDAY, days=days, trades=[]).consistency
    assert found.best_share == (None if share is None else pytest.approx(share))
    assert found.days == len(nets)


def test_consistency_says_what_it_compares():
    found = Consistency(days=3, best_day_usd=Decimal(60), total_usd=Decimal(120))
    assert str(found) == "best day +60.00 of +120.00 over 3 days with fills, 50% of the profit"
