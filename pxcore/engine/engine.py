"""The engine: events in, commands out. It owns the state and says in which order it is looked at.

It never touches a socket, a file, a thread or a clock; the same events give the same commands,
for ever. The life of a position is the table of `Phase`; what each phase means is derived from
the book after every event, so that no order of arrival can leave it in a wrong one.
"""

from datetime import datetime
from itertools import count
from typing import assert_never

from pxcore.engine.answers import Answers
from pxcore.engine.commands import Command, Level, TakeSnapshot
from pxcore.engine.config import EngineConfig
from pxcore.engine.ending import Ending
from pxcore.engine.events import (
    AccountSeen,
    Asked,
    CancelAnswered,
    ClockStepped,
    ClockTick,
    CloseAnswered,
    Event,
    FillSeen,
    HubDown,
    HubUp,
    KillSwitchSeen,
    LimitsTightened,
    MoveAnswered,
    OperatorSeen,
    OrderSeen,
    PlaceAccepted,
    PlaceNotSent,
    PlaceRefused,
    PlaceUnknown,
    PositionSeen,
    RecordSkipped,
    ShellFault,
    SnapshotFailed,
    SnapshotTaken,
    TagResolved,
)
from pxcore.engine.exits import Exits
from pxcore.engine.flatten import Flattener
from pxcore.engine.foreign import Watch, narrowed
from pxcore.engine.guard import PositionGuard
from pxcore.engine.inputs import Inputs
from pxcore.engine.money_watch import MoneyWatch
from pxcore.engine.outbox import Outbox
from pxcore.engine.phase import Phase
from pxcore.engine.phase_text import describe
from pxcore.engine.resync import Resync
from pxcore.engine.signals import SignalDesk
from pxcore.engine.state import State
from pxcore.engine.strategy import Exit, Strategy
from pxcore.engine.taken_away import taken_away
from pxcore.engine.wishes import Wishes
from pxcore.model import DepthLevel, MarketTrade, Quote

_MARKET_DATA = (Quote, MarketTrade, DepthLevel)
_PRICE_OR_CLOCK = (Quote, ClockTick)


