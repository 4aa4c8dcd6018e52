"""How far the paper market may go now: at its clock's speed, but no faster than it is played.

Its own clock runs on whatever happens; the market is behind it by `slowed` in all. It stands still
while it waits for its session, goes from step to step while a session takes each in turn, and is
slowed down whenever playing falls further behind than `LAG_S_MAX`: it never races to catch up more
than that. The time up to which everything has happened is published after each stretch.
"""

from datetime import datetime, timedelta
from typing import Final

from pxcore.clock.clocks import Clock
from pxcore.clock.published import ClockFile, ClockPace, Reading

LAG_S_MAX: Final = 1.0  # of ours
_ALLOWED: Final = timedelta(seconds=0.5)  # twice what a venue at rest lets pass between two looks
_NONE: Final = timedelta(0)
_STEP_S: Final = 0.05  # of ours, from one step to the next


class MarketTime:
    """Market times are aware and UTC; `lag` and `slowed` are in our time.

    `start` is where a market that `waits` stands until `open`. With `file` it is published there.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        start: datetime | None = None,
        waits: bool = False,
        file: ClockFile | None = None,
    ) -> None:
        self.pace = ClockPace.WAITING if waits else ClockPace.RUNNING
        self.speed = clock.speed
        self._clock = clock
        self._played = start or clock.now()
        self._behind = _NONE if start is None else clock.now() - start  # in market time
        self._slowed = _NONE  # since it opened
        self._target = self._played
        self._file = file
        self._publish(runs_on=False)

    @property
    def lag(self) -> timedelta:
        """How far playing is behind where the market could be by now."""
        if self.pace is ClockPace.WAITING:
            return _NONE
        return max(self._line() - self._played, _NONE) / self.speed

    @property
    def slowed(self) -> timedelta:
        """By how much the clock was slowed down since the market opened."""
        return self._slowed

    def wanted(self) -> datetime:
        """Up to where the market may be played now."""
        match self.pace:
            case ClockPace.WAITING:
                return self._played
            case ClockPace.STEPPING:
                return self._target
            case ClockPace.RUNNING:
                return max(self._line(), self._played)

    def open(self) -> None:
        """It runs, from where it stands."""
        if self.pace is ClockPace.WAITING:
            self._behind = self._clock.now() - self._played
        self.pace = ClockPace.RUNNING

    def step_from_here(self) -> None:
        """It opens, and goes on with `next_step` alone, until `open` lets it run."""
        self.open()
        self.pace, self._target = ClockPace.STEPPING, self._played

    def next_step(self) -> None:
        self._target = self._played + timedelta(seconds=_STEP_S * self.speed)

    @property
    def until_next_step_s(self) -> float:
        """Of ours, until the clock has come to the next step; not positive when it has."""
        left = self._target - self._line()
        return left.total_seconds() / self.speed + _STEP_S

    def played(self, now: datetime, *, is_all: bool) -> None:
        """Everything up to `now` has happened; `is_all` when that is what was wanted.

        A market too far behind has its clock slowed.
        """
        self._played = now
        ahead = self._played - self._line()
        if self.pace is not ClockPace.WAITING and ahead > timedelta(seconds=LAG_S_MAX) * self.speed:
            self._behind -= ahead  # our own clock was set back
        too_far = self.lag - timedelta(seconds=LAG_S_MAX)
        if too_far > _NONE:
            self._behind += too_far * self.speed
            self._slowed += too_far
        self._publish(runs_on=is_all and self.pace is ClockPace.RUNNING)

    def _line(self) -> datetime:
        """Where the market would be if playing it took no time."""
        return self._clock.now() - self._behind

    def _publish(self, *, runs_on: bool) -> None:
        if self._file is None:
            return
        reading = Reading(
            now=self._played,
            speed=self.speed,
            pace=self.pace,
            allowed=_ALLOWED if runs_on else _NONE,
            lag=self.lag,
            slowed=self._slowed,
        )
        self._file.write(reading)
