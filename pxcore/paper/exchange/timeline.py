"""Time at the exchange: what is under way, in one heap, and what has happened and was not told.

The lowest layer. A call names the moment at which it comes; what has become due by then happens
first. So the caller decides what time is, and the same calls give the same events for ever.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from pxcore.paper.exchange.messages import VenueEvent


class Agenda:
    """Calls must not go back in time: that is a ValueError."""

    def __init__(self) -> None:
        self._now = datetime.min.replace(tzinfo=UTC)
        self._is_begun = False
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._due_numbers = count()
        self._out: list[VenueEvent] = []

    @property
    def now(self) -> datetime:
        """The latest moment that any call named."""
        return self._now

    def next_due(self) -> datetime | None:
        """When `advance` will next have something to do; None while nothing is under way."""
        if self._out:
            return self._now
        return self._due[0][0] if self._due else None

    def advance(self, now: datetime) -> list[VenueEvent]:
        """Everything that has happened up to now and was not handed out before, in order."""
        self._run_until(now)
        out, self._out = self._out, []
        return out

    def _run_until(self, now: datetime) -> None:
        if now < self._now:
            raise ValueError(f"the exchange is at {self._now}, asked to go back to {now}")
        if not self._is_begun:
            self._is_begun = True
            self._begin(now)
        while self._due and self._due[0][0] <= now:
            self._now, _, action = heapq.heappop(self._due)
            action()
        self._now = now

    def _begin(self, now: datetime) -> None:
        """Before the first moment that anybody names."""
        self._now = now

    def _later(self, after_ms: float, action: Callable[[], None]) -> None:
        self._at(self._now + timedelta(milliseconds=after_ms), action)

    def _at(self, moment: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._due_numbers), action))
