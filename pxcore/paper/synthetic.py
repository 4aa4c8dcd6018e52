"""A made-up market: seeded, endless, the same to the byte for the same seed.

A hidden price diffuses, pulled gently by the regime of the minute (a trend or a range); quotes
round it to the grid and prints lift the ask or hit the bid. The averages are those recorded for
MNQ in regular hours, 42 quotes and 20 prints a second (gateway reference, 4.6), with a burst at
the beginning as at the 08:30 Chicago open.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pxcore.model import Contract, MarketTrade, Quote, Side
from pxcore.paper.catalogue import plausible_ticks
from pxcore.paper.market import MarketStep

_BURST_TIMES = 5.0  # the first instant's rate, as a multiple of the average
_BURST_FADE_S = 5.0
_REGIME_S = 90.0  # mean length of a trend or a range
_LEVEL_TICKS_MIN = 10.0
_SPREADS_TICKS = (1, 2, 3)
_SPREAD_WEIGHTS = (0.90, 0.97, 1.00)  # cumulative


@dataclass(frozen=True, slots=True)
class SyntheticShape:
    """How lively a synthetic market is. `volatility_ticks` per square-root second."""

    volatility_ticks: float = 6.0
    quotes_per_s: float = 42.0
    prints_per_s: float = 20.0


MNQ_SHAPE = SyntheticShape()


def synthetic(
    contract: Contract,
    *,
    start: datetime,
    seed: int,
    shape: SyntheticShape = MNQ_SHAPE,
    start_ticks: int | None = None,
) -> Iterator[MarketStep]:
    """Steps from `start` on, without end; the first is a quote at `start` itself.

    `start_ticks` is by default a plausible level for the product.
    """
    rng = random.Random(f"{seed}/{contract.id}")  # noqa: S311 - a market, not a secret
    first = plausible_ticks(contract) if start_ticks is None else start_ticks
    level = _Level(rng, float(first), shape.volatility_ticks)
    rate = shape.quotes_per_s + shape.prints_per_s
    quote_share = shape.quotes_per_s / rate
    bid, ask = _top(rng, level.ticks)
    yield _quote(start, contract, bid, ask)
    elapsed_us = 0
    while True:
        liveliness = 1 + (_BURST_TIMES - 1) * math.exp(-elapsed_us / 1e6 / _BURST_FADE_S)
        wait_us = max(1, round(rng.expovariate(rate * liveliness) * 1e6))
        elapsed_us += wait_us
        at = start + timedelta(microseconds=elapsed_us)
        level.diffuse(wait_us / 1e6, liveliness)
        if rng.random() < quote_share:
            bid, ask = _top(rng, level.ticks)
            yield _quote(at, contract, bid, ask)
        else:
            aggressor = Side.BUY if rng.random() < 0.5 else Side.SELL
            yield MarketTrade(
                at=at,
                happened_at=at,
                contract_id=contract.id,
                price_ticks=ask if aggressor is Side.BUY else bid,
                size=min(50, 1 + int(rng.expovariate(1.0))),
                aggressor=aggressor,
            )


class _Level:
    """The hidden price, in ticks."""

    def __init__(self, rng: random.Random, ticks: float, volatility_ticks: float) -> None:
        self.ticks = ticks
        self._rng = rng
        self._volatility = volatility_ticks
        self._regime_left_s = 0.0
        self._drift = 0.0  # ticks a second, in a trend
        self._pull = 0.0  # share of the way back a second, in a range
        self._anchor = ticks

    def diffuse(self, wait_s: float, liveliness: float) -> None:
        self._regime_left_s -= wait_s
        if self._regime_left_s <= 0:
            self._change_regime()
        pull = self._drift + self._pull * (self._anchor - self.ticks)
        noise = self._volatility * math.sqrt(wait_s * liveliness) * self._rng.gauss(0.0, 1.0)
        self.ticks = max(_LEVEL_TICKS_MIN, self.ticks + pull * wait_s + noise)

    def _change_regime(self) -> None:
        rng = self._rng
        self._regime_left_s = rng.expovariate(1 / _REGIME_S)
        self._anchor = self.ticks
        is_trend = rng.random() < 0.5
        self._drift = rng.choice((-1, 1)) * self._volatility / 20 if is_trend else 0.0
        self._pull = 0.0 if is_trend else 0.02


def _top(rng: random.Random, level_ticks: float) -> tuple[int, int]:
    spread = rng.choices(_SPREADS_TICKS, cum_weights=_SPREAD_WEIGHTS)[0]
    bid = math.floor(level_ticks - (spread - 1) / 2)
    return bid, bid + spread


def _quote(at: datetime, contract: Contract, bid: int, ask: int) -> Quote:
    return Quote(at=at, happened_at=at, contract_id=contract.id, bid_ticks=bid, ask_ticks=ask)
