"""A made-up market: seeded, endless, the same to the byte for the same seed.

A hidden price diffuses, pulled gently by the regime of the minute (a trend or a range); quotes
round it to the grid and prints lift the ask or hit the bid. The averages are those recorded for
MNQ in regular hours, 42 quotes and 20 prints a second (gateway reference, 4.6), with a burst at
the beginning, or at the moment of the open. Halts and gaps, where a shape has them, throw dice of
their own: a seed's calm tape never changes.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pxcore.model import Contract, MarketTrade, Misconfigured, Quote, Side
from pxcore.paper.markets.catalogue import plausible_ticks
from pxcore.paper.markets.market import MarketStep, TradingHalt

_REGIME_S = 90.0  # mean length of a trend or a range
_LEVEL_TICKS_MIN = 10.0
_SPREADS_TICKS = (1, 2, 3)
_SPREAD_WEIGHTS = (0.90, 0.97, 1.00)  # cumulative
_HALT_S = (2.0, 10.0)  # of the exchange's velocity logic (gateway reference, 3)


@dataclass(frozen=True, slots=True)
class SyntheticShape:
    """How lively a synthetic market is. `volatility_ticks` per square-root second.

    A burst is `burst_times` the average rate at its first instant and fades over `burst_fade_s`.
    `trend_share` of the regimes are trends, the others ranges. Halts of 2 to 10 s and gaps of
    about `gap_ticks` come `halts_per_h` and `gaps_per_h` times an hour; a halt ends in a gap.
    """

    volatility_ticks: float = 6.0
    quotes_per_s: float = 42.0
    prints_per_s: float = 20.0
    burst_times: float = 5.0
    burst_fade_s: float = 5.0
    trend_share: float = 0.5
    halts_per_h: float = 0.0
    gaps_per_h: float = 0.0
    gap_ticks: float = 60.0


MNQ_SHAPE = SyntheticShape()
SHAPES = {
    "calm": MNQ_SHAPE,
    "open": SyntheticShape(burst_times=10.0, burst_fade_s=60.0),
    "trend": SyntheticShape(trend_share=1.0),
    "range": SyntheticShape(trend_share=0.0),
    "halting": SyntheticShape(halts_per_h=30.0),
    "gapping": SyntheticShape(gaps_per_h=60.0),
    "wild": SyntheticShape(
        volatility_ticks=12.0,
        burst_times=10.0,
        burst_fade_s=60.0,
        halts_per_h=20.0,
        gaps_per_h=40.0,
    ),
}


def shape_named(name: str) -> SyntheticShape:
    """Raises Misconfigured, naming those that exist."""
    try:
        return SHAPES[name.lower()]
    except KeyError:
        known = ", ".join(SHAPES)
        raise Misconfigured(f"no synthetic market {name!r}; there are {known}") from None


def synthetic(
    contract: Contract,
    *,
    start: datetime,
    seed: int,
    shape: SyntheticShape = MNQ_SHAPE,
    start_ticks: int | None = None,
    opens_at: datetime | None = None,
) -> Iterator[MarketStep]:
    """Steps from `start` on, without end; the first is a quote at `start` itself.

    `start_ticks` is by default a plausible level for the product. The burst begins at `opens_at`,
    by default at once.
    """
    rng = random.Random(f"{seed}/{contract.id}")  # noqa: S311 - a market, not a secret
    first = plausible_ticks(contract) if start_ticks is None else start_ticks
    level = _Level(rng, float(first), shape)
    upsets = _Upsets(f"{seed}/{contract.id}/upsets", shape)
    rate = shape.quotes_per_s + shape.prints_per_s
    quote_share = shape.quotes_per_s / rate
    open_us = 0 if opens_at is None else round((opens_at - start).total_seconds() * 1e6)
    bid, ask = _top(rng, level.ticks)
    yield _quote(start, contract, bid, ask)
    elapsed_us = 0
    while True:
        liveliness = _liveliness(shape, elapsed_us - open_us)
        wait_us = max(1, round(rng.expovariate(rate * liveliness) * 1e6))
        elapsed_us += wait_us
        level.diffuse(wait_us / 1e6, liveliness)
        while elapsed_us >= upsets.next_us:
            halted_us, upset_us = upsets.take(level)
            if halted_us:
                for moment_us, is_halted in ((upset_us, True), (upset_us + halted_us, False)):
                    moment = start + timedelta(microseconds=moment_us)
                    yield TradingHalt(at=moment, contract_id=contract.id, is_halted=is_halted)
                elapsed_us = max(elapsed_us, upset_us + halted_us)
        at = start + timedelta(microseconds=elapsed_us)
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


def _liveliness(shape: SyntheticShape, since_open_us: int) -> float:
    """How many times the average rate it is now."""
    if since_open_us < 0:
        return 1.0
    return 1 + (shape.burst_times - 1) * math.exp(-since_open_us / 1e6 / shape.burst_fade_s)


class _Upsets:
    """When the next halt or gap comes, in microseconds after the start."""

    def __init__(self, seed: str, shape: SyntheticShape) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - a market, not a secret
        self._shape = shape
        self._rate_per_us = (shape.halts_per_h + shape.gaps_per_h) / 3.6e9
        self.next_us = 0
        self._plan(0)

    def take(self, level: "_Level") -> tuple[int, int]:
        """How long it halts (0: a mere gap) and from when. The level has jumped."""
        shape, rng, moment_us = self._shape, self._rng, self.next_us
        is_halt = rng.random() < shape.halts_per_h / (shape.halts_per_h + shape.gaps_per_h)
        halted_us = round(rng.uniform(*_HALT_S) * 1e6) if is_halt else 0
        level.jump(rng.choice((-1, 1)) * rng.uniform(0.5, 1.5) * shape.gap_ticks)
        self._plan(moment_us + halted_us)
        return halted_us, moment_us

    def _plan(self, from_us: int) -> None:
        if self._rate_per_us:
            self.next_us = from_us + 1 + round(self._rng.expovariate(self._rate_per_us))
        else:
            self.next_us = 1 << 62


class _Level:
    """The hidden price, in ticks."""

    def __init__(self, rng: random.Random, ticks: float, shape: SyntheticShape) -> None:
        self.ticks = ticks
        self._rng = rng
        self._volatility = shape.volatility_ticks
        self._trend_share = shape.trend_share
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

    def jump(self, ticks: float) -> None:
        self.ticks = max(_LEVEL_TICKS_MIN, self.ticks + ticks)
        self._anchor = self.ticks

    def _change_regime(self) -> None:
        rng = self._rng
        self._regime_left_s = rng.expovariate(1 / _REGIME_S)
        self._anchor = self.ticks
        is_trend = rng.random() < self._trend_share
        self._drift = rng.choice((-1, 1)) * self._volatility / 20 if is_trend else 0.0
        self._pull = 0.0 if is_trend else 0.02


def _top(rng: random.Random, level_ticks: float) -> tuple[int, int]:
    spread = rng.choices(_SPREADS_TICKS, cum_weights=_SPREAD_WEIGHTS)[0]
    bid = math.floor(level_ticks - (spread - 1) / 2)
    return bid, bid + spread


def _quote(at: datetime, contract: Contract, bid: int, ask: int) -> Quote:
    return Quote(at=at, happened_at=at, contract_id=contract.id, bid_ticks=bid, ask_ticks=ask)
