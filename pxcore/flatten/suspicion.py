"""What the watchdog makes of what it sees. Pure: time comes with each sight, in seconds of ours.

Nobody's clock but the watchdog's own is believed: a session goes on while its numbers grow, and
is given up when they have stood still for long enough, by this watch.
"""

from enum import StrEnum

import msgspec

from pxcore.store.live.records import Lease

HUNG_S = 20.0  # as long as a session's own supervisor waits for a word
GRACE_S = 6.0  # for whoever supervised a session that died to take the account
STUCK_S = 60.0  # for who is no session and has the account: a flatten takes a few seconds
ELSEWHERE_S = 25.0  # a machine whose lease lapses at 20 s has its own watchdog to go first


class SeenHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The account by REST. `at_s` is when it was asked for."""

    at_s: float
    is_flat: bool
    text: str


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """One look. `holder` has the account's lock here; `lease` is None where there is none or the
    store is away, which `is_store_away` tells apart. `account` is None when nobody looked.
    """

    at_s: float
    holder: str | None
    is_session: bool = True  # the holder, where there is one
    lease: Lease | None
    is_store_away: bool
    place: str
    account: SeenHeld | None
    is_after_flat_time: bool
    has_dead_session: bool


class Trouble(StrEnum):
    HUNG = "hung"  # a session that lives and does not go on
    STUCK = "stuck"  # something, and who has the account is no session and does not release it
    DEAD = "dead"  # something of a session that died, and nobody at it
    LATE = "late"  # something after the time to be flat, and nobody at it
    STRANGER = "stranger"  # something that no session of ours made


class WatchdogFinding(msgspec.Struct, frozen=True, kw_only=True):
    trouble: Trouble
    why: str


class Suspicion:
    """`judge` each sight, in order."""

    def __init__(self) -> None:
        self._lease: Lease | None = None
        self._loops_at_s = 0.0
        self._beat_at_s = 0.0
        self._free_since_s: float | None = None
        self._held: tuple[str, float] | None = None  # by whom, and since when

    def judge(self, sight: Sight) -> WatchdogFinding | None:
        """The worst that this sight shows, or None."""
        self._note_lease(sight)
        if sight.holder is None:
            self._held = None
        else:
            self._free_since_s = None
            if self._held is None or self._held[0] != sight.holder:
                self._held = (sight.holder, sight.at_s)
            return self._hung(sight) if sight.is_session else self._stuck(sight)
        if self._is_held_elsewhere(sight):
            self._free_since_s = None
            return None
        if self._free_since_s is None:
            self._free_since_s = sight.at_s
        return self._left_alone(sight, since_s=self._free_since_s)

    def _note_lease(self, sight: Sight) -> None:
        before, now = self._lease, sight.lease
        if sight.is_store_away or now is None:
            self._loops_at_s = self._beat_at_s = sight.at_s  # nothing is known: no one is judged
            return
        is_other = before is None or (before.holder, before.place) != (now.holder, now.place)
        if is_other or before is None or before.loops != now.loops:
            self._loops_at_s = sight.at_s
        if is_other or before is None or before.beat != now.beat:
            self._beat_at_s = sight.at_s
        self._lease = now

    def _hung(self, sight: Sight) -> WatchdogFinding | None:
        lease = sight.lease
        is_its_own = (
            lease is not None
            and lease.is_held
            and lease.place == sight.place
            and (sight.holder or "").startswith(lease.holder)
        )
        still_s = sight.at_s - self._loops_at_s
        if not is_its_own or still_s < HUNG_S:
            return None
        return WatchdogFinding(
            trouble=Trouble.HUNG, why=f"session {sight.holder} has not gone on for {still_s:.0f} s"
        )

    def held_for_s(self, at_s: float) -> float:
        """How long the holder of the last sight has had it."""
        return 0.0 if self._held is None else at_s - self._held[1]

    def _stuck(self, sight: Sight) -> WatchdogFinding | None:
        account, held_s = sight.account, self.held_for_s(sight.at_s)
        is_new = account is not None and account.at_s > sight.at_s - held_s + STUCK_S
        if account is None or account.is_flat or not is_new:
            return None
        why = f"{sight.holder} has had the account for {held_s:.0f} s, and it has {account.text}"
        return WatchdogFinding(trouble=Trouble.STUCK, why=why)

    def _is_held_elsewhere(self, sight: Sight) -> bool:
        lease = sight.lease
        if lease is None or not lease.is_held or lease.place == sight.place:
            return False
        return sight.at_s - self._beat_at_s < ELSEWHERE_S

    def _left_alone(self, sight: Sight, *, since_s: float) -> WatchdogFinding | None:
        account = sight.account
        if account is None or account.is_flat or account.at_s <= since_s:
            return None  # a look from before the holder went says nothing
        if sight.at_s - since_s < GRACE_S:
            return None
        lease = sight.lease
        if lease is not None and lease.is_held:
            why = f"session {lease.holder} is gone and left {account.text}"
            return WatchdogFinding(trouble=Trouble.DEAD, why=why)
        if sight.has_dead_session:
            why = f"a session of today is gone and left {account.text}"
            return WatchdogFinding(trouble=Trouble.DEAD, why=why)
        if sight.is_after_flat_time:
            why = f"after the time to be flat the account has {account.text}"
            return WatchdogFinding(trouble=Trouble.LATE, why=why)
        why = f"without a session of ours the account has {account.text}"
        return WatchdogFinding(trouble=Trouble.STRANGER, why=why)
