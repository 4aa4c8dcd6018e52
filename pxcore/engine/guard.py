"""What is held stays guarded: taken over, given a stop of our own, flattened when it is overdue."""

from datetime import datetime

from pxcore.engine.commands import Level
from pxcore.engine.deadlines import Deadlines, Remedy
from pxcore.engine.ending import Ending
from pxcore.engine.entry import Entry
from pxcore.engine.foreign import Watch
from pxcore.engine.outbox import Outbox
from pxcore.engine.own_stop import OwnStop
from pxcore.engine.phase import Phase
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.engine.stop_placing import Sweeper, wanted_stop


class PositionGuard:
    """Owned by the engine. Asked, in the order of its methods, while nothing is being flattened."""

    def __init__(
        self, state: State, resync: Resync, out: Outbox, *, ending: Ending, foreign: Watch
    ) -> None:
        self._state = state
        self._config = state.config
        self._resync = resync
        self._out = out
        self._ending = ending
        self._foreign = foreign
        self._deadlines = Deadlines()
        self._sweeper = Sweeper()

    def adopt(self, now: datetime) -> None:
        state = self._state
        if not self._resync.is_known:
            return
        if self._foreign.may_adopt():
            exposure = state.book.holding.exposure
            state.entry = Entry.adopting(
                exposure,
                self._config,
                number=state.number_order(),
                at=now,
                limits=state.limits_in_force,
                found_order_id=state.book.newest_order_id,
            )
            told = f"a position of {exposure:+d} is taken over"
            self._out.notice(Level.WARNING, "adopted", told)
        elif not state.book.holding.exposure:
            state.was_flat = True

    def sweep(self) -> None:
        """What a stop of our own leaves behind, or of an adopted position, need be no bracket's:
        the venue cancels none of it.
        """
        state = self._state
        is_adopted = state.entry is not None and state.entry.is_adopted
        is_gone = state.phase is Phase.SETTLING and not state.book.holding.exposure
        is_gone &= self._config.contract.id not in self._resync.contradicted
        if is_gone and (state.own_stop is not None or is_adopted):
            self._out.commands += self._sweeper.sweep(state)

    def act_on_deadlines(self, now: datetime) -> None:
        for overdue in self._deadlines.judge(
            self._state, now, are_hubs_up=self._resync.are_hubs_up
        ):
            match overdue.remedy:
                case Remedy.HALT:
                    self._ending.halt(now, overdue.why)
                case Remedy.PROTECT if self._place_own_stop(now):
                    told = f"{overdue.why}; placing our own"
                    self._out.notice(Level.ALARM, "own_stop", told)
                case Remedy.FLATTEN | Remedy.PROTECT:
                    self._out.notice(Level.ALARM, "overdue", overdue.why)
                    self._ending.flatten(now, overdue.why)
                case Remedy.DOUBT if self._resync.is_known:
                    self._resync.doubt(overdue.why)
                case Remedy.DOUBT:
                    pass  # in doubt already

    def _place_own_stop(self, now: datetime) -> bool:
        """False where there can be none: what we know must be known, and one is tried once."""
        can = self._resync.is_known and self._config.sends_orders
        command = wanted_stop(self._state) if can else None
        if command is None:
            return False
        self._state.own_stop = OwnStop(command, at=now, limits=self._state.limits_in_force)
        self._resync.note_user_event(now)
        self._out.add(command)
        return True
