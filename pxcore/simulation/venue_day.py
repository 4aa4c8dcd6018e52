"""How the venue is on a day: how fast, how an order fills, and what it does to orders: drawn."""

import random

from pxcore.model import Side
from pxcore.paper.exchange import Clips, ExchangeConfig, Latencies
from pxcore.paper.faults.venue import (
    AsyncReject,
    BracketsRefused,
    FillDelayed,
    ForcedLiquidation,
    ForeignOrder,
    LegMissing,
    LegRefused,
    OrderPending,
    PartialFill,
    SiblingSurvives,
    VenueFault,
)


def draw_exchange(rng: random.Random) -> ExchangeConfig:
    slow = rng.choice((1.0, 1.0, 10.0, 100.0))
    latencies = Latencies(
        market_fill_ms=3.0 * slow,
        bracketed_fill_ms=7.0 * slow,
        target_ms=18.0 * slow,
        stop_loss_ms=19.0 * slow,
        position_ms=4.0 * slow,
        cancel_ms=3.0 * slow,
    )
    clips = Clips(size=1, gap_ms=rng.choice((5.0, 200.0))) if rng.random() < 0.2 else None
    return ExchangeConfig(
        latencies=latencies, clips=clips, stop_slippage_ticks_max=rng.choice((0, 0, 2))
    )


def draw_faults(rng: random.Random) -> tuple[VenueFault, ...]:
    if rng.random() < 0.2:
        return ()
    made: list[VenueFault] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        made.append(_fault(rng, from_s=rng.uniform(0.0, 15.0), chance=rng.choice((0.4, 1.0, 1.0))))
    return tuple(made)


def _fault(rng: random.Random, *, from_s: float, chance: float) -> VenueFault:
    often = rng.choice((1, 2, None))
    match rng.randrange(11):
        case 0:
            few = rng.choice((1, 2, 3))
            on = rng.choice(("place", "cancel", "close"))
            took = rng.random() < 0.5
            return OrderPending(
                on=on,  # type: ignore[arg-type]
                took_effect=took,
                from_s=from_s,
                chance=chance,
                count=few,
            )
        case 1:
            few = rng.choice((1, 2, 3))  # who rejects every close cannot be flattened
            return AsyncReject(from_s=from_s, chance=chance, count=few)
        case 2:
            rest_ms = rng.choice((50.0, 2000.0))
            return PartialFill(
                size=1, rest_after_ms=rest_ms, from_s=from_s, chance=chance, count=often
            )
        case 3:
            return FillDelayed(ms=rng.choice((300.0, 3000.0)), from_s=from_s, count=often)
        case 4:
            return BracketsRefused(from_s=from_s, chance=chance, count=often)
        case 5 | 6:
            leg = rng.choice(("stop_loss", "take_profit"))
            return LegMissing(leg=leg, from_s=from_s, chance=chance, count=often)  # type: ignore[arg-type]
        case 7:
            leg = rng.choice(("stop_loss", "take_profit"))
            return LegRefused(leg=leg, from_s=from_s, chance=chance, count=often)  # type: ignore[arg-type]
        case 8:
            return SiblingSurvives(from_s=from_s, chance=chance, count=often)
        case 9:
            return ForcedLiquidation(from_s=from_s)
        case _:
            return ForeignOrder(
                from_s=from_s, side=rng.choice(tuple(Side)), size=rng.choice((1, 2))
            )
