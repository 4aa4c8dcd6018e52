"""A backtest's day, journalled as a session does it, reported as the end of a day does it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from backtest_scenes import BALANCE, demo_day
from msgspec.structs import replace

from pxcore.closing.day_record import record_day_end
from pxcore.journal.rows import SCHEMA, Closing, Opening, RowKind
from pxcore.journal.writer import Journal
from pxcore.reports.daily import DailyReport, make_report
from pxcore.reports.day_totals import totals_of
from pxcore.reports.reconcile import VenueDay, reconcile
from pxcore.reports.record import Record
from pxcore.reports.recorder import read_record
from pxcore.reports.verdict import Reconciliation
from pxcore.session.ending import ledger_of
from pxcore.simulation.direct import DirectVenue


class Played:
    """A day that was run to its end, between the venue's two snapshots."""

    def __init__(self, seed: int = 1, **limits) -> None:
        self.day = demo_day(seed, **limits)
        venue = DirectVenue(self.day.exchange, 1)
        self.opening = venue.snapshot(self.day._now)
        self.day.run()
        self.closing = venue.snapshot(self.day._now)
        self.terms = Opening(
            schema=SCHEMA,
            mode="paper",
            config=self.day.engine.config,
            strategy="timed-entry",
            strategy_params={"every_s": 4.0},
            paper_clock="",
            trading_day=self.day.engine.config.trading_day,
        )

    def rows(self) -> Iterator[tuple[RowKind, msgspec.Struct]]:
        """Of the session's journal, but its last."""
        yield RowKind.OPENED, self.terms
        for event, commands in self.day.log:
            yield RowKind.EVENT, event
            for command in commands:
                yield RowKind.COMMAND, command

    def last_row(self) -> Closing:
        return Closing(
            reason=self.day.engine.ending or "over",
            is_flat=True,
            headroom_usd_min=self.day.engine.state.extremes.headroom_usd,
            conflated_quotes=0,
            bad_records=0,
            reconnects=0,
            rows_dropped=0,
            ledger=ledger_of(self.day.engine),
        )

    @property
    def venue_day(self) -> VenueDay:
        return VenueDay(closing=self.closing, orders=self.day.exchange.orders(1))

    def reconciled(self, record: Record) -> Reconciliation:
        return reconcile(
            record,
            opening=replace(
                self.opening, account=replace(self.opening.account, balance_usd=BALANCE)
            ),
            last_order_id=0,
            venue=self.venue_day,
        )

    def report(self, record: Record, journals: Path) -> DailyReport:
        return make_report(
            record,
            opening=self.opening,
            closing=self.closing,
            day=totals_of(self.closing, journals, account_id=1, trading_day=self.terms.trading_day),
            reconciliation=self.reconciled(record),
            market="paper",
        )


def reported_day(folder: Path, seed: int = 1, **limits) -> DailyReport:
    """The report; with it lie the session's journal in the folder, and the day's end."""
    played = Played(seed, **limits)
    record = read_record(written(folder, played), played.terms)
    report = played.report(record, folder)
    record_day_end(
        folder,
        at=played.day._now,
        account_id=1,
        trading_day=played.terms.trading_day,
        venue=played.venue_day,
        found=played.reconciled(record),
        report=report,
    )
    return report


def written(folder: Path, played: Played) -> Path:
    journal = Journal(folder / "px-20261120-1.jsonl", on_fault=print)
    for kind, body in played.rows():
        journal.append(kind, body)
    journal.append(RowKind.CLOSED, played.last_row())
    assert journal.close()
    return journal.path
