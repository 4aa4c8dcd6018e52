"""The simulated shell: two lanes to the venue, hubs from it, and all that can go wrong between.

As in `session.dispatcher`, instructions go out one at a time and each waits for the answer to the
one before; questions have a lane of their own. Everything is an action in virtual time.
"""

import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    Command,
    MoveStop,
    PlaceEntry,
    PlaceStop,
    ResolveTag,
    TakeSnapshot,
)
from pxcore.engine.events import (
    CancelAnswered,
    CloseAnswered,
    Event,
    Hub,
    MoveAnswered,
    PlaceNotSent,
    PlaceUnknown,
    RecordSkipped,
    SendOutcome,
    SnapshotFailed,
    SnapshotTaken,
    TagResolved,
)
from pxcore.model import MarketTrade, Quote, Snapshot, net_of
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.simulation.direct import DirectVenue, as_event
from pxcore.simulation.false_looks import Liar
from pxcore.simulation.scenario import Scenario
from pxcore.simulation.standstill import Stillness

_THERE = timedelta(milliseconds=2)
_BACK = timedelta(milliseconds=2)
REPLY_TIMEOUT = timedelta(seconds=8)
_INSTRUCTIONS = (PlaceEntry, PlaceStop, CancelOrder, ClosePosition, MoveStop)
_QUESTIONS = (TakeSnapshot, ResolveTag)
_REQUESTS_OF_A_SNAPSHOT = 4
_Job = tuple[Command, datetime]  # and when it was decided
Later = Callable[[datetime, Callable[[], None]], None]


class SimulatedSender:
    """One session's shell. After `die` nothing of it does anything, but what is on the wire."""

    def __init__(
        self,
        scenario: Scenario,
        exchange: Exchange,
        dice: random.Random,
        *,
        now: Callable[[], datetime],
        later: Later,
        deliver: Callable[[Event], None],
        said_of: Callable[[Quote | MarketTrade], Quote | MarketTrade],
        liar: Liar,
        still: Stillness,
        closes: set[int],
    ) -> None:
        self.may_enter = True
        self._wire = scenario.wire
        self._outages = scenario.outages
        self._contract_id = scenario.config.contract.id
        self._grace_s = scenario.config.limits.unknown_grace_s
        self._stale = timedelta(seconds=scenario.config.limits.stale_data_s)
        self._venue = DirectVenue(exchange, scenario.config.account_id, closes=closes)
        self._dice = dice
        self._now = now
        self._later = later
        self._deliver = deliver
        self._said_of = said_of
        self._liar = liar
        self._still = still
        self._is_dead = False
        self._lanes: dict[bool, deque[_Job]] = {True: deque(), False: deque()}
        self._is_busy = {True: False, False: False}

    def die(self) -> None:
        self._is_dead = True

    def is_away(self, hub: Hub | None, now: datetime) -> bool:
        """A hub, or REST for None."""
        return any(o.hub is hub and o.start <= now < o.end for o in self._outages)

    # -- what the venue says ------------------------------------------------------------------

    def hear(self, happened: VenueEvent, now: datetime) -> None:
        """Something that happened at the venue comes in over a hub, or does not."""
        if isinstance(happened, Quote | MarketTrade):
            is_ours = happened.contract_id == self._contract_id  # what we have subscribed to
            if is_ours and not self.is_away(Hub.MARKET, now):
                self._say(now + _BACK, self._said_of(happened))
            return
        if self.is_away(Hub.USER, now) or self._throw(self._wire.lost):
            return
        for _ in range(1 + self._throw(self._wire.twice)):
            at = now + _BACK
            if self._throw(self._wire.late):
                at += timedelta(milliseconds=self._dice.uniform(0, self._wire.late_ms))
            if self._liar.is_unreadable():
                self._say(at, RecordSkipped(at=at, hub=Hub.USER, why="simulated"))
            else:
                self._say(at, as_event(happened, at))
        later = self._liar.again_after()
        if later is not None:
            self._say(now + later, as_event(happened, now + later))

    def _say(self, at: datetime, event: Event) -> None:
        self._later(at, partial(self._hand_over, event))

    def _hand_over(self, event: Event) -> None:
        self._still.learned(event, self._tell)

    def _tell(self, event: Event) -> None:
        if not self._is_dead:
            self._deliver(event)

    # -- what we ask and instruct -------------------------------------------------------------

    def carry_out(self, command: Command, now: datetime) -> None:
        is_question = isinstance(command, _QUESTIONS)
        if not is_question and not isinstance(command, _INSTRUCTIONS):
            return
        self._lanes[is_question].append((command, now))
        self._next(is_question, now)

    def _next(self, is_question: bool, now: datetime) -> None:
        lane = self._lanes[is_question]
        if self._is_dead or self._is_busy[is_question] or not lane:
            return
        self._is_busy[is_question] = True
        command, decided_at = lane.popleft()
        is_opening = isinstance(command, PlaceEntry | PlaceStop)
        if is_opening and (not self.may_enter or now - decided_at > self._stale):
            self._answer(is_question, _not_sent(command, now), now)
        elif self.is_away(None, now) or self._throw(self._wire.refused):
            self._answer(is_question, _not_sent(command, now + _BACK), now + _BACK)
        elif self._throw(self._wire.lost_before):
            at = now + REPLY_TIMEOUT
            self._answer(is_question, _lost(command, at), at)
        elif not is_question and self._throw(self._wire.stray):
            at = now + REPLY_TIMEOUT
            self._answer(is_question, _lost(command, at), at)
            strays = timedelta(seconds=self._dice.uniform(0, self._grace_s - 1.0))
            self._later(at + strays, partial(self._stray_in, command))
        else:
            self._later(now + _THERE, partial(self._reach, command, is_question))

    def _reach(self, command: Command, is_question: bool) -> None:
        """The request is at the venue: it takes effect even when we are dead by now."""
        if isinstance(command, TakeSnapshot):
            self._look(command)
            return
        answer = self._venue_takes(command)
        self._send_back(command, answer, is_question)

    def _stray_in(self, command: Command) -> None:
        self._venue_takes(command)

    def _venue_takes(self, command: Command) -> Event | None:
        now = self._now()
        return self._liar.denies(command, now) or self._venue.answer(command, now, now)

    def _look(self, command: TakeSnapshot) -> None:
        """A snapshot is four requests, one after the other: the world moves on in between."""
        seen: list[Snapshot] = []

        def look() -> None:
            seen.append(self._venue.snapshot(self._now()))
            if len(seen) < _REQUESTS_OF_A_SNAPSHOT:
                self._later(self._now() + self._pause(), partial(self._still.awake, look))
                return
            account, orders, positions, fills = seen
            whole = Snapshot(
                taken_at=self._now(),
                account=account.account,
                orders=orders.orders,
                positions=positions.positions,
                fills=fills.fills,
            )
            told = self._liar.look(whole, self._now())
            taken = SnapshotTaken(at=self._now(), request=command.request, snapshot=told)
            self._send_back(command, taken, is_question=True)

        look()

    def _pause(self) -> timedelta:
        return timedelta(milliseconds=self._dice.choice((1, 4, 40)))

    def _send_back(self, command: Command, answer: Event | None, is_question: bool) -> None:
        at = self._now() + _BACK
        if self._throw(self._wire.lost_after):
            at = self._now() + REPLY_TIMEOUT
            answer = _in_part(answer, at) if _asks_for_parts(command) else _lost(command, at)
        elif self._throw(self._wire.slow):
            at += timedelta(seconds=self._dice.uniform(0, self._wire.slow_s))
        self._answer(is_question, answer, at)

    def _answer(self, is_question: bool, answer: Event | None, at: datetime) -> None:
        take = partial(self._take_answer, is_question, answer)
        self._later(at, partial(self._still.awake, take))

    def _take_answer(self, is_question: bool, answer: Event | None) -> None:
        if self._is_dead:
            return
        self._is_busy[is_question] = False
        if answer is not None:
            self._deliver(replace(answer, at=self._now()))
        self._next(is_question, self._now())

    def _throw(self, chance: float) -> bool:
        return chance > 0 and self._dice.random() < chance


