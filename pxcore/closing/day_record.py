"""The record of a comparison with the venue: what it listed, what comparing found, the report.

A journal of its own, so that the store can be made again from journals alone. The report's files
come first: a record that cannot be made is told, and holds nothing up.
"""

import secrets
from datetime import UTC, date, datetime
from pathlib import Path

from loguru import logger
from msgspec.structs import replace

from pxcore.journal.rows import Closing, DayEndTerms, RowKind
from pxcore.journal.writer import Journal
from pxcore.reports.daily import DailyReport
from pxcore.reports.reconcile import VenueDay
from pxcore.reports.verdict import Reconciliation


def record_day_end(
    journals: Path,
    *,
    at: datetime,
    account_id: int,
    trading_day: date,
    venue: VenueDay,
    found: Reconciliation,
    report: DailyReport | None = None,
) -> None:
    """Of a session with its `report`, of the whole day without one. `at` by the session's clock."""
    stamp = f"{datetime.now(UTC):%H%M%S}-{secrets.token_hex(2)}"
    path = journals / f"end-{trading_day:%Y%m%d}-{stamp}.jsonl"
    terms = DayEndTerms(
        account_id=account_id,
        trading_day=trading_day,
        session_id=report.session_id if report is not None else None,
    )
    try:
        journal = Journal(path, on_fault=lambda what: logger.warning("{} {}", path.name, what))
    except OSError as error:
        logger.warning("the day's end is not recorded: {}", error.strerror)
        return
    journal.append(RowKind.DAY_END, terms, at=at)
    journal.append(RowKind.VENUE, venue, at=at)
    journal.append(RowKind.RECONCILED, found, at=at)
    if report is not None:
        journal.append(RowKind.REPORT, replace(report, equity=(), prices=()), at=at)
    closing = Closing(
        reason="compared",
        is_flat=venue.closing.is_flat,
        headroom_usd_min=None,
        conflated_quotes=0,
        bad_records=0,
        reconnects=0,
        rows_dropped=journal.rows_dropped,
    )
    journal.append(RowKind.CLOSED, closing, at=at)
    if not journal.close():
        logger.warning("the record {} of the day's end is not complete", path.name)
