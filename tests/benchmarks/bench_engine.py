"""`make bench-engine`: how many events a second the engine judges, and whether it grows.

A recorded-like mix of 40 % quotes, 40 % depth and 20 % prints with a clock tick every 100 ms, a
bracketed position open, every limit set and a strategy that signals once a second. Exit status 1
when a bound is missed.
"""

import gc
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "pxcore" / "engine"))

from engine_scenes import ACCOUNT, CONFIG, LIMITS, MNQ, OPEN, Scene
from msgspec.structs import replace

from pxcore.engine.events import ClockTick, Event
from pxcore.model import DepthKind, DepthLevel, MarketTrade, Quote, Side
from pxcore.strategies import make_strategy

_EVENTS = 10_000_000
_FIRST = 500_000  # measured by itself: the size of the process is compared with what it is then
_EVENTS_PER_S = 124.0  # as recorded for MNQ: quotes, prints and depth
_PER_S_MIN = 100_000
_GROWTH_MB_MAX = 8.0


def mix(count: int, seed: int) -> Iterator[Event]:
    """Around the entry's price, never as far as its stop: the position stays open."""
    rng = random.Random(seed)
    now, step = OPEN + timedelta(seconds=2), timedelta(seconds=1 / _EVENTS_PER_S)
    next_tick = now
    for _ in range(count):
        now += step
        if now >= next_tick:
            next_tick = now + timedelta(milliseconds=100)
            yield ClockTick(at=now)
        bid = 100_000 + rng.randrange(-8, 9)
        throw = rng.random()
        if throw < 0.4:
            yield Quote(
                at=now, happened_at=now, contract_id=MNQ.id, bid_ticks=bid, ask_ticks=bid + 1
            )
        elif throw < 0.8:
            yield DepthLevel(
                at=now,
                happened_at=now,
                contract_id=MNQ.id,
                kind=DepthKind.BID,
                price_ticks=bid,
                size=4,
            )
        else:
            yield MarketTrade(at=now, happened_at=now, contract_id=MNQ.id, price_ticks=bid, size=1)


def engine_that_holds() -> Scene:
    """A session of days on end, with every limit set, holding one bracketed contract."""
    limits = replace(
        LIMITS,
        loss_usd_max=Decimal(1000),
        drawdown_usd_max=Decimal(1000),
        balance_usd_floor=ACCOUNT.balance_usd - 1000,
        profit_usd_lock=Decimal(1000),
        losses_in_a_row_max=3,
        entries_per_minute_max=6,
        spread_ticks_max=4,
    )
    changes = {name: getattr(limits, name) for name in limits.__struct_fields__}
    scene = Scene(window_end=CONFIG.window_end + timedelta(days=3), **changes).connect()
    scene.hold(Side.BUY)
    scene.said.clear()
    scene.strategy.follow(make_strategy("timed-entry", {"every_s": 1.0}))
    return scene


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(scene: Scene, count: int, seed: int) -> float:
    """Events a second of `step` alone: they are made beforehand, in batches."""
    step, spent_s, done = scene.engine.step, 0.0, 0
    events = mix(count, seed)
    while batch := [event for _, event in zip(range(50_000), events, strict=False)]:
        gc.collect()
        began = time.perf_counter()
        for event in batch:
            step(event)
        spent_s += time.perf_counter() - began
        done += len(batch)
    return done / spent_s


def main(count: int) -> int:
    scene = engine_that_holds()
    per_s = run(scene, min(_FIRST, count), 1)
    before_mb = peak_mb()
    if count > _FIRST:
        scene = engine_that_holds()
        per_s = run(scene, count, 2)
    grown_mb = peak_mb() - before_mb
    held = scene.engine.state.book.holding.exposure
    print(f"{per_s:,.0f} events/s over {count:,} events (at least {_PER_S_MIN:,})")
    print(f"{1e6 / per_s:.2f} us an event; {sum(scene.engine.denials.values()):,} entries denied")
    print(f"grown by {grown_mb:.1f} MB since the first {_FIRST:,} (at most {_GROWTH_MB_MAX:g})")
    if held != 1 or scene.engine.ending is not None:
        print(f"the position is gone: {held}, {scene.engine.ending}")
        return 1
    return 0 if per_s >= _PER_S_MIN and grown_mb <= _GROWTH_MB_MAX else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else _EVENTS))
