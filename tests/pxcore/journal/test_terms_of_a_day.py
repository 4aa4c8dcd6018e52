"""What a day has settled holds whatever the store, a file or a death did to its records."""

from decimal import Decimal

import pytest
from backtest_scenes import demo_day
from engine_scenes import OPEN

from pxcore.engine.commands import Halt
from pxcore.engine.events import LimitsTightened
from pxcore.engine.tightening import Bounds
from pxcore.journal.latches import has_dead_session
from pxcore.journal.operator import OperatorJournal, Tightened
from pxcore.journal.rows import SCHEMA, Closing, Opening, RowKind
from pxcore.journal.terms import read_terms
from pxcore.journal.writer import Journal

CONFIG = demo_day(1).engine.config
OF_DAY = {"account_id": CONFIG.account_id, "trading_day": CONFIG.trading_day}


def begun(folder) -> Journal:
    journal = Journal(folder / f"px-{CONFIG.trading_day:%Y%m%d}-1.jsonl", on_fault=pytest.fail)
    journal.append(
        RowKind.OPENED,
        Opening(
            schema=SCHEMA,
            mode="paper",
            config=CONFIG,
            strategy="hold",
            strategy_params={},
            paper_clock="",
            trading_day=CONFIG.trading_day,
        ),
    )
    return journal


def last_row(**changes) -> Closing:
    fields = {
        "reason": "daily loss",
        "is_flat": True,
        "headroom_usd_min": None,
        "conflated_quotes": 0,
        "bad_records": 0,
        "reconnects": 0,
        "rows_dropped": 0,
    }
    return Closing(**fields | changes)


@pytest.mark.damages_journal
def test_halt_holds_though_no_store_was_told_and_the_session_ended_properly(tmp_path):
    journal = begun(tmp_path)
    journal.append(RowKind.COMMAND, Halt(reason="daily loss"))
    journal.append(RowKind.CLOSED, last_row(halt_reason="daily loss"))
    assert journal.close()

    assert read_terms(tmp_path, latched=None, **OF_DAY).halt_reason == "daily loss"


def test_session_that_ended_without_a_halt_leaves_none(tmp_path):
    journal = begun(tmp_path)
    journal.append(RowKind.CLOSED, last_row())
    assert journal.close()

    assert read_terms(tmp_path, latched=None, **OF_DAY).halt_reason is None
    assert not has_dead_session(tmp_path, **OF_DAY)


def test_session_without_its_last_row_has_died(tmp_path):
    assert begun(tmp_path).close()

    assert has_dead_session(tmp_path, **OF_DAY)
    assert not has_dead_session(tmp_path, account_id=99, trading_day=CONFIG.trading_day)


def test_tightening_that_a_session_heard_holds_though_the_operators_journal_is_gone(tmp_path):
    journal = begun(tmp_path)
    tighter = Bounds(loss_usd_max=Decimal(40))
    acts = OperatorJournal(tmp_path, **OF_DAY)
    acts.record(lambda rows: Tightened(before=Bounds(), after=tighter), who="me", reason="r")
    journal.append(RowKind.EVENT, LimitsTightened(at=OPEN, bounds=tighter, why="me: r"))
    assert journal.close()

    acts.path.rename(tmp_path / "moved-away")

    assert read_terms(tmp_path, latched=None, **OF_DAY).in_force.loss_usd_max == 40
