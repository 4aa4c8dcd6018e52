"""Has somebody set the machine's clock? Looked at by the session's loop, told to its engine."""

from collections.abc import Callable

from loguru import logger

from pxcore.clock.clocks import Clock
from pxcore.clock.own_time import OWN_TIME, STEP_S, OwnTime, steady_s
from pxcore.engine.events import ClockStepped, Event
from pxcore.gateway.rest import ClockReading
from pxcore.model import MarketTrade, PxError, Quote

_ASK_EVERY_S = 30.0
_STAMPS = 3  # in a row that say the same


class ClockWatch:
    """The session goes by its own time, which nobody can set. Where the venue's stamps say that the
    wall clock was set right and we are behind, ours follows it; it never goes back.
    """

    def __init__(
        self, clock: Clock, deliver: Callable[[Event], None], *, own: OwnTime = OWN_TIME
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._own = own
        self._known_s = own.step_s()
        self._stamps = 0

    def look(self) -> None:
        step_s = self._own.step_s()
        by_s = step_s - self._known_s
        if abs(by_s) <= STEP_S:
            return
        self._known_s, self._stamps = step_s, 0
        self._deliver(ClockStepped(at=self._clock.now(), by_s=round(by_s, 3)))

    def hear(self, event: Event) -> None:
        """While our time is in doubt."""
        if not isinstance(event, Quote | MarketTrade):
            return
        lead_s = (event.happened_at - event.at).total_seconds()
        is_right = self._known_s > STEP_S and abs(lead_s - self._known_s) <= STEP_S
        self._stamps = self._stamps + 1 if is_right else 0
        if self._stamps >= _STAMPS:
            logger.warning("the wall clock agrees with the venue: {:.1f} s on", self._known_s)
            self._own.adopt_wall()
            self._known_s, self._stamps = 0.0, 0


class ClockCheck:
    """For who has no stream: at most now and then, the venue's replies say which clock is right.

    May set our time back: for who only looks at the hour of the day.
    """

    def __init__(
        self,
        read: Callable[[], ClockReading | None],
        say: Callable[[str], None],
        *,
        own: OwnTime = OWN_TIME,
    ) -> None:
        self._read = read
        self._say = say
        self._own = own
        self._asked_s = float("-inf")

    def look(self) -> None:
        step_s = self._own.step_s()
        if abs(step_s) <= STEP_S or steady_s() - self._asked_s < _ASK_EVERY_S:
            return
        self._asked_s = steady_s()
        told = f"the machine's clock was set by {step_s:+.0f} s"
        try:
            reading = self._read()
        except PxError as error:
            self._say(f"{told}; going by the time of before: {error}")
            return
        if reading is not None and reading.apart_s <= STEP_S:
            self._own.adopt_wall()
            self._say(f"{told} and agrees with the venue's")
        else:
            self._say(f"{told} and does not agree with the venue's: going by the time of before")
