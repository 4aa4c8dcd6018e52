"""A journal's rows for other programs: CSV, or Parquet where pyarrow is installed.

One line a row, with the row's own fields, what the body is, and the body as JSON text.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from pxcore.host.decoding import Decoder
from pxcore.host.extras import install_line
from pxcore.journal.rows import Row
from pxcore.model import Misconfigured, ProtocolError
from pxcore.text.escaping import for_csv, for_csv_json

COLUMNS = ("seq", "kind", "what", "session", "contract", "at", "wall", "body", "hash")
_BATCH = 20_000
_TAGS = ("event", "command", "type")


def what_of(row: Row) -> str:
    """The event's or command's own name; the kind where a body has none."""
    for tag in _TAGS:
        name = _tag(row, tag)
        if name:
            return name
    return str(row.kind)


def text_of(row: Row) -> str:
    """The body's JSON; bytes of a damaged one that are no text are shown in their place."""
    return bytes(row.body).decode("utf-8", "backslashreplace")


class _Named(msgspec.Struct):
    event: str = ""
    command: str = ""
    type: str = ""


_named: Decoder[_Named] = Decoder(_Named)


def _tag(row: Row, tag: str) -> str:
    try:
        return str(getattr(_named.decode(row.body), tag))
    except ProtocolError:
        return ""


def write_csv(rows: Iterable[Row], target: Path) -> int:
    """How many rows were written. Times are ISO 8601, UTC; no field is a formula to a spreadsheet.
    Raises OSError.
    """
    count = 0
    with target.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for row in rows:
            out.writerow(map(_field, COLUMNS, _values(row)))
            count += 1
    return count


def _field(name: str, value: Any) -> Any:
    """Numbers as they are, everything else as `escaping` says."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return for_csv_json(value) if name == "body" else for_csv(value)


def write_parquet(rows: Iterable[Row], target: Path) -> int:
    """How many rows were written; memory holds one batch. Raises OSError, and Misconfigured
    where pyarrow is missing.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise Misconfigured(
            f"Parquet needs pyarrow; export to .csv, or type: {install_line('parquet')}"
        ) from None
    time, text = arrow.timestamp("us", tz="UTC"), arrow.string()
    types = (arrow.int64(), text, text, text, text, time, time, text, text)
    schema = arrow.schema(list(zip(COLUMNS, types, strict=True)))
    count = 0
    with parquet.ParquetWriter(target, schema, compression="zstd") as out:
        for batch in _batches(rows):
            columns = list(zip(*map(_values, batch), strict=True))
            out.write_table(arrow.table(dict(zip(COLUMNS, columns, strict=True)), schema=schema))
            count += len(batch)
    return count


def _values(row: Row) -> tuple[Any, ...]:
    kind, body = str(row.kind), text_of(row)
    return (
        row.seq,
        kind,
        what_of(row),
        row.session,
        row.contract,
        row.at,
        row.wall,
        body,
        row.hash,
    )


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
