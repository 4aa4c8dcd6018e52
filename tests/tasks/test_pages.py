"""What stands on Prefect's pages, as our tasks make it."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hostile import HOSTILE, require_harmless_markdown, require_shown

from pxcore.closing.day_check import DayChecked
from pxcore.reports.period import DayLine, Trade, make_period
from tasks.upkeep import week_page
from tasks.whole_day import day_page

DAY = date(2026, 11, 20)


def test_day_of_every_account_is_told_in_one_table_and_a_list():
    differs = dict.fromkeys(("kind", "what", "ours", "venues"), HOSTILE)
    checked = DayChecked(
        account_id=1,
        trading_day=DAY,
        sessions=("px-1",),
        fills=2,
        orders=2,
        verdict=HOSTILE,
        differences=(differs,),
    )
    page = day_page(DAY, [checked], [f"account 2: {HOSTILE}", f"- {HOSTILE}"])
    require_harmless_markdown(page)
    require_shown(page)
    assert len([line for line in page.splitlines() if line.startswith("- ")]) == 3


def test_week_is_told_in_tables_whatever_a_strategy_is_called():
    zero = Decimal(0)
    day = DayLine(
        trading_day=DAY,
        sessions=1,
        trades=1,
        fills=2,
        gross_usd=zero,
        costs_usd=zero,
        net_usd=zero,
        verdict=HOSTILE,
    )
    trade = Trade(strategy=HOSTILE, opened_at=datetime(2026, 11, 20, 15, tzinfo=UTC), net_usd=zero)
    page = week_page(make_period(1, DAY, DAY, days=[day], trades=[trade]))
    require_harmless_markdown(page)
    require_shown(page)
