"""Recorded trades from a file: `time_utc,price,size`, as text or packed (see `market_formats`).

Whatever is wrong with the file is one Misconfigured line that names the file, the row's line
and the offending value, because the reader of it must fix the file or the `--contract`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

from pxcore.model import Contract, Misconfigured, OffGrid
from pxcore.paper.markets.formats import PRICE_MAX, SEPARATORS, SIZE_MAX, TRADES
from pxcore.paper.markets.table import Table, open_table, shown

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_NUMBER_CHARS_MAX = 40
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,12})?)? ?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
_YEARS = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class RecordedTrade:
    """One print of the recording. `at` keeps microseconds, further digits are cut off."""

    at: datetime
    price_ticks: int
    size: int


def read_trades(path: Path, contract: Contract) -> tuple[RecordedTrade, ...]:
    """The whole file, in its order, which must be that of time. Raises Misconfigured.

    Columns are found by the header's names and may be in any order, among others. A time without
    a zone is UTC. Rows of size 0 are left out: real recordings have some (92 of 39,702 in the gold
    file of 2013-10-07), and nothing traded there.
    """
    with open_table(path) as table:
        table.require(TRADES, "`px paper --market` plays bars")
        return trades_of(table, contract)


def trades_of(table: Table, contract: Contract) -> tuple[RecordedTrade, ...]:
    """As `read_trades`, of a file that is open."""
    moment = lru_cache(1)(read_moment)  # many rows have the time of the one above, and few prices:
    ticks = lru_cache(4096)(  # what is equal is read, and kept, once
        partial(read_ticks, contract=contract, separator=table.separator)
    )
    trades = []
    latest: datetime | None = None
    for line, row in table.rows(TRADES.columns):
        try:
            trade = RecordedTrade(
                at=moment(row[0]),
                price_ticks=ticks(row[1]),
                size=read_size(row[2]),
            )
            if latest is not None and trade.at < latest:
                raise ValueError(f"time {shown(row[0])} is before the row above it")
        except ValueError as error:
            raise table.wrong(line, str(error)) from error
        latest = trade.at
        if trade.size:
            trades.append(trade)
    if not trades:
        raise Misconfigured(f"{table.path} holds no trades")
    return tuple(trades)


def read_moment(text: str) -> datetime:
    """Raises ValueError, also for what some would read as a time: a date alone, a bare number."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(
            f"time {shown(text)} is not an ISO time with date and time of day, as in "
            "2024-05-06T13:30:00Z"
        )
    try:
        moment = datetime.fromisoformat(text.replace(" Z", "Z"))
    except ValueError as error:
        raise ValueError(f"time {shown(text)} is not an ISO time: {error}") from error
    if moment.year not in _YEARS:
        raise ValueError(f"time {shown(text)} is not in the years 1970 to 2099")
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def read_ticks(text: str, contract: Contract, separator: str = ",") -> int:
    """Raises ValueError; a number that could be read in two ways is not read."""
    if "," in text and any(map(str.isdigit, text)):
        between = (
            f", and the file has {SEPARATORS[separator]} between its columns"
            if separator == ";"
            else ""
        )
        raise ValueError(
            f"price {shown(text)} has a comma, a decimal comma it seems{between}: save the file "
            "with decimal points (1234.5) and without commas between thousands"
        )
    if len(text) > _NUMBER_CHARS_MAX or not _NUMBER.fullmatch(text):
        raise ValueError(f"price {shown(text)} is not a number")
    price = Decimal(text)
    if not 0 < price < PRICE_MAX:
        raise ValueError(f"price {shown(text)} is not above zero and below {PRICE_MAX:,}")
    try:
        return contract.ticks(price)
    except OffGrid as error:
        raise ValueError(
            f"price {shown(text)} is off the {contract.tick_size} tick grid of {contract.name};"
            " is --contract right?"
        ) from error


def read_size(text: str) -> int:
    """Raises ValueError."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"size {shown(text)} is not a positive whole number")
    if len(text) > _NUMBER_CHARS_MAX or int(text) > SIZE_MAX:
        raise ValueError(f"size {shown(text)} is above {SIZE_MAX:,}")
    return int(text)
