"""Days on which a person trades another contract on the same account."""

import random
from typing import Final

import msgspec

from pxcore.model import Foreign, OrderType, Side
from pxcore.paper.faults.venue import ForeignOrder
from pxcore.paper.markets.synthetic import SyntheticShape

SYMBOL: Final = "MES"
SIZE_MIN: Final = 11  # more than a session of ours ever holds, and so told from it
SHAPE: Final = SyntheticShape(volatility_ticks=2.0, quotes_per_s=4.0, prints_per_s=2.0)
_SHARE: Final = 0.2  # of the days
_DAY_S: Final = 45.0


class Stranger(msgspec.Struct, frozen=True, kw_only=True):
    """What they do, and what our settings say of it."""

    foreign: Foreign
    orders: tuple[ForeignOrder, ...]


def draw_stranger(rng: random.Random, contract_id: str) -> Stranger | None:
    """Round trips, some with a stop that is left behind when the position is closed by hand."""
    if rng.random() >= _SHARE:
        return None
    foreign = rng.choice((*Foreign, Foreign.IGNORE, Foreign.IGNORE))
    orders: list[ForeignOrder] = []
    at_s = rng.uniform(0.5, 15.0)
    while at_s < _DAY_S and len(orders) < 12:
        orders += _round_trip(rng, contract_id, at_s)
        at_s = orders[-1].from_s + rng.uniform(0.5, 15.0)
    return Stranger(foreign=foreign, orders=tuple(orders))


def _round_trip(rng: random.Random, contract_id: str, at_s: float) -> list[ForeignOrder]:
    side, size = rng.choice(tuple(Side)), rng.choice((SIZE_MIN, 13))

    def order(side: Side, type_: OrderType, after_s: float) -> ForeignOrder:
        return ForeignOrder(
            contract_id=contract_id, side=side, type=type_, size=size, from_s=at_s + after_s
        )

    made = [order(side, OrderType.MARKET, 0.0)]
    if rng.random() < 0.5:
        made.append(order(side.opposite, OrderType.STOP, 0.3))
    if rng.random() < 0.8:
        made.append(order(side.opposite, OrderType.MARKET, rng.uniform(0.5, 15.0)))
    return made
