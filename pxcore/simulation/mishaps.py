"""What goes wrong between the venue and us, and what people do: drawn for a day."""

import random
from datetime import datetime, timedelta

import msgspec

from pxcore.engine.events import Ask, Hub

WINDOW_S = 40.0


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Chances, from 0 to 1, of what befalls one message between the venue and us.

    Of what a hub says: `late` by up to `late_ms`, said `twice`, `lost`. Of a request: `refused`
    and not taken, its answer lost before it was taken or after, gone `stray` (taken only after we
    had given up on an answer), or its answer `slow` by up to `slow_s`.
    """

    late: float = 0.0
    late_ms: float = 300.0
    twice: float = 0.0
    lost: float = 0.0
    refused: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    stray: float = 0.0
    slow: float = 0.0
    slow_s: float = 3.0


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Between `start` and `end` a hub, or with None all of REST, is away.

    `is_silent`: the hub says nothing, and nobody notices that it has gone.
    """

    hub: Hub | None
    start: datetime
    end: datetime
    is_silent: bool = False


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """The session is killed at its `at_event`th event. `is_flow_alive`: its flow flattens for it,
    and otherwise the next start does, `until_restart_s` later.
    """

    at_event: int
    is_flow_alive: bool
    until_restart_s: float


class SimulatedWish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for something; `ask` of None is the kill switch."""

    at: datetime
    ask: Ask | None


def draw_wire(rng: random.Random) -> Wire:
    if rng.random() < 0.45:
        return Wire()

    def maybe(*values: float) -> float:
        return rng.choice((0.0, 0.0, *values))

    return Wire(
        late=maybe(0.1, 0.5),
        late_ms=rng.choice((50.0, 300.0, 1500.0)),
        twice=maybe(0.1, 0.4),
        lost=maybe(0.02, 0.1),
        refused=maybe(0.05, 0.2),
        lost_before=maybe(0.03, 0.1),
        lost_after=maybe(0.03, 0.1),
        stray=maybe(0.03, 0.1),
        slow=maybe(0.1, 0.3),
        slow_s=rng.choice((0.5, 3.0)),
    )


def draw_outages(rng: random.Random, opens_at: datetime) -> tuple[Outage, ...]:
    made: list[Outage] = []
    for place in (Hub.USER, Hub.MARKET, None):
        if rng.random() < 0.2:
            start = opens_at + timedelta(seconds=rng.uniform(0.0, WINDOW_S))
            lasts = timedelta(seconds=rng.choice((0.3, 3.0, 15.0)))
            is_silent = place is not None and rng.random() < 0.3
            made.append(Outage(hub=place, start=start, end=start + lasts, is_silent=is_silent))
    return tuple(made)


def draw_deaths(rng: random.Random) -> tuple[Death, ...]:
    if rng.random() < 0.6:
        return ()
    return tuple(
        Death(
            at_event=rng.randrange(10, 6000),
            is_flow_alive=rng.random() < 0.7,
            until_restart_s=rng.choice((1.0, 5.0)),
        )
        for _ in range(rng.choice((1, 1, 2)))
    )


def draw_wishes(rng: random.Random, opens_at: datetime) -> tuple[SimulatedWish, ...]:
    if rng.random() < 0.75:
        return ()
    at = opens_at + timedelta(seconds=rng.uniform(0.0, WINDOW_S))
    return (SimulatedWish(at=at, ask=rng.choice((None, *Ask))),)
