"""Market depth for any tape: a book of 50 levels a side that follows the quotes and prints.

The venue pushes depth about as often as quotes and prints together (62, 42 and 20 a second for
MNQ: gateway reference, 4.6), so each of them is followed by one push. The sizes come from a
seeded generator of their own: a tape is the same with and without depth.
"""

import random

from pxcore.model import DepthKind, MarketTrade, Quote
from pxcore.paper.markets.market import BookRow, DepthPush, MarketStep, TradingHalt

LEVELS = 50  # a side: with them a first batch is about 12 kB, as recorded
_SIZE_MEAN = 8.0
_TOUCHED_NEAR = 10  # the level that changes without a reason is among so many from the top


class Depth:
    """The books of all contracts that have a market."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._books: dict[str, DepthBook] = {}

    def follow(self, step: MarketStep) -> DepthPush | None:
        """What a step did to its contract's book; nothing, during a halt and before a quote."""
        if isinstance(step, TradingHalt):
            return None
        book = self._books.get(step.contract_id)
        if book is None:
            rng = random.Random(f"{self._seed}/{step.contract_id}/depth")  # noqa: S311 - no secret
            book = self._books[step.contract_id] = DepthBook(rng)
        rows = book.follow(step)
        return DepthPush(at=step.at, contract_id=step.contract_id, rows=rows) if rows else None


class DepthBook:
    """A made-up order book around the best bid and ask."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._bids = _Half(rng, DepthKind.BID, DepthKind.BEST_BID, away=-1)
        self._asks = _Half(rng, DepthKind.ASK, DepthKind.BEST_ASK, away=1)

    def follow(self, step: Quote | MarketTrade) -> tuple[BookRow, ...]:
        """The rows that this step makes; none before the first quote."""
        if isinstance(step, Quote):
            return self._follow_quote(step)
        return self._follow_print(step)

    def _follow_quote(self, quote: Quote) -> tuple[BookRow, ...]:
        rows: list[BookRow] = []
        for half, best in ((self._bids, quote.bid_ticks), (self._asks, quote.ask_ticks)):
            if best is not None and best != half.best:
                rows += half.move(best)
        if not rows:
            half = self._bids if self._rng.random() < 0.5 else self._asks
            rows += half.touch()
        return tuple(rows)

    def _follow_print(self, trade: MarketTrade) -> tuple[BookRow, ...]:
        row = BookRow(DepthKind.TRADE, trade.price_ticks, trade.size)
        for half in (self._bids, self._asks):
            if half.best == trade.price_ticks:
                return row, *half.take(trade.size)
        return (row,)


class _Half:
    """One side of the book. `away` is the direction from the best price to the worse ones."""

    def __init__(self, rng: random.Random, kind: DepthKind, best: DepthKind, *, away: int) -> None:
        self.best: int | None = None
        self._sizes: dict[int, int] = {}
        self._rng = rng
        self._kind = kind
        self._best_kind = best
        self._away = away

    def move(self, best: int) -> list[BookRow]:
        """The best price is another one now: levels go at one end and come at the other."""
        rows = []
        old, self.best = self.best, best
        if old is not None and abs(best - old) >= LEVELS:
            rows = [self._set(price, 0) for price in list(self._sizes)]
        elif old is not None:
            gone = range(old, best, self._away) if self._is_worse(best, old) else self._beyond(old)
            rows = [self._set(price, 0) for price in gone if price in self._sizes]
        rows += [
            self._set(price, self._size())
            for price in range(best, best + LEVELS * self._away, self._away)
            if price not in self._sizes
        ]
        return [*rows, self._top(best)]

    def touch(self) -> list[BookRow]:
        """Some level near the top has another size, for no reason that anybody sees."""
        if self.best is None:
            return []
        price = self.best + self._away * self._rng.randrange(_TOUCHED_NEAR)
        row = self._set(price, self._size())
        return [row, self._top(price)] if price == self.best else [row]

    def take(self, size: int) -> list[BookRow]:
        """A print took so much from the best level; what is left there is never nothing."""
        if self.best is None:
            return []
        left = max(1, self._sizes[self.best] - size)
        return [self._set(self.best, left), self._top(self.best)]

    def _is_worse(self, price: int, than: int) -> bool:
        return (price - than) * self._away > 0

    def _beyond(self, old: int) -> range:
        """Prices that are too far away once the best has moved from `old` to a better one."""
        assert self.best is not None
        last = old + LEVELS * self._away
        return range(self.best + LEVELS * self._away, last, self._away)

    def _size(self) -> int:
        return 1 + int(self._rng.expovariate(1 / _SIZE_MEAN))

    def _set(self, price: int, size: int) -> BookRow:
        if size:
            self._sizes[price] = size
        else:
            self._sizes.pop(price, None)
        return BookRow(self._kind, price, size)

    def _top(self, price: int) -> BookRow:
        return BookRow(self._best_kind, price, self._sizes[price])
