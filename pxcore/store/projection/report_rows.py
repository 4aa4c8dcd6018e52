"""A comparison with the venue as rows of the store: what it listed, what differed, the report."""

from pathlib import Path

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.reader import decode_body, read_rows
from pxcore.journal.rows import DayEndTerms, Row, RowKind
from pxcore.journal.segments import session_of
from pxcore.reports.daily import DailyReport
from pxcore.reports.reconcile import VenueDay
from pxcore.reports.verdict import Reconciliation
from pxcore.store.projection.fold import VENUE, DayFold
from pxcore.store.projection.tables import (
    DailyReportRow,
    DifferenceRow,
    ReconciliationRow,
    TradeRow,
    row_of,
)
from pxcore.text.plain import plain

_terms: Decoder[DayEndTerms] = Decoder(DayEndTerms)
_venue: Decoder[VenueDay] = Decoder(VenueDay)
_found: Decoder[Reconciliation] = Decoder(Reconciliation)
_report: Decoder[DailyReport] = Decoder(DailyReport)


def add_day_end(path: Path, day: DayFold) -> str | None:
    """With what is damaged; what came before it stays."""
    terms: DayEndTerms | None = None
    try:
        for row in read_rows(path):
            match row.kind:
                case RowKind.DAY_END:
                    terms = decode_body(row, _terms)
                case RowKind.VENUE:
                    _add_venue(decode_body(row, _venue), day)
                case RowKind.RECONCILED:
                    _add_found(session_of(path), row, terms, day)
                case RowKind.REPORT:
                    report = decode_body(row, _report)
                    day.reports[report.session_id] = report
                case _:
                    pass
    except DAMAGED as error:
        return plain(str(error)) or type(error).__name__
    return None


def _add_venue(venue: VenueDay, day: DayFold) -> None:
    day.closing = venue
    for order in venue.orders:
        day.see_order(order, VENUE)
    for fill in venue.closing.fills:
        day.see_fill(fill, VENUE)


def _add_found(journal: str, row: Row, terms: DayEndTerms | None, day: DayFold) -> None:
    found = decode_body(row, _found)
    day.see_verdict(terms.session_id if terms is not None else None, found.verdict)
    of = {"account_id": day.account_id, "trading_day": day.trading_day, "journal": journal}
    day.rows.append(
        ReconciliationRow(
            **of,
            session_id=terms.session_id if terms is not None else None,
            wall=row.wall,
            verdict=found.verdict.value,
            fills=found.fills,
            orders=found.orders,
        )
    )
    day.rows += [
        row_of(DifferenceRow, one, **of, number=number)
        for number, one in enumerate(found.differences, 1)
    ]


def add_report(report: DailyReport, day: DayFold) -> None:
    """The last one of a session: its day's end may be told more than once."""
    of = {
        "account_id": day.account_id,
        "trading_day": day.trading_day,
        "session_id": report.session_id,
    }
    day.rows.append(
        row_of(
            DailyReportRow,
            report,
            **of,
            trades=len(report.trades),
            denials=sum(report.denials.values()),
            report=msgspec.json.encode(report).decode(),
        )
    )
    day.rows += [
        row_of(
            TradeRow,
            line,
            **of,
            number=number,
            strategy=report.strategy,
            contract=report.contract,
        )
        for number, line in enumerate(report.trades, 1)
    ]
