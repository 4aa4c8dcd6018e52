"""To end and send nothing: only on a fresh look, which shows the account flat or protected.

What the stream said last may be old, or nothing yet. Without such a look in time, or when it shows
anything else, the session flattens as at any end.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pxcore.engine.commands import TakeSnapshot
from pxcore.engine.events import Event, SnapshotFailed, SnapshotTaken
from pxcore.engine.phase import Phase
from pxcore.engine.resync import Resync
from pxcore.engine.state import State
from pxcore.model import Snapshot


class Leaving:
    """One wish, from when it was asked. `step` every event after it until `may_leave` is known."""

    def __init__(
        self,
        state: State,
        resync: Resync,
        *,
        why: str,
        now: datetime,
        number_request: Callable[[], int],
    ) -> None:
        self.why = why
        self.may_leave: bool | None = None
        self._state = state
        self._resync = resync
        self._number_request = number_request
        self._by = now + timedelta(seconds=state.limits.flatten_round_s)
        self._request: int | None = None
        self._due_at = now
        self._user_events = 0

    def step(self, event: Event) -> list[TakeSnapshot]:
        """What to ask now."""
        match event:
            case SnapshotTaken(request=request) if request == self._request:
                self._request = None
                if self._may_be_old(event):
                    self._due_at = event.at + self._retry / 4
                elif self._user_events == self._resync.user_events:  # nothing moved meanwhile
                    self.may_leave = self._judge(event.snapshot, event.at)
                    return []
            case SnapshotFailed(request=request) if request == self._request:
                self._request = None
                self._due_at = event.at + self._retry
            case _:
                pass
        if event.at >= self._by:
            self.may_leave = False
            return []
        return self._look(event.at)

    @property
    def _retry(self) -> timedelta:
        return timedelta(seconds=self._state.limits.settle_deadline_s)

    def _may_be_old(self, look: SnapshotTaken) -> bool:
        lacks = self._state.book.lacks(look.snapshot)
        return self._resync.may_be_old(look.at, lacks=lacks)

    def _look(self, now: datetime) -> list[TakeSnapshot]:
        if self._request is not None or now < self._due_at:
            return []
        self._request = self._number_request()
        self._user_events = self._resync.user_events
        why = f"leaving ({self.why})"
        return [TakeSnapshot(request=self._request, why=why, is_urgent=True)]

    def _judge(self, snapshot: Snapshot, now: datetime) -> bool:
        """Flat, or with both legs at the venue, and nothing of ours on its way."""
        state = self._state
        state.book.replace(snapshot)
        for sent in state.sent_orders():
            sent.note_look(snapshot.orders, state.book.fills.values(), now)
        if snapshot.disagreements() or any(s.may_still_arrive(now) for s in state.sent_orders()):
            return False
        return state.derive_phase() in (Phase.FLAT, Phase.PROTECTED) and self._is_alone()

    def _is_alone(self) -> bool:
        """Is nothing alive on our contract but what guards the position? A second stop, the venue's
        own or a person's, would open another position once the first has closed this one.
        """
        state = self._state
        guarded = state.protection()
        guards = {leg.id for leg in (guarded.stop, guarded.target) if leg is not None}
        alive = (o for o in state.book.alive_orders() if o.contract_id == state.book.contract_id)
        return all(order.id in guards for order in alive)
