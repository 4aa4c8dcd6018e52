"""Recorded one-minute bars from a file, turned into trades that make the same bars again.

Columns `start_utc,open,high,low,close,volume` among others, as .csv or gzipped; a bar is stamped
at its start. Between its four prices the market is taken to have gone straight, by way of the
nearer extreme first: an up minute by its low, a down minute by its high.
"""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pxcore.model import Contract, Misconfigured
from pxcore.paper.recording import (
    RecordedTrade,
    read_moment,
    read_rows,
    read_size,
    read_text,
    read_ticks,
    read_trades,
)

_COLUMNS = ("start_utc", "open", "high", "low", "close", "volume")
_PRINTS_MAX = 60  # a minute, one a second


def read_recording(path: Path, contract: Contract) -> tuple[RecordedTrade, ...]:
    """Recorded trades or one-minute bars: the header says which. Raises Misconfigured."""
    header = read_text(path).partition("\n")[0].lower()
    if {"start_utc", "open", "close"} <= {name.strip() for name in header.split(",")}:
        return read_minutes(path, contract)
    return read_trades(path, contract)


def read_minutes(path: Path, contract: Contract) -> tuple[RecordedTrade, ...]:
    """The whole file as trades, in its order, which must be that of time. Raises Misconfigured."""
    trades: list[RecordedTrade] = []
    for line, row in read_rows(path, read_text(path), _COLUMNS):
        try:
            start = read_moment(row[0])
            opened, high, low, close = (read_ticks(price, contract) for price in row[1:5])
            if not low <= min(opened, close) <= max(opened, close) <= high:
                raise ValueError(f"high {row[2]} and low {row[3]} do not hold open and close")
            if trades and start < trades[-1].at:
                raise ValueError(f"time {row[0]!r} is before the end of the row above it")
            path_ticks = (
                [opened, low, high, close] if close >= opened else [opened, high, low, close]
            )
            trades += _minute(start, path_ticks, read_size(row[5]))
        except ValueError as error:
            raise Misconfigured(f"{path} line {line}: {error}") from error
    if not trades:
        raise Misconfigured(f"{path} holds no trades")
    return tuple(trades)


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
