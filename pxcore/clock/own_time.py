"""Time as this process lives it: what nobody can set, and what it was there to see.

The wall clock is set by people, by NTP and by machines that wake up; a deadline that was measured
on it is stretched, or is over, by the step. So its word is taken once, when the process begins.
"""

import time
from collections.abc import Callable
from typing import Final

STEP_S: Final = 2.0  # of the wall clock against our own time: less is a correction, not a step
_BOOTTIME: Final = getattr(time, "CLOCK_BOOTTIME", None)


def steady_s() -> float:
    """Seconds that only pass, those that the machine slept among them."""
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


class OwnTime:
    """Seconds since 1970 as the wall clock said at the beginning, and as they have passed since."""

    def __init__(
        self,
        *,
        wall_s: Callable[[], float] = lambda: time.time(),
        passed_s: Callable[[], float] = steady_s,
    ) -> None:
        self._wall_s, self._passed_s = wall_s, passed_s
        self._offset_s = wall_s() - passed_s()

    def now_s(self) -> float:
        return self._passed_s() + self._offset_s

    def step_s(self) -> float:
        """How far the wall clock is ahead of our own time: it has been set by so much."""
        return self._wall_s() - self.now_s()

    def adopt_wall(self) -> None:
        """The wall clock is right, and we are not. May set time back: see who may want that."""
        self._offset_s += self.step_s()


OWN_TIME: Final = OwnTime()  # of this process


class Attended:
    """Seconds that somebody who looks now and then was there for.

    Whoever judges the silence of others counts these: where its own looks lie further apart than
    `gap_s`, it stood still itself (the machine slept, or everything was stopped), and what it did
    not hear meanwhile says nothing. Not of more use on two threads than on one.
    """

    def __init__(self, gap_s: float, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._gap_s, self._now_s = gap_s, now_s
        self._looked_s = now_s()
        self.total_s = 0.0

    def look(self) -> float:
        """The seconds until now."""
        now_s = self._now_s()
        self.total_s += min(now_s - self._looked_s, self._gap_s)
        self._looked_s = now_s
        return self.total_s
