"""Days on which all of ours stands still for a while: the machine sleeps, or everything is stopped.

The venue goes on. What it says meanwhile, and what it answers, comes in one burst when we wake,
in its order and stamped with that moment; a request that was under way arrives, and none is sent.
"""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from pxcore.engine.events import Event
from pxcore.strategies.timed_entry import TimedEntry

_SHARE: Final = 0.2  # of the days
EAGER_S: Final = 1e-7  # a strategy that wants to enter at each move of the price
_LASTS_S: Final = (3.0, 6.0, 15.0, 40.0, 60.0)


Later = Callable[[datetime, Callable[[], None]], None]


def beating(every_s: float) -> TimedEntry:
    """With a beat that may be shorter than a person may ask for."""
    return TimedEntry(TimedEntry.Params.model_construct(every_s=every_s))


class Standstill(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on, or `after_entry_s` after the day's first entry where `at` is None.

    `is_tick_first`: who wakes is told the time before anything that waited.
    """

    at: datetime | None
    after_entry_s: float
    lasts_s: float
    is_tick_first: bool


def draw_standstills(rng: random.Random, opens_at: datetime) -> tuple[Standstill, ...]:
    if rng.random() >= _SHARE:
        return ()
    drawn = []
    for _ in range(rng.choice((1, 1, 2))):
        first_s = rng.uniform(-4.0, 0.5)  # before anything was entered
        at = opens_at + timedelta(seconds=rng.choice((first_s, rng.uniform(0.0, 35.0))))
        drawn.append(
            Standstill(
                at=rng.choice((None, at)),
                after_entry_s=rng.choice((0.001, 0.005, 0.02, 0.2, 1.0)),
                lasts_s=rng.choice(_LASTS_S),
                is_tick_first=rng.random() < 0.5,
            )
        )
    return tuple(drawn)


class Stillness:
    """When we stand still on this day. What we would do then is done when we wake."""

    def __init__(
        self,
        drawn: Iterable[Standstill],
        *,
        now: Callable[[], datetime],
        later: Later,
        tick: Callable[[], None],
    ) -> None:
        self._now = now
        self._later = later
        self._tick = tick
        self._stretches: list[tuple[datetime, datetime]] = []
        self._after_entry = []
        for one in drawn:
            if one.at is None:
                self._after_entry.append(one)
            else:
                self._stand_still(one, one.at)

    def entered(self) -> None:
        """The day's first entry was sent, or a later one."""
        waiting, self._after_entry = self._after_entry, []
        for one in waiting:
            self._stand_still(one, self._now() + timedelta(seconds=one.after_entry_s))

    def is_still(self) -> bool:
        return self._wakes_at() is not None

    def awake(self, action: Callable[[], None]) -> None:
        """Now, or when we wake."""
        wakes_at = self._wakes_at()
        if wakes_at is None:
            action()
        else:
            self._later(wakes_at, partial(self.awake, action))

    def learned(self, event: Event, deliver: Callable[[Event], None]) -> None:
        """As `awake`; learned of when it is delivered."""
        if self.is_still():
            self.awake(lambda: deliver(replace(event, at=self._now())))
        else:
            deliver(event)

    def _stand_still(self, one: Standstill, at: datetime) -> None:
        wakes_at = at + timedelta(seconds=one.lasts_s)
        self._stretches.append((at, wakes_at))
        if one.is_tick_first:
            self._later(at, lambda: self._later(wakes_at, self._tick))

    def _wakes_at(self) -> datetime | None:
        now = self._now()
        return max((end for start, end in self._stretches if start <= now < end), default=None)
