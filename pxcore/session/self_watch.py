"""A session's doubts about itself: does it keep up, could anybody stop it, is it flat in time?"""

import time
from collections.abc import Callable

from pxcore.calendar.hours import time_told
from pxcore.clock.clocks import Clock
from pxcore.engine.engine import Engine
from pxcore.engine.events import Ask, Asked, Event
from pxcore.ownership.lease import SILENT_S, LeaseKeeper
from pxcore.session.plan import SessionPlan
from pxcore.session.teller import Teller
from pxcore.session.watch import FileWatch

_BEHIND_S = 2.0  # of going on, and still behind


class SelfWatch:
    """Asked by the loop, on its own thread. `ask` puts an event of ours into the inbox."""

    def __init__(
        self,
        plan: SessionPlan,
        engine: Engine,
        clock: Clock,
        *,
        lease: LeaseKeeper,
        files: FileWatch,
        teller: Teller,
        ask: Callable[[Asked], None],
    ) -> None:
        self._plan = plan
        self._engine = engine
        self._clock = clock
        self._lease = lease
        self._files = files
        self._teller = teller
        self._ask = ask
        self._behind_since_s: float | None = None
        self._is_lateness_told = False
        self._silenced_by: str | None = None  # why there are no entries now

    def heed_hindrance(self) -> None:
        """No entries while a second sender could not be kept out, or nobody could stop this one."""
        why = self._hindrance()
        if why == self._silenced_by:
            return
        if why is None or self._silenced_by is None:
            ask = Ask.RESUME if why is None else Ask.PAUSE
            text = why or f"over: {self._silenced_by}"
            self._ask(Asked(at=self._clock.now(), ask=ask, why=text))
        if why is not None:
            self._teller.alarm("hindered", why)
        self._silenced_by = why

    def _hindrance(self) -> str | None:
        """A store that takes no heartbeat cannot say either that the kill switch is engaged, or
        that another has the account; nor can one that is not the one of before.
        """
        if self._lease.trouble is not None:
            return self._lease.trouble
        if self._lease.silent_s > SILENT_S:
            return "the store takes no heartbeat"
        problem = self._files.lock_problem
        return None if problem is None else f"the account's lock: {problem}"

    def judge_lag(self, event: Event) -> None:
        """An engine that lives in the past must not keep a position: its limits come late. What
        waited while everything stood still is old, too, and is done with at once.

        Raises TimeoutError.
        """
        lag_s = (self._clock.now() - event.at).total_seconds()
        limit_s = self._engine.state.limits.blind_limit_s
        if lag_s <= limit_s or not self._engine.state.book.held_contracts():
            self._behind_since_s = None
            return
        now_s = time.monotonic()
        self._behind_since_s = self._behind_since_s or now_s
        if now_s - self._behind_since_s > _BEHIND_S:
            raise TimeoutError(f"the engine is {lag_s:.0f} s behind with a position")

    def tell_lateness(self) -> None:
        """Once."""
        if not self._is_lateness_told and self._clock.now() > self._plan.flat_by:
            self._is_lateness_told = True
            self._teller.alarm("late", f"not proven flat by {time_told(self._plan.flat_by)}")
