"""A recorded market, played again: which stretch of it, how fast, and its steps.

The recording has trades only. Quotes are made from them by the tick rule: after an uptick the
print was at the ask, after a downtick at the bid, on no change as before; one tick wide, told
just before the print.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from statistics import median

from pxcore.model import Contract, MarketTrade, Misconfigured, Quote, Side
from pxcore.paper.markets.market import MarketStep
from pxcore.paper.markets.recording import RecordedTrade

_SPEED = 20.0  # what a long recording is played at: brisk, and still to be followed
_SPEED_MIN_OF_CHOICE = 5.0  # a stretch without gaps may be as much shorter as this is slower
_GAPS_S = (30, 60, 120, 300, 900, 3600, 6 * 3600)  # silences that a stretch may hold, best first
_FOREVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class RecordedStretch:
    """Contiguous trades of a recording, and how many market seconds pass in one of ours."""

    trades: tuple[RecordedTrade, ...]
    speed: float

    @property
    def start(self) -> datetime:
        return self.trades[0].at

    @property
    def end(self) -> datetime:
        return self.trades[-1].at


def choose_stretch(trades: Sequence[RecordedTrade], *, wall_s: float) -> RecordedStretch:
    """The stretch most worth watching for about `wall_s` seconds of ours.

    Of a long recording, the busiest window that lasts `wall_s` at 20 times the speed, taken
    where no silence is longer than it must be: a window with shorter silences is preferred, as
    long as it lasts `wall_s` at 5 times. Of a short one, all of it, slower, never below 1.
    """
    if wall_s <= 0:
        raise ValueError(f"wall_s is {wall_s:g}, must be above zero")
    if len(trades) < 2:
        raise Misconfigured("a replay needs at least two trades")
    needed_s = min(_SPEED_MIN_OF_CHOICE * wall_s, _seconds(trades[0], trades[-1]))
    for gap_s in (*_GAPS_S, _FOREVER_S):
        windows = [
            window
            for first, last in _runs(trades, gap_s)
            if (window := _busiest(trades, first, last, _SPEED * wall_s, needed_s))
        ]
        if windows:
            first, last = max(windows, key=lambda window: window[1] - window[0])
            speed = max(1.0, _seconds(trades[first], trades[last]) / wall_s)
            return RecordedStretch(tuple(trades[first : last + 1]), round(speed, 3))
    raise AssertionError("the whole recording is a run without a gap longer than for ever")


def cut(
    trades: Sequence[RecordedTrade], *, start: datetime, end: datetime, speed: float
) -> RecordedStretch:
    """The stretch between two times, both included. Raises Misconfigured when nothing is there."""
    first = bisect_left(trades, start, key=attrgetter("at"))
    last = bisect_right(trades, end, key=attrgetter("at"))
    if first == last:
        raise Misconfigured(f"the recording has no trades from {start} to {end}")
    return RecordedStretch(tuple(trades[first:last]), speed)


def typical_move_ticks(stretch: RecordedStretch, over_s: float) -> float:
    """Median absolute price change over so many market seconds, sampled every second.

    A stretch shorter than that gives the range of its prices.
    """
    moves = []
    start, ahead = 0, 0
    trades = stretch.trades
    for second in range(int((stretch.end - stretch.start).total_seconds() - over_s) + 1):
        now = stretch.start + timedelta(seconds=second)
        start = _last_at(trades, now, start)
        ahead = _last_at(trades, now + timedelta(seconds=over_s), max(start, ahead))
        moves.append(abs(trades[ahead].price_ticks - trades[start].price_ticks))
    if moves:
        return float(median(moves))
    prices = [trade.price_ticks for trade in trades]
    return float(max(prices) - min(prices))


def replay(
    stretch: RecordedStretch, contract: Contract, *, market_start: datetime
) -> Iterator[MarketStep]:
    """The stretch's steps, its first trade at `market_start`. They end with the stretch."""
    shift = market_start - stretch.start
    last_ticks, aggressor = stretch.trades[0].price_ticks, Side.BUY
    for trade in stretch.trades:
        if trade.price_ticks != last_ticks:
            aggressor = Side.BUY if trade.price_ticks > last_ticks else Side.SELL
        last_ticks = trade.price_ticks
        bid = last_ticks - 1 if aggressor is Side.BUY else last_ticks
        at = trade.at + shift
        yield Quote(
            at=at, happened_at=at, contract_id=contract.id, bid_ticks=bid, ask_ticks=bid + 1
        )
        yield MarketTrade(
            at=at,
            happened_at=at,
            contract_id=contract.id,
            price_ticks=last_ticks,
            size=trade.size,
            aggressor=aggressor,
        )


def _runs(trades: Sequence[RecordedTrade], gap_s: float) -> Iterator[tuple[int, int]]:
    """First and last index of every part without a silence longer than `gap_s`."""
    first = 0
    for index in range(1, len(trades)):
        if _seconds(trades[index - 1], trades[index]) > gap_s:
            yield first, index - 1
            first = index
    yield first, len(trades) - 1


def _busiest(
    trades: Sequence[RecordedTrade], first: int, last: int, length_s: float, needed_s: float
) -> tuple[int, int] | None:
    """The window of at most `length_s` with the most trades; None if the run is too short."""
    if _seconds(trades[first], trades[last]) < needed_s:
        return None
    best, left = (first, first), first
    for right in range(first, last + 1):
        while _seconds(trades[left], trades[right]) > length_s:
            left += 1
        if right - left > best[1] - best[0]:
            best = (left, right)
    return best


def _last_at(trades: Sequence[RecordedTrade], moment: datetime, index: int) -> int:
    """Index of the last trade not after `moment`, searched from `index` on."""
    while index + 1 < len(trades) and trades[index + 1].at <= moment:
        index += 1
    return index


def _seconds(earlier: RecordedTrade, later: RecordedTrade) -> float:
    return (later.at - earlier.at).total_seconds()
