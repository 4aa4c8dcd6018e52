"""What a paper market is: a stream of timed quotes, prints and halts in the model's own words.

Every market (synthetic, replayed, written by hand in a test) is an iterator of steps in time
order, pure and lazy: who consumes it, when and how fast does not change it.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

import msgspec

from pxcore.model import DepthKind, MarketTrade, Quote


class BookRow(NamedTuple):
    """One row of depth: what now rests at a price, a print, or where the top is."""

    kind: DepthKind
    price_ticks: int
    size: int


class DepthPush(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in a contract's book at once. Nobody but the wire looks at it."""

    at: datetime
    contract_id: str
    rows: tuple[BookRow, ...]


class TradingHalt(msgspec.Struct, frozen=True, kw_only=True):
    """Trading in a contract stops, or goes on again. No quote or print comes in between."""

    at: datetime
    contract_id: str
    is_halted: bool


MarketStep = Quote | MarketTrade | TradingHalt
Tape = Iterator[MarketStep]


def merged(*tapes: Tape) -> Tape:
    """Several contracts' tapes as one, in time order; on a tie the earlier argument goes first."""
    return heapq.merge(*tapes, key=attrgetter("at"))
