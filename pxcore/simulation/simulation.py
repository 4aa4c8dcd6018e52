"""One simulated day: the engine and the exchange in one thread, in virtual time, on a bad day.

A session may be killed at any event. Then its flow, or the next start, flattens the account with
the same machine that `flatten.drive` drives, or adopts what is held, and a new session begins in
what is left of the window, knowing what the journals hold: the halt and the day's peak.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from pxcore.engine.commands import Command, FallSeen, Halt, PeakSeen, PlaceEntry, TakeSnapshot
from pxcore.engine.engine import Engine
from pxcore.engine.events import (
    ClockTick,
    Event,
    Hub,
    HubDown,
    HubUp,
)
from pxcore.engine.intents import unanswered_tags
from pxcore.engine.limits import Extremes, extremes_of, realised_extremes
from pxcore.engine.start_check import OrphanRemedy, found_in, remedy_for
from pxcore.model import Fill, MarketTrade, Quote
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.paper.markets.market import merged
from pxcore.paper.markets.synthetic import synthetic
from pxcore.simulation.clock_steps import SessionTime, SteppedClock
from pxcore.simulation.desk import REPLY_TIMEOUT, SimulatedSender
from pxcore.simulation.direct import DirectVenue
from pxcore.simulation.false_looks import Liar
from pxcore.simulation.false_prices import FalsePrices
from pxcore.simulation.invariants import Invariants
from pxcore.simulation.lives import Rescue, SimulatedSession
from pxcore.simulation.people import People
from pxcore.simulation.scenario import ACCOUNT_ID, ELSEWHERE, Scenario, shape_of
from pxcore.simulation.standstill import Stillness, beating
from pxcore.simulation.stranger import SHAPE
from pxcore.simulation.stranger_judge import WatchedStranger
from pxcore.simulation.timeline import Timeline
from pxcore.simulation.truth import held_of
from pxcore.simulation.violations import Invariant, Violation

_OVERTIME = timedelta(minutes=5)  # the day must be over so long after its window at the latest
_SETTLE = timedelta(seconds=10)  # for what is still on its way when the last session has ended


class Simulation:
    """`run` plays the day to its end. Raises Violation the moment an invariant is broken."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        config = scenario.config
        elsewhere = [] if scenario.stranger is None else [ELSEWHERE]
        self.exchange = Exchange(
            contracts=[config.contract, *elsewhere],
            accounts=[scenario.account],
            seed=scenario.seed,
            config=scenario.exchange,
        )
        start = scenario.starts_at
        for fault in scenario.all_faults:
            self.exchange.arm(fault, start)
        self.sessions: list[SimulatedSession] = []
        self.is_over = False
        shapes = [(config.contract, shape_of(scenario)), *((c, SHAPE) for c in elsewhere)]
        tapes = (synthetic(c, start=start, seed=scenario.seed, shape=s) for c, s in shapes)
        self.said = FalsePrices(scenario.false_prices)
        self._liar = Liar(scenario.lies, random.Random(f"liar/{scenario.seed}"))  # noqa: S311
        self._seen = DirectVenue(self.exchange, ACCOUNT_ID)
        self._liar.remember(self._seen.snapshot(start))
        self._timeline = Timeline(
            self.exchange, merged(*tapes), start=start, tell=self._tell, tick=self._tick
        )
        self._still = Stillness(
            scenario.standstills,
            now=lambda: self.now,
            later=self._timeline.later,
            tick=self._tick,
        )
        self._dice = random.Random(f"wire/{scenario.seed}")  # noqa: S311 - a day, no secret
        self._deaths = list(scenario.deaths)
        self._people = People(
            scenario,
            self.exchange,
            self._still,
            now=lambda: self.now,
            later=self._timeline.later,
            tell=self._hear_others,
        )
        self._events = 0
        self._session: SimulatedSession | None = None
        self._rescue: Rescue | None = None
        self._closes: set[int] = set()  # orders that our closes made
        self._rescue_desk: SimulatedSender | None = None
        self.invariants = Invariants(
            scenario,
            self.exchange,
            self.said,
            closes=self._closes,
            is_still=self._still.is_still,
        )

    def run(self) -> None:
        self._begin_session()
        self._people.begin()
        for outage in self.scenario.outages:
            if outage.hub is not None and not outage.is_silent:
                goes, comes = (partial(f, outage.hub) for f in (self._hub_goes, self._hub_comes))
                self._timeline.later(outage.start, partial(self._still.awake, goes))
                self._timeline.later(outage.end, partial(self._still.awake, comes))
        deadline = self.scenario.config.window_end + _OVERTIME
        while not self.is_over:
            self._timeline.step()
            self.invariants.at_step(self.now)
            if self.now > deadline:
                raise Violation(Invariant.DAY_ENDS, f"it is not over at {self.now}")
        self._timeline.drain(self.now + _SETTLE)
        self.invariants.at_end(self.sessions)

    # -- time ---------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self._timeline.now

    def _tell(self, happened: list[VenueEvent]) -> None:
        desk = self._session.desk if self._session is not None else None
        for one in happened:
            if isinstance(one, Quote | MarketTrade):
                if one.contract_id != self.scenario.config.contract.id:
                    continue  # we have not subscribed to it
            else:
                self._liar.remember(self._seen.snapshot(self.now))
            self.invariants.see(one)
            if desk is not None:
                desk.hear(one, self.now)

    def _tick(self) -> None:
        if self._still.is_still():
            return
        session = self._session
        if session is not None:
            self._people.make_wishes()
            self._step_clock(session)
            self._learn(session, ClockTick(at=self.now))
        elif self._rescue is not None:
            self._advance_rescue(ClockTick(at=self.now))

    # -- a session ----------------------------------------------------------------------------

    def _begin_session(self, *, adopts: int = 0, opening: tuple[Fill, ...] = ()) -> None:
        """`opening` are the fills that its start saw."""
        number = len(self.sessions)
        before = self._extremes_of_the_day()
        config = replace(
            self.scenario.config,
            session_id=f"px-sim-{self.scenario.seed}-{number}",
            halt_reason=self._halt_of_the_day(),
            peak_usd=before.peak_usd,
            fall_usd=before.fall_usd,
            headroom_usd_min=before.headroom_usd,
            adopts_opening=adopts,
            opening_fills=opening,
        )
        desk = self._new_desk(lambda event: self._learn(session, event))
        strategy = WatchedStranger(beating(self.scenario.every_s))
        time = SessionTime(SteppedClock() if number else self.scenario.clock)
        session = SimulatedSession(Engine(config, strategy), desk, time, strategy)
        self.sessions.append(session)
        self._session = session
        self.invariants.session_begins(session, self.now)
        for hub in Hub:
            if not desk.is_away(hub, self.now):
                self._learn(session, HubUp(at=self.now, hub=hub))

    def _new_desk(self, deliver: Callable[[Event], None]) -> SimulatedSender:
        return SimulatedSender(
            self.scenario,
            self.exchange,
            self._dice,
            now=lambda: self.now,
            later=self._timeline.later,
            deliver=deliver,
            said_of=self.said.instead_of,
            liar=self._liar,
            still=self._still,
            closes=self._closes,
        )

    def _halt_of_the_day(self) -> str | None:
        said = (c for s in self.sessions for _, commands in s.journal for c in commands)
        return next((c.reason for c in said if isinstance(c, Halt)), None)

    def _extremes_of_the_day(self) -> Extremes:
        found = realised_extremes(self.exchange.fills(ACCOUNT_ID))
        for said in (c for s in self.sessions for _, commands in s.journal for c in commands):
            if isinstance(said, PeakSeen | FallSeen):
                found = found.and_of(extremes_of(said))
        return found

    def _learn(self, session: SimulatedSession, event: Event) -> None:
        if session is not self._session:
            return
        self._events += 1
        event, commands = session.learn(event, self.now)
        self.invariants.learned(event, commands, self.now)
        if session.engine.ending is not None:
            session.desk.may_enter = False
        for command in commands:
            session.desk.carry_out(command, self.now)
            if isinstance(command, PlaceEntry):
                self._people.entered()
                self._still.entered()
        if session.engine.is_over:
            self._session, self.is_over = None, True
        elif self._deaths and self._events >= self._deaths[0].at_event:
            self._kill(session)

    def _hub_goes(self, hub: Hub) -> None:
        self._hear_others(HubDown(at=self.now, hub=hub, reason="simulated"))

    def _hub_comes(self, hub: Hub) -> None:
        self._hear_others(HubUp(at=self.now, hub=hub))

    def _step_clock(self, session: SimulatedSession) -> None:
        step = session.time.step_due(self.now)
        if step is not None:
            self._learn(session, step)

    def _hear_others(self, event: Event) -> None:
        if self._session is not None:
            self._learn(self._session, event)

    # -- death and what comes after -----------------------------------------------------------

    def _kill(self, session: SimulatedSession) -> None:
        death = self._deaths.pop(0)
        session.desk.die()
        self._session = None
        self.invariants.session = None
        if death.is_flow_alive:
            self._begin_rescue(death.until_restart_s)
        else:
            at = self.now + timedelta(seconds=death.until_restart_s)
            restart = partial(self._restart, death.until_restart_s)
            self._timeline.later(at, partial(self._still.awake, restart))

    def _restart(self, until_restart_s: float) -> None:
        """Nobody flattened meanwhile: the next start does, or takes over what is held."""
        config = self.scenario.config
        seen = DirectVenue(self.exchange, ACCOUNT_ID).snapshot(self.now)
        remedy = remedy_for(
            found_in(
                seen,
                self.exchange.orders(ACCOUNT_ID),
                sessions=[s.engine.config.session_id for s in self.sessions],
            ),
            contract_id=config.contract.id,
            leftovers=self.scenario.leftovers,
            foreign=config.foreign,
            may_adopt=self.now >= self._strays_until(),
        )
        if remedy is OrphanRemedy.ADOPT and self.now < config.window_end:
            held = held_of(self.exchange, config.contract.id)
            self._begin_session(adopts=held, opening=seen.fills)
        else:
            self._begin_rescue(until_restart_s)

    def _begin_rescue(self, until_restart_s: float) -> None:
        strays_until = self._strays_until()
        self._rescue = Rescue(
            self.scenario.config.scope,
            until_restart_s=until_restart_s,
            may_still_arrive=lambda now: now < strays_until,
        )
        self._rescue_desk = self._new_desk(self._advance_rescue)
        self._act(self._rescue.begin(self.now))

    def _strays_until(self) -> datetime:
        """Until when an entry that the dead session's journal holds may still arrive."""
        session = self.sessions[-1]
        said = (one for event, commands in session.journal for one in (event, *commands))
        tags = unanswered_tags(said)
        grace_s = self.scenario.config.limits.unknown_grace_s
        latest = max((at for tag, at in session.sent_at.items() if tag in tags), default=None)
        return self.now if latest is None else latest + REPLY_TIMEOUT + timedelta(seconds=grace_s)

    def _advance_rescue(self, event: Event) -> None:
        rescue = self._rescue
        if rescue is None:
            return
        commands = rescue.step(event)
        self.invariants.rescued(event, commands, self.now)
        self._act(commands)
        proof = rescue.proof_by(event)
        if proof is None:
            return
        self._rescue = self._rescue_desk = None
        if self.now >= self.scenario.config.window_end:
            self.is_over = True
        else:
            at = self.now + timedelta(seconds=rescue.until_restart_s)
            begin = partial(self._begin_session, opening=proof.fills)
            self._timeline.later(at, partial(self._still.awake, begin))

    def _act(self, commands: list[Command]) -> None:
        for command in commands:
            if self._rescue_desk is not None:
                self._rescue_desk.carry_out(command, self.now)
            if isinstance(command, TakeSnapshot):
                self.invariants.rescue_looks += 1
