"""Recorded one-minute bars from a file, turned into trades that make the same bars again.

Columns `start_utc,open,high,low,close,volume` among others, as text or packed; a bar is stamped
at its start. Between its four prices the market is taken to have gone straight, by way of the
nearer extreme first: an up minute by its low, a down minute by its high.
"""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pxcore.model import Contract, Misconfigured
from pxcore.paper.markets.formats import MINUTE_BARS, MINUTES_MAX
from pxcore.paper.markets.recording import (
    RecordedTrade,
    read_moment,
    read_size,
    read_ticks,
    trades_of,
)
from pxcore.paper.markets.table import Cells, Table, open_table, shown

_PRINTS_MAX = 60  # a minute, one a second
_MINUTE = timedelta(minutes=1)


def read_recording(path: Path, contract: Contract) -> tuple[RecordedTrade, ...]:
    """Recorded trades or one-minute bars: the header says which. Raises Misconfigured."""
    with open_table(path) as table:
        read = _minutes_of if table.format is MINUTE_BARS else trades_of
        return read(table, contract)


def _minutes_of(table: Table, contract: Contract) -> tuple[RecordedTrade, ...]:
    """The whole file as trades, in its order, which must be that of time. Raises Misconfigured."""
    trades: list[RecordedTrade] = []
    latest: datetime | None = None
    for number, (line, row) in enumerate(table.rows(MINUTE_BARS.columns), start=1):
        if number > MINUTES_MAX:
            raise Misconfigured(
                f"{table.path} has more than {MINUTES_MAX:,} bars, the most that are read: cut it "
                "to the days wanted"
            )
        try:
            start, corners, volume = _bar(row, contract, table.separator)
            if latest is not None and start < latest + _MINUTE:
                raise ValueError(f"time {shown(row[0])} is before the end of the row above it")
        except ValueError as error:
            raise table.wrong(line, str(error)) from error
        latest = start
        trades += _minute(start, corners, volume)
    if not trades:
        what = "bars" if latest is None else "trades: every bar has a volume of 0"
        raise Misconfigured(f"{table.path} holds no {what}")
    return tuple(trades)


def _bar(row: Cells, contract: Contract, separator: str) -> tuple[datetime, list[int], int]:
    """Its start, its prices in the order in which they were, and its volume."""
    start = read_moment(row[0])
    if start.second or start.microsecond:
        raise ValueError(f"time {shown(row[0])} is not the start of a minute")
    opened, high, low, close = (read_ticks(price, contract, separator) for price in row[1:5])
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise ValueError(f"high {shown(row[2])} and low {shown(row[3])} do not hold open and close")
    corners = [opened, low, high, close] if close >= opened else [opened, high, low, close]
    return start, corners, read_size(row[5])


def _minute(start: datetime, corners: list[int], volume: int) -> Iterator[RecordedTrade]:
    """Trades along the corners, whose sizes add up to the volume; the last has what is over."""
    prints = min(volume, _PRINTS_MAX)
    prices = _along(corners, prints)
    for index, price in enumerate(prices):
        is_last = index == prints - 1
        yield RecordedTrade(
            at=start + timedelta(seconds=60 * index / _PRINTS_MAX),
            price_ticks=price,
            size=volume // prints + (volume % prints if is_last else 0),
        )


def _along(corners: list[int], prints: int) -> list[int]:
    """So many prices on the way from corner to corner; the corners themselves, if there is room."""
    if prints <= len(corners):
        return corners[-prints:] if prints else []
    legs = len(corners) - 1
    marks = [round(leg * (prints - 1) / legs) for leg in range(legs + 1)]
    prices = []
    for (first, last), (begin, end) in zip(
        itertools.pairwise(corners), itertools.pairwise(marks), strict=True
    ):
        prices += [first + round((last - first) * n / (end - begin)) for n in range(end - begin)]
    return [*prices, corners[-1]]
