"""The engine: events in, commands out. It owns the state and holds the branching.

It never touches a socket, a file, a thread or a clock; the same events give the same commands,
for ever. The life of a position is the table of `Phase`; what each phase means is derived from
the book after every event, so that no order of arrival can leave it in a wrong one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, assert_never

from pxcore.engine.answers import Answers
from pxcore.engine.commands import (
    Command,
    Denied,
    EndSession,
    FallSeen,
    Halt,
    Level,
    Notice,
    PeakSeen,
    TakeSnapshot,
)
from pxcore.engine.config import EngineConfig
from pxcore.engine.deadlines import Deadlines, Remedy
from pxcore.engine.entry import Entry
from pxcore.engine.events import (
    Ask,
    Asked,
    ClockStepped,
    ClockTick,
    Event,
    KillSwitchSeen,
    MoveAnswered,
    ShellFault,
)
from pxcore.engine.execution import BracketedMarket, ExecutionPolicy, make_risk_manager
from pxcore.engine.exits import Exits
from pxcore.engine.flatten import Flattener
from pxcore.engine.foreign import Watch, concerns_us, narrowed
from pxcore.engine.gates import Approved, review
from pxcore.engine.inputs import Hearing
from pxcore.engine.leaving import Leaving
from pxcore.engine.limits import breach
from pxcore.engine.own_stop import OwnStop
from pxcore.engine.phase import Phase
from pxcore.engine.phase_text import describe
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.engine.stop_placing import Sweeper, wanted_stop
from pxcore.engine.strategy import Exit, Strategy, Wait
from pxcore.engine.strategy_guard import Failed, StrategyWish, ask
from pxcore.engine.taken_away import taken_away, taken_meanwhile
from pxcore.model import DepthLevel, MarketTrade, Quote

_MARKET_DATA = (Quote, MarketTrade, DepthLevel)
_PRICE_OR_CLOCK = (Quote, ClockTick)
_WAIT_TOLD_EVERY = timedelta(minutes=1)


class Engine:
    """One session's decisions on one contract of one account."""

    def __init__(self, config: EngineConfig, strategy: Strategy) -> None:
        self.config = config
        self.strategy = strategy
        self.state = State(config)
        self._scope = config.scope
        self._risk = make_risk_manager(config, self.state.limits_in_force)
        self._execution: ExecutionPolicy = BracketedMarket()
        self.resync = Resync(self._number_request, self.state.limits_in_force)
        self.flattener: Flattener | None = None
        self._leaving: Leaving | None = None
        self.ending: str | None = None
        self.is_over = False
        self.is_left = False
        self.denials: dict[str, int] = {}
        self._is_kill_engaged = False
        self._deadlines = Deadlines()
        self._exits = Exits(config.exits)
        self._sweeper = Sweeper()
        self._told = self.state.extremes
        self._sent_count = 0
        self._requests = 0
        self._strategy_errors = 0
        self._waits: tuple[str, datetime] | None = None  # what was told, and when
        self._out: list[Command] = []
        self._untold: list[Command] = [  # settings looser than the limits in force: not used
            Notice(level=Level.WARNING, code="limits.held", text=what)
            for what in config.limits_held
        ]
        hearing = Hearing(self.state, self.resync, self._notice)
        self._answers = Answers(self.state, self.resync, notify=self._notice, halt=self._halt)
        self._foreign = Watch(self.state, self._notice)
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            **hearing.handlers,
            **self._answers.handlers,
            Asked: self._on_asked,
            MoveAnswered: self._on_moved,
            KillSwitchSeen: self._on_kill_switch,
            ShellFault: self._on_fault,
            ClockStepped: self._on_clock_stepped,
        }

    @property
    def waits(self) -> str | None:
        """Why the strategy stays out, by its own last word."""
        return None if self._waits is None else self._waits[0]

    # -- one event ----------------------------------------------------------------------------

    def step(self, event: Event) -> list[Command]:
        """What to do about this event. Events must come in the order of their `at`."""
        self._out, self._untold = self._untold, []
        if self.is_over:
            return self._out
        if self._scope.contracts is not None:
            kept = narrowed(event, self._scope)
            if kept is None:
                return self._out
            event = kept
        self._note_time(event.at)
        if self.state.clock.why is not None:
            self._compare_time(event)
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        if self._leaving is not None:
            self._step_leaving(event)
        if self.flattener is not None and concerns_us(event, self._scope):
            self._out += self.flattener.step(event)
        if self.flattener is not None:
            self._leave_flattening_if_proven(event.at)
        if type(event) not in _MARKET_DATA:
            self._foreign.look(event)
            self._heed_others(event)
            self._judge(event.at)
            self._watch_money(event.at)
        elif self.state.book.holding.exposure:
            self._watch_money(event.at)
        if self._exits.is_on and self._may_move_exits(event) and self.flattener is None:
            self._consider_exits(event.at)
        if self.ending is None and self._leaving is None:
            self._ask_strategy(event)
        return self._out

    def _may_move_exits(self, event: Event) -> bool:
        """A price that they look at, or a print that made one believed."""
        return type(event) in _PRICE_OR_CLOCK or event is self.state.market.confirmed_by

    # -- time ---------------------------------------------------------------------------------

    def _on_clock_stepped(self, event: ClockStepped) -> None:
        told = self.state.clock.stepped(event.by_s, event.at)
        self._notice(Level.ALARM, "clock.stepped", told)

    def _note_time(self, now: datetime) -> None:
        """What we know is as old as the last time that anybody told us anything."""
        stood_s = self.state.clock.stood_still(now)
        if stood_s is not None:
            text = f"nothing was told for {stood_s:.0f} s: everything stood still"
            self._notice(Level.WARNING, "clock.stood_still", text)
            self.resync.doubt(text)

    def _compare_time(self, event: Event) -> None:
        if isinstance(event, Quote | MarketTrade) and self.state.clock.hear(event):
            self._notice(Level.INFO, "clock.agrees", "the venue's time agrees with ours")

    # -- people and faults --------------------------------------------------------------------

    def _on_moved(self, event: MoveAnswered) -> None:
        if self._exits.answered(event):
            self.resync.doubt("whether a stop has moved is not known")

    def _on_asked(self, event: Asked) -> None:
        self._notice(Level.INFO, f"asked.{event.ask}", f"asked to {event.ask}: {event.why}")
        match event.ask:
            case Ask.STOP:
                self._end(event.at, event.why)
            case Ask.FLATTEN:
                self.state.is_paused = True
                self._flatten(event.at, event.why)
            case Ask.PAUSE:
                self.state.is_paused = True
            case Ask.RESUME:
                self.state.is_paused = False
            case Ask.LEAVE:
                self._ask_to_leave(event.at, event.why)

    def _on_kill_switch(self, event: KillSwitchSeen) -> None:
        """Released, it keeps entries out of this session until a person lets them in."""
        state = self.state
        if event.reason is None:
            by = f": {event.why}" if event.why else ""
            if event.resumes and state.kill_reason is not None:
                self._notice(Level.WARNING, "kill_switch.resumed", f"told to enter again{by}")
                state.kill_reason = None
            elif self._is_kill_engaged:
                state.kill_reason = f"{state.kill_reason}; released, and not told to enter again"
                told = f"kill switch released{by}; no entries until a person lets this session in"
                self._notice(Level.WARNING, "kill_switch.released", told)
            self._is_kill_engaged = False
            return
        if not self._is_kill_engaged:
            self._notice(Level.ALARM, "kill_switch", f"kill switch engaged: {event.reason}")
        self._is_kill_engaged, state.kill_reason = True, event.reason
        if event.flattens and self.ending is None:
            self._end(event.at, f"kill switch: {event.reason}")

    def _on_fault(self, event: ShellFault) -> None:
        self._notice(Level.ALARM, "fault", event.what)
        if self.state.halt_reason is None:
            self.state.halt_reason = event.what
            self._out.append(Halt(reason=event.what))

    def _heed_others(self, event: Event) -> None:
        """Somebody else has ended it: nothing more is opened today, and what is left is closed."""
        if self.ending is None and self.flattener is None:
            why = taken_away(self.state, event)
            if why is not None:
                self._halt(event.at, why)

    # -- judgement ----------------------------------------------------------------------------

    def _judge(self, now: datetime) -> None:
        """Derive the phase from the book, act on its deadlines, and keep what we know fresh."""
        if self.ending is None and self.config.halt_reason is not None:
            self._end(now, self.config.halt_reason)  # latched by an earlier session of the day
        if self.ending is None and now >= self.config.window_end:
            self._end(now, "window end")
        if self.flattener is None:
            self._adopt(now)
            self._enter(self.state.derive_phase(), now)
            self._sweep()
            self._act_on_deadlines(now)
        for sent in self.state.sent_orders():
            self._out += sent.questions(now)
        request = self.resync.due(now) if self.flattener is None else None
        if request is not None:
            number, why = request
            self._out.append(TakeSnapshot(request=number, why=why))

    def _enter(self, phase: Phase, now: datetime) -> None:
        before, self.state.phase = self.state.phase, phase
        if phase is before:
            return
        self.state.phase_since = now
        self._notice(Level.INFO, f"phase.{phase}", describe(self.state, before))
        if phase is Phase.PROTECTED:
            self._answers.entry_went_well()
        if phase is Phase.FLAT:
            self.state.entry = self.state.own_stop = None

    def _adopt(self, now: datetime) -> None:
        state = self.state
        if not self.resync.is_known:
            return
        if self._foreign.may_adopt():
            exposure = state.book.holding.exposure
            self._sent_count += 1
            state.entry = Entry.adopting(
                exposure,
                self.config,
                number=self._sent_count,
                at=now,
                limits=state.limits_in_force,
                found_order_id=state.book.newest_order_id,
            )
            self._notice(Level.WARNING, "adopted", f"a position of {exposure:+d} is taken over")
        elif not state.book.holding.exposure:
            state.was_flat = True

    def _sweep(self) -> None:
        """What a stop of our own leaves behind, or of an adopted position, need be no bracket's:
        the venue cancels none of it.
        """
        state = self.state
        is_adopted = state.entry is not None and state.entry.is_adopted
        is_gone = state.phase is Phase.SETTLING and not state.book.holding.exposure
        is_gone &= self.config.contract.id not in self.resync.contradicted
        if is_gone and (state.own_stop is not None or is_adopted):
            self._out += self._sweeper.sweep(state)

    def _act_on_deadlines(self, now: datetime) -> None:
        for overdue in self._deadlines.judge(self.state, now, are_hubs_up=self.resync.are_hubs_up):
            match overdue.remedy:
                case Remedy.HALT:
                    self._halt(now, overdue.why)
                case Remedy.PROTECT if self._place_own_stop(now):
                    self._notice(Level.ALARM, "own_stop", f"{overdue.why}; placing our own")
                case Remedy.FLATTEN | Remedy.PROTECT:
                    self._notice(Level.ALARM, "overdue", overdue.why)
                    self._flatten(now, overdue.why)
                case Remedy.DOUBT if self.resync.is_known:
                    self.resync.doubt(overdue.why)
                case Remedy.DOUBT:
                    pass  # in doubt already

    def _watch_money(self, now: datetime) -> None:
        """The limits on the day's money: on every price while held, and on every report.

        Not before the first look at the account: until then the day's fills are not known.
        """
        money = self.state.money() if self.state.book.balance_usd is not None else None
        if money is None:
            return
        limits = self.state.limits
        headroom_usd = money.headroom_usd(limits)
        self.state.extremes = self.state.extremes.after(money.day_usd, headroom_usd)
        if self.state.extremes is not self._told:
            self._tell_extremes()
        broken = breach(money, limits) if self.ending is None else None
        if broken is not None:
            self._halt(now, broken)

    def _tell_extremes(self) -> None:
        """For the report, and for later sessions of the day: a limit on them may be set by then."""
        before, self._told = self._told, self.state.extremes
        if self._told.peak_usd > before.peak_usd:
            self._out.append(PeakSeen(peak_usd=self._told.peak_usd))
        low = self._told.fall_usd, self._told.headroom_usd
        if low != (before.fall_usd, before.headroom_usd):
            self._out.append(FallSeen(fall_usd=low[0], headroom_usd=low[1]))

    # -- entering -----------------------------------------------------------------------------

    def _ask_strategy(self, event: Event) -> None:
        """About what is believed: what is not, it does not see."""
        doubted = self.state.market.doubted
        if doubted is not None and event is doubted:
            believed = self.state.market.believed_part(doubted)
            if believed is None:
                return
            event = believed
        view = self.state.market_view(event.at)
        wanted = ask(self.strategy, self._risk, event, view, self.config.bracket)
        match wanted:
            case None:
                return
            case Exit(reason=reason):
                self._exit(event.at, reason)
            case Wait(reason=reason):
                self._tell_waiting(event.at, reason)
            case StrategyWish():
                self._consider(event.at, wanted)
            case Failed(error=error):
                self._strategy_failed(event.at, error)
            case _:
                assert_never(wanted)

    def _tell_waiting(self, now: datetime, reason: str) -> None:
        before = self._waits
        if before is None or (reason != before[0] and now - before[1] >= _WAIT_TOLD_EVERY):
            self._waits = (reason, now)
            self._notice(Level.INFO, "strategy.waits", reason)

    def _strategy_failed(self, now: datetime, error: str) -> None:
        """Counted, and halted when it goes on failing."""
        self._strategy_errors += 1
        self._notice(Level.ALARM, "strategy.error", error)
        if self._strategy_errors >= self.state.limits.strategy_errors_max:
            self._halt(now, f"strategy {self.strategy.name} failed repeatedly")

    def _consider(self, now: datetime, wanted: StrategyWish) -> None:
        view = self.state.entry_view(
            now,
            size=wanted.size,
            bracket=wanted.bracket,
            unknown_because=self.resync.unknown_because,
        )
        judged = review(wanted.signal, view, self.state.limits)
        if isinstance(judged, Denied):
            self.denials[judged.gate] = self.denials.get(judged.gate, 0) + 1
            self._out.append(judged)
        else:
            self._place(now, judged)

    def _consider_exits(self, now: datetime) -> None:
        wanted = self._exits.consider(self.state, now)
        if isinstance(wanted, Exit):
            self._exit(now, wanted.reason)
        elif wanted is not None:
            assert self.state.entry is not None
            self.state.entry.asked_stops.add(wanted.stop_ticks)
            price = self.config.contract.price(wanted.stop_ticks)
            self._notice(Level.INFO, "stop.moves", f"the stop moves to {price}")
            self._out.append(wanted)

    def _exit(self, now: datetime, reason: str) -> None:
        """Of what is ours: a position that somebody else opened is not for a strategy to close."""
        is_ours = self.state.entry is not None and bool(self.state.book.holding.exposure)
        if is_ours and self.flattener is None:
            self._notice(Level.INFO, "exit", reason)
            self._flatten(now, f"exit: {reason}")

    def _place(self, now: datetime, approved: Approved) -> None:
        self._sent_count += 1
        tag = f"{self.config.session_id}-{self._sent_count:04d}"
        command = self._execution.entry(approved, self.config.contract, tag=tag)
        self.state.entry = Entry.sending(command, at=now, limits=self.state.limits_in_force)
        self.state.note_entry(now)
        self.resync.note_user_event(now)
        self._out.append(command)
        self._enter(Phase.ENTERING, now)

    def _place_own_stop(self, now: datetime) -> bool:
        """False where there can be none: what we know must be known, and one is tried once."""
        can = self.resync.is_known and self.config.sends_orders
        command = wanted_stop(self.state) if can else None
        if command is None:
            return False
        self.state.own_stop = OwnStop(command, at=now, limits=self.state.limits_in_force)
        self.resync.note_user_event(now)
        self._out.append(command)
        return True

    # -- leaving ------------------------------------------------------------------------------

    def _halt(self, now: datetime, reason: str) -> None:
        """Open nothing more today, flatten, and end."""
        self._latch(reason)
        self._end(now, reason)

    def _latch(self, reason: str) -> None:
        if self.state.halt_reason is None:
            self.state.halt_reason = reason
            self._out.append(Halt(reason=reason))
            self._notice(Level.ALARM, "halt", reason)

    def _end(self, now: datetime, reason: str) -> None:
        if self.ending is None:
            self.ending = reason
        if self.config.sends_orders:
            self._flatten(now, reason)
        else:
            self.is_over = True
            self._out.append(EndSession(reason=reason))

    def _ask_to_leave(self, now: datetime, why: str) -> None:
        """End and send nothing, if a fresh look allows it. One that flattens goes on with that, and
        where something of ours is under way or unguarded no look is needed to flatten.
        """
        is_quiet = self.state.phase in (Phase.FLAT, Phase.PROTECTED)
        if self.ending is not None or not is_quiet or self._may_order_arrive(now):
            self._end(now, why)
        elif self._leaving is None:
            self._leaving = Leaving(
                self.state, self.resync, why=why, now=now, number_request=self._number_request
            )

    def _step_leaving(self, event: Event) -> None:
        leaving = self._leaving
        assert leaving is not None
        if self.ending is not None or self.flattener is not None:
            self._leaving = None  # something else ends it
            return
        self._out += leaving.step(event)
        if leaving.may_leave is None:
            return
        self._leaving = None
        if leaving.may_leave:
            self._leave(event.at, leaving.why)
        else:
            self._end(event.at, leaving.why)

    def _leave(self, now: datetime, why: str) -> None:
        if self.state.book.holding.exposure:
            held = f"{self.state.book.holding.exposure:+d} {self.config.contract.name}"
            self._notice(Level.ALARM, "left", f"leaving {held} to its bracket at the venue: {why}")
        self.ending, self.is_left, self.is_over = why, True, True
        self._out.append(EndSession(reason=why))

    def _flatten(self, now: datetime, reason: str) -> None:
        if self.flattener is not None or not self.config.sends_orders:
            return
        limits = self.state.limits
        self.flattener = Flattener(
            reason=reason,
            number_request=self._number_request,
            round_s=limits.flatten_round_s,
            may_still_arrive=self._may_order_arrive,
            has_sent=self._sent_count > 0,
            stream_differs=self.state.book.not_flat,
            stream_holds=self.state.book.held_contracts,
            scale=limits.time_scale,
        )
        self._enter(Phase.FLATTENING, now)
        self._out += self.flattener.begin(
            now,
            orders=self.state.book.alive_orders(),
            held=self.state.book.held_contracts(),
            unsure=self.resync.contradicted.union(self.state.book.unsure_contracts()),
        )

    def _may_order_arrive(self, now: datetime) -> bool:
        return any(sent.may_still_arrive(now) for sent in self.state.sent_orders())

    def _leave_flattening_if_proven(self, now: datetime) -> None:
        assert self.flattener is not None
        proof = self.flattener.proof
        if proof is None:
            return
        made = self.flattener.closes_made[self.config.contract.id]
        why = taken_meanwhile(self.state, proof.fills, closes_made=made)
        self.flattener = None
        self.state.entry = self.state.own_stop = None
        self.state.was_flat = True
        self.state.book.replace_by_proof(proof)
        if why is not None:
            self._latch(why)
            self.ending = self.ending or why
        if self.ending is not None:
            self.is_over = True
            self._out.append(EndSession(reason=self.ending))
        else:  # flat is proven, the day's fills are not: they may lag behind
            self.resync.doubt("just flattened")

    # -- small things -------------------------------------------------------------------------

    def _number_request(self) -> int:
        self._requests += 1
        return self._requests

    def _notice(self, level: Level, code: str, text: str) -> None:
        self._out.append(Notice(level=level, code=code, text=text))