def _asks_for_parts(command: Command) -> bool:
    """Of a flatten's look some requests are answered, now and then."""
    return isinstance(command, TakeSnapshot) and command.is_urgent and command.request % 3 > 0


def _in_part(answer: Event | None, at: datetime) -> Event:
    assert isinstance(answer, SnapshotTaken)
    look, request = answer.snapshot, answer.request
    is_by_fills = request % 4 == 1
    return SnapshotFailed(
        at=at,
        request=request,
        why="simulated",
        orders=look.orders if request % 3 == 1 else None,
        positions=None if is_by_fills else look.positions,
        fills_net={c: n for c, n in net_of(look.fills).items() if n} if is_by_fills else None,
    )


def _not_sent(command: Command, at: datetime) -> Event | None:
    """It provably did not reach the venue."""
    match command:
        case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
            return PlaceNotSent(at=at, tag=tag, why="simulated")
        case CancelOrder(order_id=order_id):
            return CancelAnswered(at=at, order_id=order_id, answer=SendOutcome.NOT_SENT)
        case ClosePosition(contract_id=contract_id):
            return CloseAnswered(at=at, contract_id=contract_id, answer=SendOutcome.NOT_SENT)
        case MoveStop(order_id=order_id):
            return MoveAnswered(at=at, order_id=order_id, answer=SendOutcome.NOT_SENT)
        case TakeSnapshot(request=request):
            return SnapshotFailed(at=at, request=request, why="simulated")
        case ResolveTag(tag=tag):
            return TagResolved(at=at, tag=tag, order=None)
        case _:
            return None


def _lost(command: Command, at: datetime) -> Event | None:
    """Sent, and no answer came in time."""
    match command:
        case PlaceEntry(tag=tag) | PlaceStop(tag=tag):
            return PlaceUnknown(at=at, tag=tag, why="simulated")
        case CancelOrder(order_id=order_id):
            return CancelAnswered(at=at, order_id=order_id, answer=SendOutcome.UNKNOWN)
        case ClosePosition(contract_id=contract_id):
            return CloseAnswered(at=at, contract_id=contract_id, answer=SendOutcome.UNKNOWN)
        case MoveStop(order_id=order_id):
            return MoveAnswered(at=at, order_id=order_id, answer=SendOutcome.UNKNOWN)
        case _:
            return _not_sent(command, at)
