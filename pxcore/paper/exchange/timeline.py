"""Time at the exchange: what is due when, in one heap.

The lowest part. A call names the moment at which it comes; what has become due by then happens
first. So the caller decides what time is, and the same calls give the same events for ever.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count


class Agenda:
    """Calls must not go back in time: that is a ValueError.

    `now` is the latest moment that any call named, for everybody to read. `on_begin` is called
    once, at the first of them.
    """

    def __init__(self, *, on_begin: Callable[[], None]) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)
        self._on_begin = on_begin
        self._is_begun = False
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._due_numbers = count()

    def next_due(self) -> datetime | None:
        """None while nothing is under way."""
        return self._due[0][0] if self._due else None

    def run_until(self, now: datetime) -> None:
        """All that is due by then has happened, each at its own moment."""
        if now < self.now:
            raise ValueError(f"the exchange is at {self.now}, asked to go back to {now}")
        if not self._is_begun:
            self._is_begun = True
            self.now = now
            self._on_begin()
        while self._due and self._due[0][0] <= now:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = now

    def later(self, after_ms: float, action: Callable[[], None]) -> None:
        self.at(self.now + timedelta(milliseconds=after_ms), action)

    def at(self, moment: datetime, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._due_numbers), action))
