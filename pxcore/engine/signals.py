"""What becomes of a strategy's signals: an entry is sized, reviewed, and denied or sent."""

from datetime import datetime, timedelta
from typing import assert_never

from pxcore.engine.commands import Denied, Level
from pxcore.engine.ending import Ending, EnterPhase
from pxcore.engine.entry import Entry
from pxcore.engine.events import Event
from pxcore.engine.execution import BracketedMarket, ExecutionPolicy, make_risk_manager
from pxcore.engine.gates import Approved, review
from pxcore.engine.outbox import Outbox
from pxcore.engine.phase import Phase
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.engine.strategy import Exit, Strategy, Wait
from pxcore.engine.strategy_guard import Failed, StrategyWish, ask

_WAIT_TOLD_EVERY = timedelta(minutes=1)


class SignalDesk:
    """Owned by the engine. `denials` counts by gate; `waits` is why the strategy stays out."""

    def __init__(
        self,
        strategy: Strategy,
        state: State,
        resync: Resync,
        out: Outbox,
        *,
        ending: Ending,
        enter: EnterPhase,
    ) -> None:
        self.denials: dict[str, int] = {}
        self.waits: str | None = None
        self._waits_since: datetime | None = None
        self._strategy = strategy
        self._state = state
        self._config = state.config
        self._resync = resync
        self._out = out
        self._ending = ending
        self._enter = enter
        self._risk = make_risk_manager(state.config, state.limits_in_force)
        self._execution: ExecutionPolicy = BracketedMarket()
        self._errors = 0

    def ask(self, event: Event) -> None:
        """The strategy, about what is believed: what is not, it does not see."""
        doubted = self._state.market.doubted
        if doubted is not None and event is doubted:
            believed = self._state.market.believed_part(doubted)
            if believed is None:
                return
            event = believed
        view = self._state.market_view(event.at)
        wanted = ask(self._strategy, self._risk, event, view, self._config.bracket)
        match wanted:
            case None:
                return
            case Exit(reason=reason):
                self.exit(event.at, reason)
            case Wait(reason=reason):
                self._tell_waiting(event.at, reason)
            case StrategyWish():
                self._consider(event.at, wanted)
            case Failed(error=error):
                self._failed(event.at, error)
            case _:
                assert_never(wanted)

    def exit(self, now: datetime, reason: str) -> None:
        """Of what is ours: a position that somebody else opened is not for a strategy to close."""
        is_ours = self._state.entry is not None and bool(self._state.book.holding.exposure)
        if is_ours and self._ending.flattener is None:
            self._out.notice(Level.INFO, "exit", reason)
            self._ending.flatten(now, f"exit: {reason}")

    def _tell_waiting(self, now: datetime, reason: str) -> None:
        since = self._waits_since
        if since is None or (reason != self.waits and now - since >= _WAIT_TOLD_EVERY):
            self.waits, self._waits_since = reason, now
            self._out.notice(Level.INFO, "strategy.waits", reason)

    def _failed(self, now: datetime, error: str) -> None:
        """Counted, and halted when it goes on failing."""
        self._errors += 1
        self._out.notice(Level.ALARM, "strategy.error", error)
        self.judge_errors(now)

    def judge_errors(self, now: datetime) -> None:
        """Also when the limit has been tightened to less than there were."""
        if self._errors >= self._state.limits.strategy_errors_max:
            self._ending.halt(now, f"strategy {self._strategy.name} failed repeatedly")

    def _consider(self, now: datetime, wanted: StrategyWish) -> None:
        view = self._state.entry_view(
            now,
            size=wanted.size,
            bracket=wanted.bracket,
            unknown_because=self._resync.unknown_because,
        )
        judged = review(wanted.signal, view, self._state.limits)
        if isinstance(judged, Denied):
            self.denials[judged.gate] = self.denials.get(judged.gate, 0) + 1
            self._out.add(judged)
        else:
            self._place(now, judged)

    def _place(self, now: datetime, approved: Approved) -> None:
        state = self._state
        tag = f"{self._config.session_id}-{state.number_order():04d}"
        command = self._execution.entry(approved, self._config.contract, tag=tag)
        state.entry = Entry.sending(command, at=now, limits=state.limits_in_force)
        state.note_entry(now)
        self._resync.note_user_event(now)
        self._out.add(command)
        self._enter(Phase.ENTERING, now)
