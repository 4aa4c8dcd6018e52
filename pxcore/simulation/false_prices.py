"""Prices that the market hub says and the market never had: drawn for a day, put in between.

A side that is gone or zero, as at a price limit; an absurd side that the quotes after it carry on,
as partial ones do; a whole quote or a print that is absurd by itself. They lie so far apart that
none confirms another, and so far off that no market of the day comes there.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from pxcore.model import MarketTrade, Quote, Side

_SLOT = timedelta(seconds=5)  # one a slot, in its first two seconds
_SLOTS = 8
_OFF_TICKS = (-110_000, -50_000, 20_000, 120_000)
_LASTS_S = {"gone": (0.0, 1.0, 12.0), "zero": (0.0, 1.0, 12.0), "side": (0.0, 0.5, 2.5)}


class FalsePriceKind(StrEnum):
    GONE = "gone"  # a side is None, as the wire says it
    ZERO = "zero"  # a side is zero, as it came
    SIDE = "side"  # a side is absurd, and stays so
    QUOTE = "quote"  # both sides, once
    PRINT = "print"  # once


class FalsePrice(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on, for so long, but for one event at least. `side` is that of an order which
    would trade there, `off_ticks` how far it is from the truth.
    """

    kind: FalsePriceKind
    at: datetime
    lasts_s: float
    side: Side
    off_ticks: int


def draw_false_prices(rng: random.Random, start: datetime) -> tuple[FalsePrice, ...]:
    """Those of one day, in order; none on one day of five."""
    slots = sorted(rng.sample(range(_SLOTS), rng.choice((0, 2, 3, 4, 6))))
    drawn = []
    for slot in slots:
        kind = rng.choice(tuple(FalsePriceKind))
        drawn.append(
            FalsePrice(
                kind=kind,
                at=start + slot * _SLOT + timedelta(seconds=rng.uniform(0.0, 2.0)),
                lasts_s=rng.choice(_LASTS_S.get(kind, (0.0,))),
                side=rng.choice(tuple(Side)),
                off_ticks=rng.choice(_OFF_TICKS),
            )
        )
    return tuple(drawn)


class FalsePrices:
    """Says each when its time has come. `told` counts the events that were changed."""

    def __init__(self, drawn: Iterable[FalsePrice]) -> None:
        self.told = 0
        self._waiting = list(drawn)
        self._now: list[FalsePrice] = []
        self._absurd: dict[Side, int] = {}  # what an absurd side is, while it stays
        self._false: set[Quote | MarketTrade] = set()

    def is_false(self, event: Quote | MarketTrade) -> bool:
        return _as_at_the_venue(event) in self._false

    def instead_of(self, true: Quote | MarketTrade) -> Quote | MarketTrade:
        """What the hub says of it: in most cases the truth."""
        while self._waiting and self._waiting[0].at <= true.at:
            self._now.append(self._waiting.pop(0))
        said = true
        for one in tuple(self._now):
            if isinstance(said, Quote) and one.kind is not FalsePriceKind.PRINT:
                said = self._quote(said, one)
                self._end(one, true.at)
            elif isinstance(said, MarketTrade) and one.kind is FalsePriceKind.PRINT:
                said = replace(said, price_ticks=said.price_ticks + one.off_ticks)
                self._end(one, true.at)
        if said is not true:
            self.told += 1
            self._false.add(_as_at_the_venue(said))
        return said

    def _end(self, one: FalsePrice, now: datetime) -> None:
        if now >= one.at + timedelta(seconds=one.lasts_s):
            self._now.remove(one)
            self._absurd.pop(one.side, None)

    def _quote(self, quote: Quote, one: FalsePrice) -> Quote:
        match one.kind:
            case FalsePriceKind.GONE:
                return _with(quote, one.side, None)
            case FalsePriceKind.ZERO:
                return _with(quote, one.side, 0)
            case FalsePriceKind.SIDE:
                there = _side(quote, one.side)
                ticks = 0 if there is None else there + one.off_ticks
                return _with(quote, one.side, self._absurd.setdefault(one.side, ticks))
            case _:
                sides = [(side, _side(quote, side)) for side in Side]
                for side, there in sides:
                    quote = _with(quote, side, None if there is None else there + one.off_ticks)
                return quote


def _as_at_the_venue(event: Quote | MarketTrade) -> Quote | MarketTrade:
    """Whenever, and by whatever clock, we learn of it."""
    return replace(event, at=event.happened_at)


def _side(quote: Quote, side: Side) -> int | None:
    return quote.ask_ticks if side is Side.BUY else quote.bid_ticks


def _with(quote: Quote, side: Side, ticks: int | None) -> Quote:
    if side is Side.BUY:
        return replace(quote, ask_ticks=ticks)
    return replace(quote, bid_ticks=ticks)
