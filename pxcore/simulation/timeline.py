"""Virtual time: what is due at the exchange, what arrives, the market's tape and the clock.

Of several things at one moment the exchange comes first, then arrivals in the order in which
they were announced, the market, and the clock.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.paper.markets.market import MarketStep

_CLOCK = timedelta(milliseconds=100)


class Timeline:
    """`tell` hears what happens at the exchange; `tick` is called at each beat of the clock."""

    def __init__(
        self,
        exchange: Exchange,
        tape: Iterator[MarketStep],
        *,
        start: datetime,
        tell: Callable[[list[VenueEvent]], None],
        tick: Callable[[], None],
    ) -> None:
        self.now = start
        self._exchange = exchange
        self._tape = tape
        self._next_step = next(tape, None)
        self._next_clock = start
        self._tell = tell
        self._tick = tick
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()

    def later(self, at: datetime, action: Callable[[], None]) -> None:
        """To be done then; now, when that is past."""
        heapq.heappush(self._heap, (max(at, self.now), next(self._numbers), action))

    def step(self) -> None:
        """Whatever comes next."""
        due, arrival = self._exchange.next_due(), self._next_arrival()
        market = self._next_step.at if self._next_step is not None else None
        moment = min(t for t in (due, arrival, market, self._next_clock) if t is not None)
        self.now = max(self.now, moment)
        if moment == due:
            self._tell(self._exchange.advance(self.now))
        elif moment == arrival:
            heapq.heappop(self._heap)[2]()
        elif moment == market and self._next_step is not None:
            self._tell(self._exchange.feed(self._next_step))
            self._next_step = next(self._tape, None)
        else:
            self._next_clock += _CLOCK
            self._tick()

    def drain(self, until: datetime) -> None:
        """Without market and clock: what is under way arrives, and nobody is told of anything."""
        while True:
            due, arrival = self._exchange.next_due(), self._next_arrival()
            moment = min((t for t in (due, arrival) if t is not None), default=until)
            if moment >= until:
                break
            self.now = max(self.now, moment)
            if moment == due:
                self._exchange.advance(self.now)
            else:
                heapq.heappop(self._heap)[2]()
        self._exchange.advance(until)
        self.now = until

    def _next_arrival(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None
