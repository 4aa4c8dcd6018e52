"""Periods come from the store, and days that it lacks from the journals; on both databases."""

from datetime import date, timedelta

import pytest
from report_scenes import reported_day

from pxcore.store.history import accounts_in, bring_in, days_of, period_of
from pxcore.store.projection import rebuild

DAY = date(2026, 11, 20)


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "journal"
    return folder, reported_day(folder, 3, trades_max=3)


def test_day_that_the_store_lacks_is_brought_in_once(store, made):
    folder, report = made
    assert days_of(store, 1, DAY, DAY) == ()
    assert bring_in(store, folder, DAY - timedelta(days=1), DAY) == ()
    (line,) = days_of(store, 1, DAY, DAY)
    assert (line.net_usd, line.trades) == (report.net_usd, len(report.trades))
    assert accounts_in(store) == (1,)


def test_day_outside_the_stretch_stays_out(store, made):
    folder, _ = made
    bring_in(store, folder, DAY + timedelta(days=1), DAY + timedelta(days=9))
    assert accounts_in(store) == ()


def test_period_adds_up_to_the_reports_cents(store, made):
    folder, report = made
    rebuild(store, folder)
    found = period_of(store, 1, DAY - timedelta(days=4), DAY)
    assert found.net_usd == found.total.net_usd == report.net_usd
    assert found.elsewhere_usd == 0
    assert found.total.trades == len(report.trades) == found.by_strategy[0].trades
    assert [g.name for g in found.by_hour] == ["08:00"]


def test_trades_of_a_session_without_a_report_are_not_lost_from_the_sum(store, made):
    folder, report = made
    for one in folder.glob("end-*"):
        one.unlink()
    rebuild(store, folder)
    found = period_of(store, 1, DAY, DAY)
    assert (found.net_usd, found.total.trades) == (report.net_usd, 0)
    assert found.elsewhere_usd == report.net_usd
