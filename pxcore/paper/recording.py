"""Recorded trades from a file: `time_utc,price,size`, as .csv or gzipped.

Whatever is wrong with the file is one Misconfigured line that names the file, the row's line
and the offending value, because the reader of it must fix the file or the `--contract`.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pxcore.model import Contract, Misconfigured, OffGrid

_GZIP_MAGIC = b"\x1f\x8b"
_COLUMNS = ("time_utc", "price", "size")
_PRICE_MAX = 10**9


@dataclass(frozen=True, slots=True)
class RecordedTrade:
    """One print of the recording. `at` keeps microseconds, further digits are cut off."""

    at: datetime
    price_ticks: int
    size: int


def read_trades(path: Path, contract: Contract) -> tuple[RecordedTrade, ...]:
    """The whole file, in its order, which must be that of time. Raises Misconfigured.

    Columns are found by the header's names and may be in any order, among others. A time without
    a zone is UTC. Gzip is told by the content. Rows of size 0 are left out: real recordings have
    some (92 of 39,702 in the gold file of 2013-10-07), and nothing traded there.
    """
    trades = []
    latest: datetime | None = None
    for line, row in read_rows(path, read_text(path), _COLUMNS):
        try:
            trade = _trade(row, contract)
            if latest is not None and trade.at < latest:
                raise ValueError(f"time {row[0]!r} is before the row above it")
        except ValueError as error:
            raise Misconfigured(f"{path} line {line}: {error}") from error
        latest = trade.at
        if trade.size:
            trades.append(trade)
    if not trades:
        raise Misconfigured(f"{path} holds no trades")
    return tuple(trades)


def read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from error
    if content.startswith(_GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise Misconfigured(f"{path} is a damaged gzip file: {error}") from error
    elif path.suffix == ".gz" and content:
        raise Misconfigured(f"{path} is named .gz and is not gzip")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is not UTF-8 text") from error


def read_rows(
    path: Path, text: str, columns: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number and these columns of every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if not header:
            raise Misconfigured(f"{path} is empty")
        missing = [name for name in columns if name not in header]
        if missing:
            raise Misconfigured(f"{path} has no header column {', '.join(missing)}")
        places = [header.index(name) for name in columns]
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(places):
                raise Misconfigured(
                    f"{path} line {reader.line_num}: {len(row)} columns,"
                    f" the header has {len(header)}"
                )
            yield reader.line_num, tuple(row[place].strip() for place in places)
    except csv.Error as error:
        raise Misconfigured(f"{path} line {reader.line_num}: {error}") from error


def _trade(row: tuple[str, ...], contract: Contract) -> RecordedTrade:
    time_text, price_text, size_text = row
    return RecordedTrade(
        at=read_moment(time_text),
        price_ticks=read_ticks(price_text, contract),
        size=read_size(size_text),
    )


def read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"time {text!r} is not an ISO time") from error
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def read_ticks(text: str, contract: Contract) -> int:
    try:
        price = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"price {text!r} is not a number") from error
    if not price.is_finite():
        raise ValueError(f"price {text!r} is not a number")
    if not 0 < price < _PRICE_MAX:
        raise ValueError(f"price {text!r} is not above zero and below {_PRICE_MAX:,}")
    try:
        return contract.ticks(price)
    except OffGrid as error:
        raise ValueError(
            f"price {text!r} is off the {contract.tick_size} tick grid of {contract.name};"
            " is --contract right?"
        ) from error


def read_size(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"size {text!r} is not a positive whole number")
    return int(text)
