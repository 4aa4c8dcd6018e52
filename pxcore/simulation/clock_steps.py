"""Days on which somebody sets the machine's clock, and days on which our own time was wrong.

A session's time is the venue's and so many seconds `ahead`, for as long as it lives: that the wall
clock is set does not move it. Where the wall clock was set right, and we are behind, the shell
follows it after three stamps that say so, forward only, as `venue.clock_watch` does. A session
that begins later has the right time: none is started with a wrong one.
"""

import random
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from pxcore.clock.own_time import STEP_S
from pxcore.engine.events import ClockStepped, Event
from pxcore.model import MarketTrade, Quote

_SHARE: Final = 0.2  # of the days
_STEPS_S: Final = (3.0, 10.0, 61.0, 3600.0, 7200.0)
_AHEAD_S: Final = (-25.0, -8.0, -8.0, -3.0, -3.0, -1.5, 1.5, 2.5, 8.0)
_STAMPS: Final = 3  # in a row that say the same


class ClockStep(msgspec.Struct, frozen=True, kw_only=True):
    """At this moment of the venue's time the wall clock is set, forward above zero; where it is
    None, `after_entry_s` after the session's first entry.
    """

    at: datetime | None
    after_entry_s: float
    by_s: float


class SteppedClock(msgspec.Struct, frozen=True, kw_only=True):
    """Of one day: by how much the first session's time is ahead of the venue's, and the steps."""

    ahead_s: float = 0.0
    steps: tuple[ClockStep, ...] = ()


def draw_clock(rng: random.Random, opens_at: datetime) -> SteppedClock:
    """On most days the time is right and nobody touches the clock."""
    if rng.random() >= _SHARE:
        return SteppedClock()
    ahead_s, is_set_right = rng.choice(
        ((0.0, False), (0.0, False), (rng.choice(_AHEAD_S), False), (-rng.uniform(3.0, 25.0), True))
    )
    begins_s = max(-ahead_s, 0.0)  # until then our own window has not begun
    steps = []
    for number in range(rng.choice((1, 1, 2))):
        by_s = rng.choice((-1, 1)) * rng.choice(_STEPS_S)
        if is_set_right and number == 0:
            by_s = -ahead_s + rng.uniform(-1.0, 1.0)
        at = opens_at + timedelta(seconds=begins_s + rng.uniform(1.0, 30.0))
        after_s = rng.choice((0.001, 0.1, 1.0))
        steps.append(ClockStep(at=rng.choice((None, at)), after_entry_s=after_s, by_s=by_s))
    return SteppedClock(ahead_s=ahead_s, steps=tuple(steps))


class SessionTime:
    """The time that one session goes by."""

    def __init__(self, clock: SteppedClock) -> None:
        self._ahead = timedelta(seconds=clock.ahead_s)
        self._steps = [(step.at, step) for step in clock.steps]
        self._wall_s = 0.0  # how far the wall clock is ahead of it
        self._stamps = 0

    def stamped(self, event: Event) -> Event:
        """As this session learns of it: what the venue's clock said stays as it is."""
        return replace(event, at=event.at + self._ahead) if self._ahead else event

    def entered(self, now: datetime) -> None:
        """An entry was sent."""
        self._steps = [
            (at or now + timedelta(seconds=step.after_entry_s), step) for at, step in self._steps
        ]

    def step_due(self, now: datetime) -> ClockStepped | None:
        """The next one of which the session is to be told at this moment of the venue's time."""
        due = next((one for one in self._steps if one[0] is not None and one[0] <= now), None)
        if due is None:
            return None
        self._steps.remove(due)
        _, step = due
        self._wall_s += step.by_s
        self._stamps = 0
        return ClockStepped(at=now, by_s=step.by_s)

    def hear(self, event: Event) -> None:
        """While the session's time is in doubt: follows the wall clock that the venue confirms."""
        if not isinstance(event, Quote | MarketTrade):
            return
        lead_s = (event.happened_at - event.at).total_seconds()
        is_right = self._wall_s > STEP_S and abs(lead_s - self._wall_s) <= STEP_S
        self._stamps = self._stamps + 1 if is_right else 0
        if self._stamps >= _STAMPS:
            self._ahead += timedelta(seconds=self._wall_s)
            self._wall_s, self._stamps = 0.0, 0
