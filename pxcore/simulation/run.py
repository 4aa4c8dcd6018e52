"""One session in virtual time: the engine and the exchange called directly, in one thread.

The same two machines as live and paper, so what holds here holds there; a day takes a second.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import msgspec

from pxcore.engine.commands import Command
from pxcore.engine.engine import Engine
from pxcore.engine.events import ClockTick, Event, Hub, HubUp
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.paper.markets.market import MarketStep
from pxcore.simulation.direct import DirectVenue, as_event
from pxcore.simulation.timeline import Timeline

_OVERTIME = timedelta(minutes=5)  # a session must be over so long after its window at the latest


class SimulatedLatency(msgspec.Struct, frozen=True, kw_only=True):
    """Between us and the venue, one way each, in milliseconds."""

    there_ms: float = 2.0
    back_ms: float = 2.0


class Backtest:
    """Steps an engine against an exchange. `log` keeps every event with what it led to."""

    def __init__(
        self,
        engine: Engine,
        exchange: Exchange,
        tape: Iterator[MarketStep],
        *,
        start: datetime,
        latency: SimulatedLatency | None = None,
    ) -> None:
        latency = latency or SimulatedLatency()
        self.engine = engine
        self.exchange = exchange
        self.log: list[tuple[Event, tuple[Command, ...]]] = []
        self._venue = DirectVenue(exchange, engine.config.account_id)
        self._there = timedelta(milliseconds=latency.there_ms)
        self._back = timedelta(milliseconds=latency.back_ms)
        self._timeline = Timeline(exchange, tape, start=start, tell=self._tell, tick=self._tick)

    def run(self) -> None:
        """To the end of the session. Raises TimeoutError when it does not end."""
        for hub in Hub:
            self._timeline.later(self._now, partial(self._learn, HubUp(at=self._now, hub=hub)))
        deadline = self.engine.config.window_end + _OVERTIME
        while not self.engine.is_over:
            self.step()
            if self._now > deadline:
                raise TimeoutError(f"the session is not over at {self._now}")

    def step(self) -> None:
        """Whatever comes next."""
        self._timeline.step()

    @property
    def _now(self) -> datetime:
        return self._timeline.now

    def _tick(self) -> None:
        self._learn(ClockTick(at=self._now))

    def _tell(self, happened: list[VenueEvent]) -> None:
        at = self._now + self._back
        for one in happened:
            self._timeline.later(at, partial(self._learn, as_event(one, at)))

    def _learn(self, event: Event) -> None:
        commands = tuple(self.engine.step(event))
        self.log.append((event, commands))
        for command in commands:
            self._timeline.later(self._now + self._there, partial(self._obey, command))

    def _obey(self, command: Command) -> None:
        at = self._now + self._back
        answer = self._venue.answer(command, self._now, at)
        if answer is not None:
            self._timeline.later(at, partial(self._learn, answer))
