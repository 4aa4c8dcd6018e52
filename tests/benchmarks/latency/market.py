"""The market of a round, as a script of the paper gateway: so much a second, and triggers in it.

Quotes and prints, two to one, within some ticks of one level. A trigger is a print of a size that
no other has. Soon after it the market is higher for a moment, where a session that has bought finds
its target: an exit that costs no request, so that the next trigger finds it flat and its budget of
requests is left for entries. Triggers come at odd moments: no beat of anybody's own falls together
with them.
"""

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from latency.task import TRIGGER_SIZE

SYMBOL = "MNQ"
TARGET_TICKS = 12  # from any entry: beyond what the market does before, within what it does then
_LEAD_MS = 3_000  # from the market's opening to its first trigger
_TAIL_MS = 2_500
_APART_MS = (400, 600)  # from one trigger to the next
_RISES_AFTER_MS, _HIGH_FOR_MS = (100, 150), 100
_QUIET = 60  # messages a second around bursts
_BURST, _BURST_MS, _BURSTS_APART_MS = 20_000, 1_000, 3_000
_BURST_MIDDLE_MS = (350, 650)
_LEVEL, _TICK = 25_000.0, 0.25
_AROUND_TICKS, _HIGHER_TICKS = 4, 24  # no jump, for the engine: that begins at 40
_SIZES = (1, 2, 3, 5)

Step = dict[str, object]


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` of None are bursts: a round of them has half of the orders, for it takes long."""

    name: str
    per_s: int | None

    def orders(self, orders: int) -> int:
        return orders if self.per_s is not None else max(1, orders // 2)


RATES = {
    rate.name: rate
    for rate in (Rate("60", 60), Rate("1000", 1_000), Rate("5000", 5_000), Rate("burst", None))
}


@dataclass(frozen=True, slots=True)
class Market:
    """`rate` is the name of its rate, `length_s` of the market's time, from its opening."""

    rate: str
    triggers: int
    length_s: float
    script: Path


def make_market(
    rate: Rate, triggers: int, folder: Path, *, apart_ms: tuple[int, int] = _APART_MS
) -> Market:
    """The same for the same arguments; its script is written into the folder."""
    rng = random.Random(f"{rate.name}/{triggers}")
    marks, end_ms = _marks(rate, triggers, apart_ms, rng)
    script = folder / f"{rate.name}-{triggers}.json"
    with script.open("w", encoding="ascii") as file:
        file.write('{"steps":[')
        file.write(",".join(map(json.dumps, _steps(_moments(rate, end_ms), marks, rng))))
        file.write("]}")
    return Market(rate.name, triggers, end_ms / 1000, script)


@dataclass(frozen=True, slots=True)
class Mark:
    """From when on a trigger may be, and how long after it the market is higher."""

    at_ms: float
    rises_after_ms: int


def _marks(
    rate: Rate, triggers: int, apart_ms: tuple[int, int], rng: random.Random
) -> tuple[list[Mark], int]:
    """In order; and when the market ends."""
    marks: list[Mark] = []
    begins_ms = _LEAD_MS
    for _ in range(triggers):
        at_ms = begins_ms + rng.random()
        if rate.per_s is None:
            at_ms += rng.randint(*_BURST_MIDDLE_MS)
            begins_ms += _BURSTS_APART_MS
        else:
            begins_ms += rng.randint(*apart_ms)
        marks.append(Mark(at_ms, rng.randint(*_RISES_AFTER_MS)))
    return marks, begins_ms + _TAIL_MS


def _moments(rate: Rate, end_ms: int) -> Iterator[float]:
    """Of all messages, evenly."""
    if rate.per_s is not None:
        yield from _evenly(rate.per_s, 0, end_ms)
        return
    at_ms = 0
    for begins_ms in range(_LEAD_MS, end_ms - _TAIL_MS, _BURSTS_APART_MS):
        yield from _evenly(_QUIET, at_ms, begins_ms)
        at_ms = begins_ms + _BURST_MS
        yield from _evenly(_BURST, begins_ms, at_ms)
    yield from _evenly(_QUIET, at_ms, end_ms)


def _evenly(per_s: int, start_ms: int, end_ms: int) -> Iterator[float]:
    for number in range((end_ms - start_ms) * per_s // 1000):
        yield start_ms + number * 1000 / per_s


def _steps(at: Iterator[float], marks: list[Mark], rng: random.Random) -> Iterator[Step]:
    """Every third is a print; the first one from a mark's moment on is the trigger. All that falls
    in one millisecond happens at its begin, in order.
    """
    waiting = iter(marks)
    mark = next(waiting, None)
    rises_ms, bid_ticks = math.inf, 0
    for number, at_ms in enumerate(at):
        if number % 3 < 2:
            bid_ticks = rng.randint(-_AROUND_TICKS, _AROUND_TICKS)
            if rises_ms <= at_ms < rises_ms + _HIGH_FOR_MS:
                bid_ticks += _HIGHER_TICKS
            yield _step(at_ms, bid=_price(bid_ticks), ask=_price(bid_ticks + 1))
            continue
        size = rng.choice(_SIZES)
        if mark is not None and mark.at_ms <= at_ms:
            size, rises_ms = TRIGGER_SIZE, at_ms + mark.rises_after_ms
            mark = next(waiting, None)
        side = rng.choice(("buy", "sell"))
        price = _price(bid_ticks + (side == "buy"))
        yield _step(at_ms, price=price, size=size, side=side)
    assert mark is None, "the market ended before its last trigger"


def _step(at_ms: float, **what: object) -> Step:
    return {"contract": SYMBOL, "after_ms": int(at_ms), **what}


def _price(ticks: int) -> str:
    return f"{_LEVEL + ticks * _TICK:.2f}"
