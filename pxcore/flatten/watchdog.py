"""The watchdog: another process, which reads heartbeats and the gateway, and acts when nobody does.

What a session that died has left is flattened within half a minute (or kept under its stop, by
setting), the day halted, a person told. A session that hangs is killed first. Its own heartbeat
is in the store, so that its death is noticed, too. It needs nothing of Prefect.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from loguru import logger

from pxcore.alerts.send import Alert, Alerts
from pxcore.calendar.hours import trading_day_at
from pxcore.clock.own_time import Attended
from pxcore.config.paths import Paths
from pxcore.config.settings import GatewayName, Mode, Settings
from pxcore.day.halts import latch_halt
from pxcore.day.settled import is_recovery_due
from pxcore.day.store_access import ask_store
from pxcore.day.window import safety_time
from pxcore.engine.commands import TakeSnapshot
from pxcore.engine.events import SnapshotFailed, SnapshotTaken
from pxcore.flatten.by_hand import flat_told
from pxcore.flatten.door import Door, Taking
from pxcore.flatten.reprotect import Reprotect
from pxcore.flatten.suspicion import (
    STUCK_S,
    SeenHeld,
    Sight,
    Suspicion,
    Trouble,
    WatchdogFinding,
)
from pxcore.flatten.watchdog_beat import Beat
from pxcore.host.courtesy import tried
from pxcore.host.processes import KILL
from pxcore.model import Misconfigured, PxError, Scope
from pxcore.ownership.account_lock import AccountBusy, Holder, find_holder
from pxcore.ownership.kill_acts import engage
from pxcore.ownership.lease import place_of
from pxcore.ownership.world import world_of
from pxcore.store.live.leases import read_lease, release_lease
from pxcore.store.live.records import Lease
from pxcore.text.escaping import for_alert
from pxcore.venue.clock_watch import ClockCheck
from pxcore.venue.connect import connect
from pxcore.venue.scoping import scope_of
from pxcore.venue.venue import Venue

LOOK_S = 1.0
_GAP_S = 5.0  # a longer one between two looks was our own: the machine stood still
_STORE_S = 5.0
_SCOPE_S = 60.0  # a session may begin with another contract
_KILL_S = 10.0  # a session that hangs and outlives so long a kill is gone past
_SOON_S = 2.0  # a look is four requests, and 200 a minute is all there are
_ACCOUNT_S = 10.0  # between looks at an account that nobody holds
_FLATTEN_S = 60.0
_PAPER_S = 45.0  # after its parent: the paper gateway ends by then, and nothing is left to watch


class Watchdog:
    """Of one account. `say` is told each thing worth reading, once."""

    def __init__(
        self,
        settings: Settings,
        *,
        say: Callable[[str], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if settings.account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be watched?")
        self._settings = settings
        self._account_id = settings.account_id
        self._say_aloud = say
        self._place = place_of(settings)
        self._suspicion = Suspicion()
        self._client = connect(settings)
        # A paper market's time is its gateway's.
        self._clock_check = (
            None if self.is_on_paper else ClockCheck(self._client.clock_reading, self._say)
        )
        self._reprotect = Reprotect(settings, self._client, say=self._say)
        self._account: SeenHeld | None = None
        self._attended = Attended(_GAP_S, now_s=now_s)
        self._asked_at_s = -_ACCOUNT_S
        self._said = ""
        self._is_leased = False
        self._was_flat = True
        self._is_settled = False  # flat, since nobody holds the account
        self._free_since_s: float | None = None  # nobody holds the account
        self._is_cleared = False  # and it was flat when nothing of who held it could arrive
        self._had_session = False  # one of ours has held the account since we began
        self._killed: tuple[Holder, float] | None = None  # and when, by the first attempt
        self._scope: tuple[Scope, float] | None = None
        self._beat = Beat(settings, self._account_id, self._place, say=self._say)

    def run(self, stopped: threading.Event) -> None:
        """Until it is stopped. What fails is said and tried again at the next look."""
        self._say(f"watching account {self._account_id}, {self._settings.mode}")
        self._beat.start()
        while not stopped.is_set():
            try:
                self.look()
            except Exception as error:  # the edge of the loop: a watchdog that ends guards nothing
                logger.opt(exception=error).error("look failed")
                self._say(f"a look failed: {error}")
            self._beat.looked()
            stopped.wait(LOOK_S)
        self._beat.stop()
        self._client.close()

    @property
    def is_on_paper(self) -> bool:
        return self._settings.gateway is GatewayName.PAPER

    def is_needed(self) -> bool:
        """Somebody is active on the account, a session of here has not given its lease back, or
        the account was not flat when it could be read last.
        """
        is_held = self._holder() is not None
        return is_held or self._is_leased or not self._was_flat

    def _holder(self) -> Holder | None:
        """Also one of another home of this user's."""
        home, world = Paths(self._settings.home).home, world_of(self._settings)
        return find_holder(home, self._account_id, world)

    def look(self) -> WatchdogFinding | None:
        """One round: what was found, after it was acted upon."""
        if self._clock_check is not None:
            self._clock_check.look()
        holder = self._holder()
        self._had_session |= holder is not None and holder.is_session
        sight = self._see(holder)
        finding = self._suspicion.judge(sight)
        if finding is None:
            return None
        self._say(finding.why)
        match finding.trouble:
            case Trouble.HUNG:
                self._alert("watchdog.hung", finding.why)
                self._end_the_hung(holder, finding, sight.lease)
            case Trouble.STUCK:
                self._alert("watchdog.stuck", finding.why)
                self._flatten(finding, sight.lease, Taking.PASSED)
                self._account = None
            case Trouble.DEAD if self._reprotect.is_wanted and not sight.is_after_flat_time:
                if self._reprotect.has_covered(finding.why, self._scope_now()):
                    self._settle(finding, sight.lease, "kept under its stop")
                else:
                    self._flatten(finding, sight.lease)
                self._account = None  # judged again by a new look, not by this one
            case Trouble.DEAD | Trouble.LATE:
                self._flatten(finding, sight.lease)
                self._account = None
            case Trouble.STRANGER:
                self._alert("watchdog.stranger", finding.why)
        return finding

    # -- seeing -------------------------------------------------------------------------------

    def _see(self, holder: Holder | None) -> Sight:
        at_s = self._attended.look()
        lease, is_away = self._lease()
        now = self._settings.clock.now()
        self._is_settled = self._is_settled and holder is None
        self._note_freedom(holder, at_s)
        # Soon for a session of here that is gone, until the account is flat; another machine's has
        # its own watchdog, and what is flat may wait: looks use up what others ask with.
        every_s = _SOON_S if self._is_leased and not self._is_settled else _ACCOUNT_S
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

    def _lease(self) -> tuple[Lease | None, bool]:
        try:
            found = ask_store(
                self._settings, lambda s: read_lease(s, self._account_id), limit_s=_STORE_S
            )
        except PxError as error:
            self._say(f"the store is away: {error}")
            return None, True
        self._is_leased = found is not None and found.is_held and found.place == self._place
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

    def _scope_now(self) -> Scope:
        at_s = time.monotonic()
        if self._scope is None or at_s - self._scope[1] > _SCOPE_S:
            found = scope_of(self._settings, self._account_id, self._client, say=self._say)
            self._scope = (found, at_s)
        return self._scope[0]

    def _ask_account(self, at_s: float) -> SeenHeld | None:
        self._asked_at_s = at_s
        try:
            scope = self._scope_now()
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
            self._was_flat = seen.is_flat
        return seen

    # -- acting -------------------------------------------------------------------------------

    def _end_the_hung(
        self, holder: Holder | None, finding: WatchdogFinding, lease: Lease | None
    ) -> None:
        """A session that hangs is killed; one that cannot be is gone past after a while."""
        if holder is None:
            return
        at_s = time.monotonic()
        if self._killed is None or self._killed[0] != holder:
            self._killed = (holder, at_s)
        if at_s - self._killed[1] > _KILL_S:
            self._say(f"{holder.text} cannot be ended: going past it")
            self._flatten(finding, lease, Taking.PASSED)
        else:
            self._kill(holder)

    def _kill(self, holder: Holder) -> None:
        """That very process, and nobody who has its number by now."""
        if holder.process is None:
            self._say(f"{holder.text}: nobody knows its process")
            return
        self._say(f"killing process {holder.process.pid}")
        try:
            holder.process.send(KILL)
        except ProcessLookupError:
            return  # it ended by itself just now
        except OSError as error:
            self._say(f"process {holder.process.pid} cannot be killed: {error.strerror}")

    def _flatten(
        self, finding: WatchdogFinding, lease: Lease | None, holding: Taking = Taking.SPARED
    ) -> None:
        settings = self._settings
        if settings.mode is Mode.SHADOW:
            self._alert("watchdog.shadow", f"{finding.why}; shadow sends nothing")
            return
        self._say(f"{settings.mode}: flattening account {self._account_id}")
        try:
            door = Door(
                settings,
                self._account_id,
                client=self._client,
                scope=self._scope_now(),
                by="watchdog",
                say=lambda notice: self._say(notice.text),
            )
            told = flat_told(
                door.flatten(
                    f"watchdog: {finding.why}",
                    timeout_s=_FLATTEN_S,
                    holding=holding,
                    is_taking_over=True,
                )
            )
        except AccountBusy as busy:
            self._say(f"{busy}: left to it")
            return
        except PxError as error:  # the alert is out; nobody may open anything beside this
            self._say(str(error))
            self._engage_kill_switch(f"{finding.why}; {error}")
            return
        self._settle(finding, lease, told)

    def _settle(self, finding: WatchdogFinding, lease: Lease | None, told: str) -> None:
        """The day is halted, the lease of the dead given back, a person told."""
        settings = self._settings
        self._say(told)
        self._alert("watchdog.acted", f"{finding.why}; {told}")
        try:
            latch_halt(
                settings,
                account_id=self._account_id,
                trading_day=trading_day_at(settings.clock.now()).day,
                session_id="watchdog" if lease is None else lease.holder,
                reason=f"watchdog: {finding.why}",
            )
            if lease is not None:
                ask_store(
                    settings,
                    lambda store: release_lease(
                        store,
                        account_id=self._account_id,
                        holder=lease.holder,
                        place=lease.place,
                    ),
                    limit_s=_STORE_S,
                )
        except PxError as error:
            self._say(f"halt not latched: {error}")
            self._engage_kill_switch(f"{finding.why}; the halt could not be latched")

    def _engage_kill_switch(self, reason: str) -> None:
        try:
            engaged = engage(self._settings, reason=reason, flattens=True, who="watchdog")
            for problem in engaged.problems:
                self._say(problem)
        except PxError as error:
            self._say(str(error))

    # -- telling ------------------------------------------------------------------------------

    def _alert(self, code: str, why: str) -> None:
        account = f"{self._account_id} ({self._settings.mode})"
        day = trading_day_at(self._settings.clock.now()).day
        alert = Alert(
            code=code,
            about=f"{self._account_id}-{day:%Y%m%d}-{why[:60]}",
            title=f"px watchdog: account {account}",
            text=for_alert(why),
        )
        Alerts(self._settings).send(alert)

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            logger.warning("{}", text)
            self._say_aloud(text)


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


def watch_until_stopped(settings: Settings, *, say: Callable[[str], None], is_tied: bool) -> None:
    """`is_tied`: it ends when its stdin does, but not while anybody may need it."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    dog = Watchdog(settings, say=say)
    if is_tied:
        threading.Thread(
            target=_stop_with_parent, args=(dog, stopped), name="stdin", daemon=True
        ).start()
    dog.run(stopped)


def _stop_with_parent(dog: Watchdog, stopped: threading.Event) -> None:
    with suppress(OSError):  # a stdin that cannot be read has ended too
        while os.read(0, 4096):
            continue
    deadline = time.monotonic() + _PAPER_S if dog.is_on_paper else float("inf")
    while dog.is_needed() and time.monotonic() < deadline and not stopped.wait(LOOK_S):
        continue
    stopped.set()
