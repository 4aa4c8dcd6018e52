"""What must hold at every step of a simulated day, judged from the exchange's side.

Nothing here asks the engine what it believes of the account: the account at the exchange, the
commands that left and the events that were delivered say it all.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pxcore.engine.commands import (
    CancelOrder,
    Command,
    FlatProven,
    PlaceEntry,
)
from pxcore.engine.events import Event, Hub, SnapshotTaken
from pxcore.model import MarketTrade, Order, Quote
from pxcore.paper.exchange import Exchange, OrderChanged, VenueEvent
from pxcore.paper.faults.venue import AsyncReject, OrderPending, SiblingSurvives
from pxcore.simulation.day_end import DayEnd
from pxcore.simulation.ended_judge import EndedJudge
from pxcore.simulation.entry_judge import EntryJudge
from pxcore.simulation.false_prices import FalsePrices
from pxcore.simulation.lives import SimulatedSession
from pxcore.simulation.price_judge import PriceJudge
from pxcore.simulation.scenario import ACCOUNT_ID, Scenario
from pxcore.simulation.stranger_judge import StrangerJudge
from pxcore.simulation.time_judge import TimeJudge
from pxcore.simulation.told import ToldFills
from pxcore.simulation.truth import STOPS, held_of, stops_of
from pxcore.simulation.violations import Invariant, Violation

_FLATTEN = timedelta(seconds=40)  # one flatten, with lost answers and slow fills on the way
_ANOTHER_ROUND = timedelta(seconds=15)
_ANOTHER_ROUND_UNHEARD = timedelta(seconds=30)  # close, answer lost, look, answer lost
_QUICK_FLATTEN = timedelta(seconds=3)  # one with everything answered at once


class Invariants:
    """`closes` are the orders that our own closes made; `is_still` says whether all of ours stands
    still now.
    """

    def __init__(
        self,
        scenario: Scenario,
        exchange: Exchange,
        said: FalsePrices,
        *,
        closes: set[int],
        is_still: Callable[[], bool],
    ) -> None:
        self.session: SimulatedSession | None = None
        self.rescue_looks = 0
        self._scenario = scenario
        self._exchange = exchange
        self._prices = PriceJudge(scenario, exchange, said.is_false)
        self._contract_id = scenario.config.contract.id
        self._is_still = is_still
        self._time = TimeJudge(scenario)
        self._ended = EndedJudge(self._contract_id, closes)
        self._strangers = StrangerJudge(scenario)
        self._naked_since: datetime | None = None
        self._naked_blind = timedelta()
        self._last_at: datetime | None = None
        self._away_since: datetime | None = None  # held, and a hub known to be away
        self._is_held = False
        self._stops: dict[int, int] = {}
        self._is_moved = True
        self._told = ToldFills()
        self._entries = EntryJudge(scenario, exchange, self._told)
        self.worst_naked_s = 0.0

    def session_begins(self, session: SimulatedSession, now: datetime) -> None:
        """It has its own time to protect what it takes over: nobody could while none lived."""
        self.session = session
        self._told.start_over(session.engine.config.opening_fills)
        self._prices.start_over()
        self._time.start_over()
        self._ended.start_over()
        if self._naked_since is not None:
            self._naked_since, self._naked_blind = now, timedelta()

    # -- what happens -------------------------------------------------------------------------

    def see(self, happened: VenueEvent) -> None:
        self._prices.see(happened)
        self._ended.see(happened)
        if isinstance(happened, OrderChanged):
            self._judge_stop(happened.order)
        if not isinstance(happened, Quote | MarketTrade):
            self._is_moved = True

    def _judge_stop(self, order: Order) -> None:
        """A stop only ever moves towards the market."""
        if order.type not in STOPS or order.stop_ticks is None or order.parent_id is None:
            return
        before = self._stops.get(order.id, order.stop_ticks)
        if order.side.sign * (order.stop_ticks - before) > 0:
            raise Violation(
                Invariant.STOP_LOOSENED,
                f"stop {order.id} moved from {before} to {order.stop_ticks}",
            )
        self._stops[order.id] = order.stop_ticks

    def learned(self, event: Event, commands: tuple[Command, ...], now: datetime) -> None:
        """A session was told this and said that. Judges every entry that it sent."""
        self._entries.hear(event)
        if self.session is not None:
            self._prices.learned(self.session.engine, event, commands)
        self._time.learned(event, commands)
        self._ended.learned(event, commands)
        self._strangers.judge(commands)
        self._told.learn(event)
        for command in commands:
            self._entries.judge(command, event, now, is_alive=self.session is not None)
            if isinstance(command, PlaceEntry):
                self._strangers.judge_money(command, self._told.fills)
        unsure = self._told.contradicted_in(event) if isinstance(event, SnapshotTaken) else set()
        self._judge_flattening(commands, unsure, now)

    def rescued(self, event: Event, commands: list[Command], now: datetime) -> None:
        """Whoever flattens for a dead session was told this and said that: it knows its looks."""
        unsure = set()
        if isinstance(event, SnapshotTaken):
            unsure = {d.contract_id for d in event.snapshot.disagreements()}
        self._strangers.judge(commands)
        self._judge_flattening(commands, unsure, now)

    def _judge_flattening(
        self, commands: Iterable[Command], unsure: set[str], now: datetime
    ) -> None:
        for command in commands:
            if isinstance(command, CancelOrder) and command.contract_id in unsure:
                self._judge_cancel(command, now)
            if isinstance(command, FlatProven) and not self._scenario.has_strangers:
                self._judge_proof(now)

    def _judge_cancel(self, cancel: CancelOrder, now: datetime) -> None:
        held = held_of(self._exchange, cancel.contract_id)
        order = next(o for o in self._exchange.orders(ACCOUNT_ID) if o.id == cancel.order_id)
        if held and order.is_working and order.type in STOPS and order.side.sign * held < 0:
            raise Violation(Invariant.KEPT_STOP, f"stop {order.id} of {held:+d} at {now}")

    def _judge_proof(self, now: datetime) -> None:
        held = held_of(self._exchange, self._contract_id)
        if held:
            raise Violation(Invariant.PROOF, f"{held:+d} at {now}")

    # -- at every step ------------------------------------------------------------------------

    def at_step(self, now: datetime) -> None:
        elapsed = now - self._last_at if self._last_at is not None else timedelta()
        self._last_at = now
        if self._is_moved:
            self._is_moved = False
            self._judge_account(now)
        self._judge_away(now, elapsed)
        is_hindered = self._is_hindered(now)
        self._time.at_step(elapsed, is_held=self._is_held, is_hindered=is_hindered)
        if self._naked_since is None:
            return
        if is_hindered:
            self._naked_blind += elapsed
        self._judge_naked(now)

    def _judge_away(self, now: datetime, elapsed: timedelta) -> None:
        """Nothing is held for long while a hub is known to be away."""
        is_alone = self._is_held and self.session is not None and self._entries.is_hub_away
        self._away_since = (self._away_since or now) if is_alone else None
        if self._away_since is None:
            return
        if self._is_hindered(now):
            self._away_since += elapsed
        allowed = timedelta(seconds=self._scenario.config.limits.blind_limit_s) + self._flatten
        if now - self._away_since > allowed:
            raise Violation(Invariant.NOT_BLIND, f"for {now - self._away_since}, at {now}")

    @property
    def _flatten(self) -> timedelta:
        """How long one may take; longer for each order that the venue rejects or leaves open."""
        scenario = self._scenario
        odd = [f for f in scenario.faults if isinstance(f, AsyncReject | OrderPending)]
        rounds = sum(f.count or 0 for f in odd) + scenario.lies.not_done_max
        if scenario.is_rest_sound:
            return _QUICK_FLATTEN + _ANOTHER_ROUND * rounds
        return _FLATTEN + _ANOTHER_ROUND_UNHEARD * rounds

    def _judge_account(self, now: datetime) -> None:
        held = held_of(self._exchange, self._contract_id)
        self._is_held = bool(held)
        self._prices.note_held(held)
        most = self._scenario.config.size
        if any(isinstance(fault, SiblingSurvives) for fault in self._scenario.faults):
            most *= 2  # a leg of this round and one of the last, both before the sweep was due
        if abs(held) > most and not self._scenario.has_strangers:
            raise Violation(Invariant.HELD_MAX, f"{held}, the size is {most}, at {now}")
        is_naked = bool(held) and not self._is_guarded(held)
        if is_naked and self._naked_since is None:
            self._naked_since, self._naked_blind = now, timedelta()
        if not is_naked:
            self._naked_since = None

    def _is_guarded(self, held: int) -> bool:
        """Stops on the closing side for all that is held."""
        stops = stops_of(self._exchange, self._contract_id, held)
        return sum(o.size - o.filled_size for o in stops) >= abs(held)

    def _is_hindered(self, now: datetime) -> bool:
        """Time that nobody could have used: REST is away, or we are deaf, stand still, or nobody
        lives.
        """
        outages = self._scenario.outages
        is_deaf = any(o.hub is not Hub.MARKET and o.start <= now < o.end for o in outages)
        return is_deaf or self.session is None or self._is_still()

    def _judge_naked(self, now: datetime) -> None:
        assert self._naked_since is not None
        limits = self._scenario.config.limits
        lasted = now - self._naked_since - self._naked_blind
        self.worst_naked_s = max(self.worst_naked_s, lasted.total_seconds())
        noticed_s = limits.protection_deadline_s
        if self._scenario.config.places_stops:
            noticed_s *= 2  # a stop of our own has as long again
        pauses = len(self._scenario.standstills) + bool(self._scenario.clock.ahead_s)
        noticed_s += limits.settle_deadline_s * pauses  # nothing is judged right after waking
        if not self._scenario.is_rest_sound:
            noticed_s = max(noticed_s, limits.entry_deadline_s + limits.flatten_round_s)
        if lasted > timedelta(seconds=noticed_s) + self._flatten:
            raise Violation(
                Invariant.PROTECTED, f"for {lasted.total_seconds():.1f} s not, at {now}"
            )

    # -- at the end ---------------------------------------------------------------------------

    def at_end(self, sessions: list[SimulatedSession]) -> None:
        end = DayEnd(self._scenario, self._exchange, told=self._told, tags=self._entries.tags)
        end.judge(sessions, self._strangers)