class Engine:
    """One session's decisions on one contract of one account."""

    def __init__(self, config: EngineConfig, strategy: Strategy) -> None:
        self.config = config
        self.state = State(config)
        self._scope = config.scope
        self._out = out = Outbox()
        number_request = count(1).__next__
        self.resync = Resync(number_request, self.state.limits_in_force)
        self._ending = ending = Ending(
            self.state, self.resync, out, enter=self._enter, number_request=number_request
        )
        self._signals = SignalDesk(
            strategy, self.state, self.resync, out, ending=ending, enter=self._enter
        )
        self._inputs = Inputs(self.state, self.resync, out.notice)
        self._answers = Answers(self.state, self.resync, notify=out.notice, halt=ending.halt)
        self._foreign = Watch(self.state, out.notice)
        self._money = MoneyWatch(self.state, out, ending)
        self._guard = PositionGuard(
            self.state, self.resync, out, ending=ending, foreign=self._foreign
        )
        self._wishes = Wishes(self.state, out, ending)
        self._exits = Exits(config.exits)
        for what in config.limits_held:  # settings looser than the limits in force: not used
            out.notice_early(Level.WARNING, "limits.held", what)

    # -- how it stands ------------------------------------------------------------------------

    @property
    def flattener(self) -> Flattener | None:
        return self._ending.flattener

    @property
    def ending(self) -> str | None:
        """Why the session ends, None while it goes on."""
        return self._ending.reason

    @property
    def is_over(self) -> bool:
        return self._ending.is_over

    @property
    def is_left(self) -> bool:
        """Over, with nothing sent: a position is left to its bracket."""
        return self._ending.is_left

    @property
    def denials(self) -> dict[str, int]:
        """Entries refused, by gate."""
        return self._signals.denials

    @property
    def waits(self) -> str | None:
        """Why the strategy stays out, by its own last word."""
        return self._signals.waits

    # -- one event ----------------------------------------------------------------------------

    def step(self, event: Event) -> list[Command]:
        """What to do about this event. Events must come in the order of their `at`."""
        out, ending = self._out, self._ending
        out.commands, out.early = out.early, []
        if ending.is_over:
            return out.commands
        if self._scope.contracts is not None:
            kept = narrowed(event, self._scope)
            if kept is None:
                return out.commands
            event = kept
        self._note_time(event.at)
        if self.state.clock.why is not None:
            self._compare_time(event)
        self._take(event)
        if ending.leaving is not None or ending.flattener is not None:
            ending.step(event)
        if type(event) not in _MARKET_DATA:
            self._foreign.look(event)
            self._heed_others(event)
            self._judge(event.at)
            self._money.look(event.at)
        elif self.state.book.holding.exposure:
            self._money.look(event.at)
        if self._exits.is_on and self._may_move_exits(event) and ending.flattener is None:
            self._consider_exits(event.at)
        if ending.reason is None and ending.leaving is None:
            self._signals.ask(event)
        return out.commands

    def _take(self, event: Event) -> None:
        """What it changes in what we know. The three that come most often stand first."""
        inputs, answers = self._inputs, self._answers
        match event:
            case Quote():
                inputs.on_quote(event)
            case DepthLevel() | ClockTick():
                pass  # nothing but the time
            case MarketTrade():
                inputs.on_print(event)
            case OrderSeen():
                answers.on_order(event)
            case PositionSeen():
                inputs.on_position(event)
            case FillSeen():
                inputs.on_fill(event)
            case AccountSeen():
                inputs.on_account(event)
            case SnapshotTaken():
                inputs.on_snapshot(event)
            case SnapshotFailed():
                inputs.on_snapshot_failed(event)
            case HubUp():
                inputs.on_hub_up(event)
            case HubDown():
                inputs.on_hub_down(event)
            case RecordSkipped():
                inputs.on_record_skipped(event)
            case PlaceAccepted():
                answers.on_accepted(event)
            case PlaceRefused():
                answers.on_refused(event)
            case PlaceNotSent():
                answers.on_not_sent(event)
            case PlaceUnknown():
                answers.on_unknown(event)
            case TagResolved():
                answers.on_resolved(event)
            case MoveAnswered():
                self._on_moved(event)
            case CancelAnswered() | CloseAnswered():
                pass  # the flatten's, which takes every event
            case Asked():
                self._wishes.on_asked(event)
            case KillSwitchSeen():
                self._wishes.on_kill_switch(event)
            case OperatorSeen():
                inputs.on_operator(event)
            case LimitsTightened():
                inputs.on_tightened(event)
                answers.judge_refusals(event.at)
                self._signals.judge_errors(event.at)
            case ShellFault():
                self._wishes.on_fault(event)
            case ClockStepped():
                self._on_clock_stepped(event)
            case _:
                assert_never(event)

    def _may_move_exits(self, event: Event) -> bool:
        """A price that they look at, or a print that made one believed."""
        return type(event) in _PRICE_OR_CLOCK or event is self.state.market.confirmed_by

    # -- time ---------------------------------------------------------------------------------

    def _on_clock_stepped(self, event: ClockStepped) -> None:
        told = self.state.clock.stepped(event.by_s, event.at)
        self._out.notice(Level.ALARM, "clock.stepped", told)

    def _note_time(self, now: datetime) -> None:
        """What we know is as old as the last time that anybody told us anything."""
        stood_s = self.state.clock.stood_still(now)
        if stood_s is not None:
            text = f"nothing was told for {stood_s:.0f} s: everything stood still"
            self._out.notice(Level.WARNING, "clock.stood_still", text)
            self.resync.doubt(text)

    def _compare_time(self, event: Event) -> None:
        if isinstance(event, Quote | MarketTrade) and self.state.clock.hear(event):
            self._out.notice(Level.INFO, "clock.agrees", "the venue's time agrees with ours")

    def _on_moved(self, event: MoveAnswered) -> None:
        if self._exits.answered(event):
            self.resync.doubt("whether a stop has moved is not known")

    def _heed_others(self, event: Event) -> None:
        """Somebody else has ended it: nothing more is opened today, and what is left is closed."""
        if self._ending.reason is None and self._ending.flattener is None:
            why = taken_away(self.state, event)
            if why is not None:
                self._ending.halt(event.at, why)

    # -- judgement ----------------------------------------------------------------------------

    def _judge(self, now: datetime) -> None:
        """Derive the phase from the book, act on its deadlines, and keep what we know fresh."""
        ending = self._ending
        if ending.reason is None and self.config.halt_reason is not None:
            ending.end(now, self.config.halt_reason)  # latched by an earlier session of the day
        if ending.reason is None and now >= self.config.window_end:
            ending.end(now, "window end")
        if ending.flattener is None:
            self._guard.adopt(now)
            self._enter(self.state.derive_phase(), now)
            self._guard.sweep()
            self._guard.act_on_deadlines(now)
        for sent in self.state.sent_orders():
            self._out.commands += sent.questions(now)
        request = self.resync.due(now) if ending.flattener is None else None
        if request is not None:
            number, why = request
            self._out.add(TakeSnapshot(request=number, why=why))

    def _enter(self, phase: Phase, now: datetime) -> None:
        before, self.state.phase = self.state.phase, phase
        if phase is before:
            return
        self.state.phase_since = now
        self._out.notice(Level.INFO, f"phase.{phase}", describe(self.state, before))
        if phase is Phase.PROTECTED:
            self._answers.entry_went_well()
        if phase is Phase.FLAT:
            self.state.entry = self.state.own_stop = None

    def _consider_exits(self, now: datetime) -> None:
        wanted = self._exits.consider(self.state, now)
        if isinstance(wanted, Exit):
            self._signals.exit(now, wanted.reason)
        elif wanted is not None:
            assert self.state.entry is not None
            self.state.entry.asked_stops.add(wanted.stop_ticks)
            price = self.config.contract.price(wanted.stop_ticks)
            self._out.notice(Level.INFO, "stop.moves", f"the stop moves to {price}")
            self._out.add(wanted)
