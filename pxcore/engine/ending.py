"""Every way out of a position and of the session: halt, flatten, end, leave.

`flatten` alone closes and goes on; `end` flattens and is over once flat is proven; `halt` latches
the day besides; `ask_to_leave` sends nothing, if a fresh look allows it.
"""

from collections.abc import Callable
from datetime import datetime

from pxcore.engine.commands import EndSession, Halt, Level
from pxcore.engine.events import Event
from pxcore.engine.flatten import Flattener
from pxcore.engine.foreign import concerns_us
from pxcore.engine.leaving import Leaving
from pxcore.engine.outbox import Outbox
from pxcore.engine.phase import Phase
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.engine.taken_away import taken_meanwhile

EnterPhase = Callable[[Phase, datetime], None]


class Ending:
    """Owned by the engine. `reason` is why the session ends, None while it goes on."""

    def __init__(
        self,
        state: State,
        resync: Resync,
        out: Outbox,
        *,
        enter: EnterPhase,
        number_request: Callable[[], int],
    ) -> None:
        self.reason: str | None = None
        self.is_over = False
        self.is_left = False
        self.flattener: Flattener | None = None
        self.leaving: Leaving | None = None
        self._state = state
        self._config = state.config
        self._resync = resync
        self._out = out
        self._enter = enter
        self._number_request = number_request

    def step(self, event: Event) -> None:
        """What is under way takes the event, and goes on."""
        if self.leaving is not None:
            self._step_leaving(self.leaving, event)
        if self.flattener is not None and concerns_us(event, self._config.scope):
            self._out.commands += self.flattener.step(event)
        if self.flattener is not None:
            self._finish_if_proven(self.flattener)

    # -- ending -------------------------------------------------------------------------------

    def halt(self, now: datetime, reason: str) -> None:
        """Open nothing more today, flatten, and end."""
        self._latch(reason)
        self.end(now, reason)

    def _latch(self, reason: str) -> None:
        if self._state.halt_reason is None:
            self._state.halt_reason = reason
            self._out.add(Halt(reason=reason))
            self._out.notice(Level.ALARM, "halt", reason)

    def end(self, now: datetime, reason: str) -> None:
        if self.reason is None:
            self.reason = reason
        if self._config.sends_orders:
            self.flatten(now, reason)
        else:
            self._over(reason)

    def _over(self, reason: str) -> None:
        self.is_over = True
        self._out.add(EndSession(reason=reason))

    # -- flattening ---------------------------------------------------------------------------

    def flatten(self, now: datetime, reason: str) -> None:
        state, limits = self._state, self._state.limits
        if self.flattener is not None or not self._config.sends_orders:
            return
        self.flattener = Flattener(
            reason=reason,
            number_request=self._number_request,
            round_s=limits.flatten_round_s,
            may_still_arrive=self._may_order_arrive,
            has_sent=state.sent_count > 0,
            stream_differs=state.book.not_flat,
            stream_holds=state.book.held_contracts,
            scale=limits.time_scale,
        )
        self._enter(Phase.FLATTENING, now)
        self._out.commands += self.flattener.begin(
            now,
            orders=state.book.alive_orders(),
            held=state.book.held_contracts(),
            unsure=self._resync.contradicted.union(state.book.unsure_contracts()),
        )

    def _may_order_arrive(self, now: datetime) -> bool:
        return any(sent.may_still_arrive(now) for sent in self._state.sent_orders())

    def _finish_if_proven(self, flattener: Flattener) -> None:
        state, proof = self._state, flattener.proof
        if proof is None:
            return
        made = flattener.closes_made[self._config.contract.id]
        why = taken_meanwhile(state, proof.fills, closes_made=made)
        self.flattener = None
        state.entry = state.own_stop = None
        state.was_flat = True
        state.book.replace_by_proof(proof)
        if why is not None:
            self._latch(why)
            self.reason = self.reason or why
        if self.reason is not None:
            self._over(self.reason)
        else:  # flat is proven, the day's fills are not: they may lag behind
            self._resync.doubt("just flattened")

    # -- leaving ------------------------------------------------------------------------------

    def ask_to_leave(self, now: datetime, why: str) -> None:
        """End and send nothing, if a fresh look allows it. One that flattens goes on with that, and
        where something of ours is under way or unguarded no look is needed to flatten.
        """
        is_quiet = self._state.phase in (Phase.FLAT, Phase.PROTECTED)
        if self.reason is not None or not is_quiet or self._may_order_arrive(now):
            self.end(now, why)
        elif self.leaving is None:
            self.leaving = Leaving(
                self._state, self._resync, why=why, now=now, number_request=self._number_request
            )

    def _step_leaving(self, leaving: Leaving, event: Event) -> None:
        if self.reason is not None or self.flattener is not None:
            self.leaving = None  # something else ends it
            return
        self._out.commands += leaving.step(event)
        if leaving.may_leave is None:
            return
        self.leaving = None
        if leaving.may_leave:
            self._leave(leaving.why)
        else:
            self.end(event.at, leaving.why)

    def _leave(self, why: str) -> None:
        exposure = self._state.book.holding.exposure
        if exposure:
            held = f"{exposure:+d} {self._config.contract.name}"
            self._out.notice(
                Level.ALARM, "left", f"leaving {held} to its bracket at the venue: {why}"
            )
        self.reason, self.is_left = why, True
        self._over(why)
