"""The running venue: one exchange, its market and its clients, all on one event loop.

Whatever happens, happens in `settle`: it plays the market up to the clock's now, lets the
exchange do what is due, tells the hubs, and sets the alarm for the next moment that matters.
REST calls settle before they look and after they act, so nobody sees a stale market. A venue that
fell behind catches up in order and in short slices: after each, whoever sends and whoever asks has
a turn, and nothing is played while a client that does read has much to read still. One that is
asked for more than it can do lags, and its market's clock is slowed down (`market_time`). User
events are never dropped; of quotes more than a wall second old only each contract's newest is told.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from pxcore.clock.clocks import Clock
from pxcore.clock.published import ClockPace
from pxcore.model import MarketTrade, Quote
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.paper.faults.base import Armed, Armory, Fault
from pxcore.paper.faults.venue import VenueFault
from pxcore.paper.faults.wire import WireFault
from pxcore.paper.markets.bars import BarStore
from pxcore.paper.markets.depth import Depth
from pxcore.paper.markets.market import DepthPush, MarketStep, Tape, TradingHalt, merged
from pxcore.paper.server.bell import Bell
from pxcore.paper.server.broadcast import Broadcaster
from pxcore.paper.server.dialect import Dialect
from pxcore.paper.server.market_time import MarketTime
from pxcore.paper.server.wire_faults import Hostility

_RECORDED = Dialect()
_LATE_S = 1.0  # wall seconds after which quotes are conflated
_SLICE_S = 0.005  # of ours, that the market plays before others have a turn
_STEPS = 64  # played and told together, before the slice's end is looked at
_ALARM_S_MIN = 0.001  # steps nearer to each other than this are played together
_ALARM_S_MAX = 0.25
_log = logging.getLogger(__name__)


class PaperVenue:
    """`on_fault` hears of an error that stopped the market: nothing can be trusted after it."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        tape: Tape,
        clock: Clock | MarketTime,
        bars: BarStore | None = None,
        dialect: Dialect = _RECORDED,
        seed: int = 1,
        fault_seed: int = 1,
        goes_in_steps: bool = False,
        on_fault: Callable[[], None] = lambda: None,
    ) -> None:
        self.exchange = exchange
        self.time = clock if isinstance(clock, MarketTime) else MarketTime(clock)
        self.dialect = dialect
        self.broadcaster = Broadcaster(exchange.contracts, dialect)
        self.hostility = Hostility(
            seed=fault_seed,
            market_now=lambda: exchange.now,
            speed=self.time.speed,
            clients=self.broadcaster.clients,
        )
        self.broadcaster.deliver = self.hostility.tell
        self.bars = bars or BarStore()
        self._tape = tape
        self._next = next(tape, None)
        self._inserted: Tape = iter(())
        self._next_inserted: MarketStep | None = None
        self._shifts: dict[str, int] = {}
        self._depth = Depth(seed)
        self.bell = Bell(
            self.time,
            goes_in_steps=goes_in_steps,
            told=lambda: self.broadcaster.account_events,
            again=self._ring_soon,
        )
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

    def arm(self, fault: Fault, at: datetime | None = None) -> Armed:
        """The fault lies in wait from then, or now, on: in the exchange or on its wire."""
        zero = self.now if at is None else at
        if isinstance(fault, VenueFault):
            return self.exchange.arm(fault, zero)
        if isinstance(fault, WireFault):
            return self.hostility.arm(fault, zero)
        raise AssertionError(f"{fault} is of no known kind")

    @property
    def armories(self) -> tuple[Armory, Armory]:
        return self.exchange.faults, self.hostility.armory

    def settle(self) -> None:
        """Plays what is due, for a slice at most, and tells it."""
        wanted = max(self.time.wanted(), self.exchange.now)
        until_s = time.monotonic() + _SLICE_S
        is_all = False
        while not (is_all or self._is_held_up()):
            is_all = self._play_some(wanted)
            if time.monotonic() >= until_s:
                break
        now = self.exchange.now
        self.time.played(now, is_all=is_all)
        self.bell.settled(is_all=is_all)
        self._set_alarm(now, is_all=is_all)

    def _is_held_up(self) -> bool:
        """Does a client that reads have so much to read that more must wait?"""
        hubs = (self.broadcaster.user_clients, self.broadcaster.market_clients)
        return any(client.is_catching_up for clients in hubs for client in clients)

    def _play_some(self, wanted: datetime) -> bool:
        """A few steps, and what comes of them is told. True when nothing is left to play."""
        events: list[VenueEvent | DepthPush] = []
        is_all = False
        for _ in range(_STEPS):
            step = self._next_step(wanted)
            if step is None:
                events += self.exchange.advance(wanted)
                is_all = True
                break
            events += self._play(step)
        self.hostility.run_until(self.exchange.now)
        self.broadcaster.skew = self.hostility.skew
        late = wanted - timedelta(seconds=_LATE_S * self.time.speed)
        self.broadcaster.tell(conflated(events, late) if events else events)
        return is_all

    def move(self, contract_id: str, ticks: int) -> None:
        """The market jumps by so many ticks now, and stays there."""
        self._shifts[contract_id] = self._shifts.get(contract_id, 0) + ticks
        top = self.exchange.top(contract_id)
        if top.bid is None or top.ask is None:
            return
        self.insert(
            Quote(
                at=self.now,
                happened_at=self.now,
                contract_id=contract_id,
                bid_ticks=top.bid + ticks,
                ask_ticks=top.ask + ticks,
            )
        )

    def insert(self, *steps: MarketStep) -> None:
        """These steps happen too, in time order with the market's own, and as they are."""
        waiting = [self._next_inserted] if self._next_inserted else []
        self._inserted = merged(iter(waiting), self._inserted, iter(steps))
        self._next_inserted = next(self._inserted, None)
        self.settle()

    def _next_step(self, now: datetime) -> MarketStep | None:
        """Whatever comes next by now, inserted steps first; None when nothing does."""
        inserted, taped = self._next_inserted, self._next
        if inserted is not None and inserted.at <= now and (not taped or inserted.at <= taped.at):
            self._next_inserted = next(self._inserted, None)
            return inserted
        if taped is None or taped.at > now:
            return None
        self._next = next(self._tape, None)
        shift = self._shifts.get(taped.contract_id, 0)
        return shifted(taped, shift) if shift else taped

    def _play(self, step: MarketStep) -> Iterable[VenueEvent | DepthPush]:
        if isinstance(step, MarketTrade):
            self.bars.see(step)
        events: list[VenueEvent | DepthPush] = list(self.exchange.feed(step))
        push = self._depth.follow(step)
        if push is not None:
            events.append(push)
        return events

    def start(self) -> None:
        self._ring()

    def stop(self) -> None:
        self._is_stopped = True
        if self._alarm is not None:
            self._alarm.cancel()

    def _ring_soon(self) -> None:
        if self._is_stopped:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(0, self._ring)

    def _ring(self) -> None:
        try:
            self.settle()
        except Exception:
            _log.exception("the paper market stopped")
            self.stop()
            self._on_fault()

    def _set_alarm(self, now: datetime, *, is_all: bool) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._is_stopped:
            return
        wait_s = _ALARM_S_MIN
        if is_all:
            steps = [step.at for step in (self._next, self._next_inserted) if step]
            moments = [self.exchange.next_due(), self.hostility.next_due(), *steps]
            waits = [(at - now).total_seconds() / self.time.speed for at in moments if at]
            is_running = self.time.pace is ClockPace.RUNNING
            wait_s = min([_ALARM_S_MAX, *waits]) if is_running else self.bell.wait_s
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(max(_ALARM_S_MIN, wait_s), self._ring)


def shifted(step: MarketStep, ticks: int) -> MarketStep:
    """The same step so many ticks higher."""
    if isinstance(step, TradingHalt):
        return step
    if isinstance(step, MarketTrade):
        return replace(step, price_ticks=step.price_ticks + ticks)
    return replace(
        step,
        bid_ticks=None if step.bid_ticks is None else step.bid_ticks + ticks,
        ask_ticks=None if step.ask_ticks is None else step.ask_ticks + ticks,
        last_ticks=None if step.last_ticks is None else step.last_ticks + ticks,
    )


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
