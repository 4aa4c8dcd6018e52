"""The record: what was known, decided, sent and answered, in order; and its SQL projection."""

from pxcore.journal.reader import (
    decode_closing,
    decode_command,
    decode_event,
    read_opening,
    read_rows,
)
from pxcore.journal.rows import SCHEMA, Closing, Opening, Row, RowKind
from pxcore.journal.writer import Journal

__all__ = [
    "SCHEMA",
    "Closing",
    "Journal",
    "Opening",
    "Row",
    "RowKind",
    "decode_closing",
    "decode_command",
    "decode_event",
    "read_opening",
    "read_rows",
]
