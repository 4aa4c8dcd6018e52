"""Do we know the account's state? Unknown at start, after a lost hub, and when accounts differ.

Known again by one clean snapshot: one during which nothing moved on the account. If an event of
the user hub, or an order of ours, came between the question and its answer, the answer may be
older than the event, and is asked for again. So it is when the answer lacks what was told within
the last second: a venue may answer with what was so a moment ago.

While a hub stays away the state stays unknown; but what somebody else does to the account
meanwhile must not go unseen, so every `blind_limit_s` a look tells what is there.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pxcore.engine.config import Limits
from pxcore.engine.events import Hub
from pxcore.engine.in_flight import LOOK_AGE_S_MAX
from pxcore.model import Snapshot


class Resync:
    """`limits` are asked for each time: they may have been tightened."""

    def __init__(self, number_request: Callable[[], int], limits: Callable[[], Limits]) -> None:
        self.unknown_because: str | None = "not connected yet"
        self._number_request = number_request
        self._limits = limits
        self._away_since: datetime | None = None
        self._up: set[Hub] = set()
        self._request: int | None = None
        self._due_at: datetime | None = None
        self.user_events = 0  # how often something moved on the account
        self._user_events_asked = 0
        self._moved_at: datetime | None = None
        self.contradicted: frozenset[str] = frozenset()  # contracts of the last look, of any kind

    @property
    def _retry(self) -> timedelta:
        return timedelta(seconds=self._limits().settle_deadline_s)

    @property
    def _blind_limit(self) -> timedelta:
        return timedelta(seconds=self._limits().blind_limit_s)

    @property
    def _look_age(self) -> timedelta:
        return timedelta(seconds=LOOK_AGE_S_MAX * self._limits().time_scale)

    @property
    def is_known(self) -> bool:
        return self.unknown_because is None

    @property
    def are_hubs_up(self) -> bool:
        return len(self._up) == len(Hub)

    def hub_up(self, hub: Hub) -> None:
        self._up.add(hub)
        if self.are_hubs_up:
            self._away_since = None
        self.doubt(f"{hub} hub just connected")

    def hub_down(self, hub: Hub, reason: str) -> None:
        self._up.discard(hub)
        self.doubt(f"{hub} hub down: {reason}")

    def doubt(self, because: str) -> None:
        """What we believe may be wrong: no entry until a clean snapshot."""
        self.unknown_because = because
        self._request = None
        self._due_at = None

    def still_doubt(self, because: str) -> None:
        """The last look, though clean, leaves this open; the next one is due as after any look."""
        self.unknown_because = because

    def note_user_event(self, at: datetime) -> None:
        """Something moved on the account."""
        self.user_events += 1
        self._moved_at = at

    def note_look(self, snapshot: Snapshot) -> None:
        """Of a contract of which a look tells two things no stop is taken away: believed or not,
        it may be right in the one that says that something is held.
        """
        self.contradicted = frozenset(d.contract_id for d in snapshot.disagreements())

    def may_be_old(self, now: datetime, *, lacks: bool) -> bool:
        """Of a look that `lacks` something that was told: was it told only just now?"""
        return lacks and self._moved_at is not None and now < self._moved_at + self._look_age

    def due(self, now: datetime) -> tuple[int, str] | None:
        """The snapshot to ask for now, if any: its number and why."""
        if self.unknown_because is None or self._is_waiting_for_hub(now):
            return None
        if self._due_at is not None and now < self._due_at:
            return None
        self._request = self._number_request()
        self._due_at = now + 5 * self._retry  # an answer that never comes is asked for again
        self._user_events_asked = self.user_events
        return self._request, self.unknown_because

    def _is_waiting_for_hub(self, now: datetime) -> bool:
        if self.are_hubs_up:
            return False
        self._away_since = self._away_since or now
        return now < self._away_since + self._blind_limit

    def accepts(
        self, request: int, snapshot: Snapshot, now: datetime, *, lacks: bool = False
    ) -> bool:
        """Is this the snapshot that we wait for, and clean? Then it replaces what we believe.

        The state is known by it unless a hub is away or it contradicts itself: then it is the
        best there is, no entry passes, and it is asked for again.
        """
        if request != self._request:
            return False
        self._request = None
        self._due_at = now + (self._retry / 4 if self.are_hubs_up else self._blind_limit)
        if self.user_events != self._user_events_asked:
            return False
        if self.may_be_old(now, lacks=lacks):
            assert self._moved_at is not None
            self._due_at = max(self._due_at, self._moved_at + self._look_age)
            return False
        if self.are_hubs_up:
            self.unknown_because = next(map(str, snapshot.disagreements()), None)
        return True

    def failed(self, request: int, now: datetime) -> bool:
        """The question went unanswered. True when it was ours."""
        if request != self._request:
            return False
        self._request = None
        self._due_at = now + self._retry
        return True
