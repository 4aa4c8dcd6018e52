"""The record: what was known, decided, sent and answered, in order; and its SQL projection."""

from pxcore.journal.reader import (
    decode_answer,
    decode_closing,
    decode_command,
    decode_event,
    decode_gap,
    decode_request,
    is_closed,
    read_opening,
    read_rows,
)
from pxcore.journal.rows import (
    SCHEMA,
    Answer,
    Closing,
    DayEndTerms,
    FlattenTerms,
    Gap,
    Ledger,
    Opening,
    Outcome,
    Request,
    Row,
    RowKind,
)
from pxcore.journal.segments import sessions_in
from pxcore.journal.writer import Journal

__all__ = [
    "SCHEMA",
    "Answer",
    "Closing",
    "DayEndTerms",
    "FlattenTerms",
    "Gap",
    "Journal",
    "Ledger",
    "Opening",
    "Outcome",
    "Request",
    "Row",
    "RowKind",
    "decode_answer",
    "decode_closing",
    "decode_command",
    "decode_event",
    "decode_gap",
    "decode_request",
    "is_closed",
    "read_opening",
    "read_rows",
    "sessions_in",
]
