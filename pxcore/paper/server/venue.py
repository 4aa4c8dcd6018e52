"""The running venue: one exchange, its market and its clients, all on one event loop.

Whatever happens, happens in `settle`: it plays the market up to the clock's now, lets the
exchange do what is due, tells the hubs, and sets the alarm for the next moment that matters.
REST calls settle before they look and after they act, so nobody ever sees a stale market, and a
venue that fell behind catches up in order. User events are never dropped; of quotes more than a
wall second old only each contract's newest is told.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pxcore.clock import Clock
from pxcore.model import MarketTrade, Quote
from pxcore.paper.bars import BarStore
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.paper.market import DeepTape, DepthPush, MarketStep
from pxcore.paper.server.broadcast import Broadcaster

_LATE_S = 1.0  # wall seconds after which quotes are conflated
_ALARM_S_MIN = 0.001  # steps nearer to each other than this are played together
_ALARM_S_MAX = 0.25
_log = logging.getLogger(__name__)


class Venue:
    """`on_fault` hears of an error that stopped the market: nothing can be trusted after it."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        tape: DeepTape,
        clock: Clock,
        bars: BarStore | None = None,
        on_fault: Callable[[], None] = lambda: None,
    ) -> None:
        self.exchange = exchange
        self.broadcaster = Broadcaster(exchange.contracts)
        self.bars = bars or BarStore()
        self._tape = tape
        self._next = next(tape, None)
        self._clock = clock
        self._on_fault = on_fault
        self._alarm: asyncio.TimerHandle | None = None
        self._is_stopped = False

    @property
    def now(self) -> datetime:
        """Market time up to which everything has happened."""
        return self.exchange.now

    @property
    def is_idle(self) -> bool:
        """Nothing held, no order alive, nobody connected to a hub."""
        clients = self.broadcaster.user_clients or self.broadcaster.market_clients
        return not clients and self.exchange.is_flat

    def settle(self) -> None:
        now = max(self._clock.now(), self.exchange.now)
        events: list[VenueEvent | DepthPush] = []
        while self._next is not None and self._next.at <= now:
            events += self._play(self._next)
            self._next = next(self._tape, None)
        events += self.exchange.advance(now)
        late = now - timedelta(seconds=_LATE_S * self._clock.speed)
        self.broadcaster.tell(conflated(events, late) if events else events)
        self._set_alarm(now)

    def _play(self, step: MarketStep | DepthPush) -> Iterable[VenueEvent | DepthPush]:
        if isinstance(step, DepthPush):
            return (step,)
        if isinstance(step, MarketTrade):
            self.bars.see(step)
        return self.exchange.feed(step)

    def start(self) -> None:
        self._ring()

    def stop(self) -> None:
        self._is_stopped = True
        if self._alarm is not None:
            self._alarm.cancel()

    def _ring(self) -> None:
        try:
            self.settle()
        except Exception:
            _log.exception("the paper market stopped")
            self.stop()
            self._on_fault()

    def _set_alarm(self, now: datetime) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._is_stopped:
            return
        moments = [self.exchange.next_due(), self._next.at if self._next else None]
        waits = [(at - now).total_seconds() / self._clock.speed for at in moments if at]
        wait_s = min([_ALARM_S_MAX, *waits])
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(max(_ALARM_S_MIN, wait_s), self._ring)


def conflated(
    events: list[VenueEvent | DepthPush], before: datetime
) -> list[VenueEvent | DepthPush]:
    """All but those quotes from before that moment which a newer one of their contract follows."""
    if events[0].at >= before:
        return events
    newest = {event.contract_id: event for event in events if isinstance(event, Quote)}
    return [
        event
        for event in events
        if not isinstance(event, Quote) or event.at >= before or newest[event.contract_id] is event
    ]
