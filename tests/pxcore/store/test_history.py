"""Periods come from the store, and days that it lacks from the journals; on both databases."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace
from report_scenes import Played, reported_day, written

from pxcore.closing.day_record import record_day_end
from pxcore.journal.retirement import journals_of
from pxcore.journal.segments import session_of
from pxcore.reports.verdict import Difference, DifferenceKind, Reconciliation
from pxcore.store.projection.days import rebuild
from pxcore.store.projection.history import accounts_in, bring_in, days_of, holds_day, period_of
from pxcore.store.projection.journals import last_hash

DAY = date(2026, 11, 20)
CLEAN = Reconciliation(differences=(), fills=0, orders=0)
HELD = Difference(kind=DifferenceKind.NOT_FLAT, what="position C", ours="0", venues="+1")
BROKEN = Reconciliation(differences=(HELD,), fills=0, orders=0)


def compared(folder, played, found, report=None):
    record_day_end(
        folder,
        at=played.day._now,
        account_id=1,
        trading_day=DAY,
        venue=played.venue_day,
        found=found,
        report=report,
    )


def told(store, folder):
    """The day, after what the store lacks was brought in."""
    bring_in(store, folder, DAY, DAY)
    (line,) = days_of(store, 1, DAY, DAY)
    return line


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


def test_store_holds_a_day_when_it_has_each_journal_to_its_last_row(store, made):
    folder, _ = made
    hashes = {session_of(path): last_hash(path) for path in journals_of(folder, DAY)}
    assert len(hashes) == 2 and not holds_day(store, DAY, hashes=hashes, acts={})

    rebuild(store, folder)

    assert holds_day(store, DAY, hashes=hashes, acts={1: 0})
    assert not holds_day(store, DAY, hashes=hashes, acts={1: 1})
    assert not holds_day(store, DAY, hashes=hashes | {"px-20261120-1": "0" * 32}, acts={})
    assert not holds_day(store, DAY - timedelta(days=1), hashes=hashes, acts={})


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


def test_px_reconcile_that_found_a_broken_day_is_what_the_week_says(store, made):
    folder, _ = made
    assert told(store, folder).verdict == "clean"
    compared(folder, Played(3, trades_max=3), BROKEN)
    assert told(store, folder).verdict == "broken"


def test_broken_session_is_not_hidden_by_a_later_clean_one(store, made):
    folder, report = made
    played = Played(3, trades_max=3)
    compared(folder, played, BROKEN, replace(report, session_id="px-20261120-0"))
    compared(folder, played, CLEAN, report)
    assert told(store, folder).verdict == "broken"
    compared(folder, played, CLEAN)  # the whole day, by `px reconcile`
    assert told(store, folder).verdict == "clean"


def test_day_with_a_session_that_was_never_compared_is_not_clean(store, made):
    folder, report = made
    for one in folder.glob("end-*"):
        one.unlink()
    compared(folder, Played(3, trades_max=3), CLEAN, replace(report, session_id="px-20261120-0"))
    assert told(store, folder).verdict is None


def test_session_that_was_projected_while_it_ran_is_read_again(store, tmp_path):
    played = Played(3, trades_max=3)
    path = written(tmp_path / "journal", played)
    whole, seal = path.read_bytes(), path.with_suffix(".seal")
    sealed = seal.read_bytes()
    seal.unlink()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 3]))
    part = told(store, path.parent)
    path.write_bytes(whole)
    seal.write_bytes(sealed)
    assert told(store, path.parent).fills > part.fills


@pytest.mark.damages_journal
def test_damage_is_told_each_time_the_week_is_asked_for(store, made):
    folder, _ = made
    path = folder / "px-20261120-1.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3] + lines[-2:]))
    assert bring_in(store, folder, DAY, DAY) == bring_in(store, folder, DAY, DAY) != ()
