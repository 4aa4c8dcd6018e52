"""What the watchdog sees: who holds the account, whose lease it is, and what is on it."""

import time
from collections.abc import Callable

from pxcore.calendar.hours import trading_day_at
from pxcore.clock.own_time import Attended
from pxcore.config.settings import Settings
from pxcore.day.settled import is_recovery_due
from pxcore.day.store_access import ask_store
from pxcore.day.window import safety_time
from pxcore.engine.commands import TakeSnapshot
from pxcore.engine.events import SnapshotFailed, SnapshotTaken
from pxcore.flatten.suspicion import STUCK_S, SeenHeld, Sight, Suspicion
from pxcore.flatten.watchdog_beat import Beat
from pxcore.gateway.rest import GatewayClient
from pxcore.host.courtesy import tried
from pxcore.model import PxError, Scope
from pxcore.ownership.holders import Holder
from pxcore.ownership.lease import place_of
from pxcore.store.live.leases import read_lease
from pxcore.store.live.records import Lease
from pxcore.venue.scoping import scope_of
from pxcore.venue.venue import Venue

STORE_S = 5.0
_GAP_S = 5.0  # a longer one between two looks was our own: the machine stood still
_SCOPE_S = 60.0  # a session may begin with another contract
_SOON_S = 2.0  # a look is four requests, and 200 a minute is all there are
_ACCOUNT_S = 10.0  # between looks at an account that nobody holds


class WatchdogSight:
    """Of one account. What fails is said, and is no sight."""

    def __init__(
        self,
        settings: Settings,
        account_id: int,
        client: GatewayClient,
        *,
        beat: Beat,
        suspicion: Suspicion,
        say: Callable[[str], None],
        now_s: Callable[[], float],
    ) -> None:
        self.is_leased = False  # a session of here has not given its lease back
        self.was_flat = True  # when it could be read last
        self._settings = settings
        self._account_id = account_id
        self._client = client
        self._beat = beat
        self._suspicion = suspicion
        self._say = say
        self._place = place_of(settings)
        self._attended = Attended(_GAP_S, now_s=now_s)
        self._account: SeenHeld | None = None
        self._asked_at_s = -_ACCOUNT_S
        self._is_settled = False  # flat, since nobody holds the account
        self._free_since_s: float | None = None  # nobody holds the account
        self._is_cleared = False  # and it was flat when nothing of who held it could arrive
        self._had_session = False  # one of ours has held the account since we began
        self._scope: tuple[Scope, float] | None = None

    def see(self, holder: Holder | None) -> Sight:
        self._had_session |= holder is not None and holder.is_session
        at_s = self._attended.look()
        lease, is_away = self._lease()
        now = self._settings.clock.now()
        self._is_settled = self._is_settled and holder is None
        self._note_freedom(holder, at_s)
        # Soon for a session of here that is gone, until the account is flat; another machine's has
        # its own watchdog, and what is flat may wait: looks use up what others ask with.
        every_s = _SOON_S if self.is_leased and not self._is_settled else _ACCOUNT_S
        is_stuck = (
            holder is not None
            and not holder.is_session
            and self._suspicion.held_for_s(at_s) > STUCK_S
        )
        if (holder is None or is_stuck) and at_s - self._asked_at_s >= every_s:
            self._account = self._ask_account(at_s)
            self._is_settled = self._account is not None and self._account.is_flat
            self._is_cleared |= self._is_settled and self._is_long_free(at_s)
            seen = self._account
            self._beat.note("the account cannot be read" if seen is None else seen.text)
        is_odd = self._account is not None and not self._account.is_flat and holder is None
        return Sight(
            at_s=at_s,
            holder=None if holder is None else holder.text,
            is_session=holder is None or holder.is_session,
            lease=lease,
            is_store_away=is_away,
            place=self._place,
            account=self._account,
            is_after_flat_time=now >= safety_time(self._settings, now),
            has_dead_session=is_odd and self._has_dead_session(),
        )

    def forget_account(self) -> None:
        """It was acted upon: judged again by a new look, not by this one."""
        self._account = None

    def _lease(self) -> tuple[Lease | None, bool]:
        try:
            found = ask_store(
                self._settings, lambda s: read_lease(s, self._account_id), limit_s=STORE_S
            )
        except PxError as error:
            self._say(f"the store is away: {error}")
            return None, True
        self.is_leased = found is not None and found.is_held and found.place == self._place
        return found, not self._beat.is_taken

    def _note_freedom(self, holder: Holder | None, at_s: float) -> None:
        if holder is not None:
            self._free_since_s, self._is_cleared = None, False
        elif self._free_since_s is None:
            self._free_since_s = at_s

    def _is_long_free(self, at_s: float) -> bool:
        """For longer than a request of who had it can be under way."""
        under_way_s = self._settings.reply_timeout_s + self._settings.unknown_grace_s
        return self._free_since_s is not None and at_s - self._free_since_s > under_way_s

    def _has_dead_session(self) -> bool:
        """By the journals; where they cannot be read, one that held the account and is gone. What
        came to an account that was flat since is not its.
        """
        if self._is_cleared:
            return False
        return tried(
            "the journals of today",
            lambda: is_recovery_due(self._settings),
            say=self._say,
            otherwise=self._had_session,
        )

    def scope_now(self) -> Scope:
        """Which contracts are ours, known for a minute. Raises as `scope_of` does."""
        at_s = time.monotonic()
        if self._scope is None or at_s - self._scope[1] > _SCOPE_S:
            found = scope_of(self._settings, self._account_id, self._client, say=self._say)
            self._scope = (found, at_s)
        return self._scope[0]

    def _ask_account(self, at_s: float) -> SeenHeld | None:
        self._asked_at_s = at_s
        try:
            scope = self.scope_now()
        except PxError as error:
            self._say(f"the account cannot be read: {error}")
            return None
        settings = self._settings
        venue = Venue(
            self._client,
            account_id=self._account_id,
            day_start=trading_day_at(settings.clock.now()).opens_at,
            clock=settings.clock,
            scope=scope,
        )
        look = venue.ask(TakeSnapshot(request=0, why="watchdog", is_urgent=True))
        seen = seen_in(look, at_s)
        if seen is None and isinstance(look, SnapshotFailed):
            self._say(f"the account cannot be read: {look.why}")
        if seen is not None:
            self.was_flat = seen.is_flat
        return seen


def seen_in(look: object, at_s: float) -> SeenHeld | None:
    """None when nothing could be read. What does not agree with itself is not flat."""
    if isinstance(look, SnapshotTaken):
        orders, positions = look.snapshot.orders, look.snapshot.positions
        differ = "".join(f"; {one}" for one in look.snapshot.disagreements())
        is_flat = look.snapshot.is_flat
    elif isinstance(look, SnapshotFailed):
        orders, positions, net = look.orders or (), look.positions or (), look.fills_net or {}
        differ = "".join(f"; the day's fills come to {n:+d} {c}" for c, n in sorted(net.items()))
        is_flat = False
        if not orders and not net and all(p.is_flat for p in positions):
            return None  # nothing was seen, which is no word on what there is
    else:
        return None
    held = ", ".join(f"{p.size:+d} {p.contract_id}" for p in positions if not p.is_flat)
    text = f"{len(orders)} orders alive and {held or 'nothing'} held{differ}"
    return SeenHeld(at_s=at_s, is_flat=is_flat, text=text)
