"""A backtest's day, journalled as a session does it, reported as the end of a day does it."""

from pathlib import Path

from backtest_scenes import BALANCE, demo_day
from msgspec.structs import replace

from pxcore.backtest.direct import DirectVenue
from pxcore.journal import SCHEMA, Closing, Journal, Opening, RowKind
from pxcore.reports.daily import DailyReport, make_report
from pxcore.reports.reconcile import VenueDay, reconcile
from pxcore.reports.record import read_record
from pxcore.runtime.day_record import record_day_end
from pxcore.runtime.session import ledger_of


def reported_day(folder: Path, seed: int = 1, **limits) -> DailyReport:
    """The report; with it lies the session's journal in the folder, and the day's end."""
    day = demo_day(seed, **limits)
    venue = DirectVenue(day.exchange, 1)
    opening = venue.snapshot(day._now)
    day.run()
    closing = venue.snapshot(day._now)
    terms = Opening(
        schema=SCHEMA,
        mode="paper",
        config=day.engine.config,
        strategy="timed-entry",
        strategy_params={"every_s": 4.0},
        paper_clock="",
        trading_day=day.engine.config.trading_day,
    )
    path = written(folder, day, terms)
    record = read_record(path, terms)
    venue_day = VenueDay(closing=closing, orders=day.exchange.orders(1))
    found = reconcile(
        record,
        opening=replace(opening, account=replace(opening.account, balance_usd=BALANCE)),
        last_order_id=0,
        venue=venue_day,
    )
    report = make_report(
        record, opening=opening, closing=closing, reconciliation=found, market="paper"
    )
    record_day_end(
        folder,
        at=day._now,
        account_id=1,
        trading_day=terms.trading_day,
        venue=venue_day,
        found=found,
        report=report,
    )
    return report


def written(folder: Path, day, terms: Opening) -> Path:
    journal = Journal(folder / "px-20261120-1.jsonl", on_fault=print)
    journal.append(RowKind.OPENED, terms)
    for event, commands in day.log:
        journal.append(RowKind.EVENT, event)
        for command in commands:
            journal.append(RowKind.COMMAND, command)
    journal.append(
        RowKind.CLOSED,
        Closing(
            reason=day.engine.ending or "over",
            is_flat=True,
            headroom_usd_min=day.engine.headroom_usd_min,
            conflated_quotes=0,
            bad_records=0,
            reconnects=0,
            rows_dropped=0,
            ledger=ledger_of(day.engine),
        ),
    )
    assert journal.close()
    return journal.path
