"""What a paper market is: a stream of timed quotes and prints in the model's own words.

Every market (synthetic, replayed, written by hand in a test) is an iterator of steps in time
order, pure and lazy: who consumes it, when and how fast does not change it.
"""

import heapq
from collections.abc import Iterator
from operator import attrgetter

from pxcore.model import MarketTrade, Quote

MarketStep = Quote | MarketTrade
Tape = Iterator[MarketStep]


def merged(*tapes: Tape) -> Tape:
    """Several contracts' tapes as one, in time order; on a tie the earlier argument goes first."""
    return heapq.merge(*tapes, key=attrgetter("at"))
