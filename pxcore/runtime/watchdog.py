"""The watchdog: another process, which reads heartbeats and the gateway, and acts when nobody does.

What a session that died has left is flattened within half a minute (or kept under its stop, by
setting), the day halted, a person told. A session that hangs is killed first. Its own heartbeat
is in the store, so that its death is noticed, too. It needs nothing of Prefect.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from loguru import logger

from pxcore.alerts import Alert, Alerts
from pxcore.calendar import trading_day_at
from pxcore.model import Misconfigured, PxError
from pxcore.runtime.ad_hoc_flatten import AdHocFlatten, flat_told
from pxcore.runtime.halts import latch_day
from pxcore.runtime.kill_switch import engage
from pxcore.runtime.lease import place_of
from pxcore.runtime.lock import AccountBusy, holder_of
from pxcore.runtime.paths import Paths
from pxcore.runtime.plan import connect, safety_time
from pxcore.runtime.reprotect import Reprotect
from pxcore.runtime.startup import is_recovery_due
from pxcore.runtime.store_access import ask_store
from pxcore.runtime.suspicion import Finding, Seen, Sight, Suspicion, Trouble
from pxcore.settings import GatewayName, Mode, Settings
from pxcore.store.leases import Lease, beat_watchdog, read_lease, release_lease

LOOK_S = 1.0
_STORE_S = 5.0
_BEAT_S = 3.0
_ACCOUNT_S = 10.0  # between looks at an account that nobody holds
_FLATTEN_S = 60.0
_PAPER_S = 45.0  # after its parent: the paper gateway ends by then, and nothing is left to watch
_PROCESS = re.compile(r"\(process (\d+)\)$")


class Watchdog:
    """Of one account. `say` is told each thing worth reading, once."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None]) -> None:
        if settings.account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be watched?")
        self._settings = settings
        self._account_id = settings.account_id
        self._say_aloud = say
        self._place = place_of(settings)
        self._suspicion = Suspicion()
        self._client = connect(settings)
        self._reprotect = Reprotect(settings, self._client, say=self._say)
        self._account: Seen | None = None
        self._asked_at_s = -_ACCOUNT_S
        self._beaten_at_s = -_BEAT_S
        self._said = ""
        self._is_leased = False
        self._was_flat = True
        self._is_beating = True  # the store takes writes: ours, and so a session's

    def run(self, stopped: threading.Event) -> None:
        """Until it is stopped. What fails is said and tried again at the next look."""
        self._say(f"watching account {self._account_id}, {self._settings.mode}")
        while not stopped.is_set():
            try:
                self.look()
            except Exception as error:  # the edge of the loop: a watchdog that ends guards nothing
                logger.opt(exception=error).error("look failed")
                self._say(f"a look failed: {error}")
            stopped.wait(LOOK_S)
        self._client.close()

    @property
    def is_on_paper(self) -> bool:
        return self._settings.gateway is GatewayName.PAPER

    def is_needed(self) -> bool:
        """Somebody is at work on the account, a session of here has not given its lease back, or
        the account was not flat when it could be read last.
        """
        is_held = holder_of(Paths(self._settings.home).home, self._account_id) is not None
        return is_held or self._is_leased or not self._was_flat

    def look(self) -> Finding | None:
        """One round: what was found, after it was acted upon."""
        self._tell_store(self._account)
        sight = self._see()
        finding = self._suspicion.judge(sight)
        if finding is None:
            return None
        self._say(finding.why)
        match finding.trouble:
            case Trouble.HUNG:
                self._alert("watchdog.hung", finding.why)
                self._kill(sight.holder or "")
            case Trouble.DEAD if self._reprotect.is_wanted and not sight.is_after_flat_time:
                if self._reprotect.has_covered(finding.why):
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

    def _see(self) -> Sight:
        at_s = time.monotonic()
        lease, is_away = self._lease()
        holder = holder_of(Paths(self._settings.home).home, self._account_id)
        now = self._settings.clock.now()
        # At once for a session of here that is gone; another machine's has its own watchdog.
        every_s = 0.0 if self._is_leased else _ACCOUNT_S
        if holder is None and at_s - self._asked_at_s >= every_s:
            self._account = self._ask_account(at_s)
        is_odd = self._account is not None and not self._account.is_flat and holder is None
        return Sight(
            at_s=at_s,
            holder=holder,
            lease=lease,
            is_store_away=is_away,
            place=self._place,
            account=self._account,
            is_after_flat_time=now >= safety_time(self._settings, now),
            has_dead_session=is_odd and is_recovery_due(self._settings),
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
        return found, not self._is_beating

    def _ask_account(self, at_s: float) -> Seen | None:
        self._asked_at_s = at_s
        try:
            orders = self._client.open_orders(self._account_id)
            positions = [p for p in self._client.positions(self._account_id) if not p.is_flat]
        except PxError as error:
            self._say(f"the account cannot be read: {error}")
            return None
        held = ", ".join(f"{p.size:+d} {p.contract_id}" for p in positions) or "nothing"
        self._was_flat = not orders and not positions
        return Seen(
            at_s=at_s,
            is_flat=not orders and not positions,
            text=f"{len(orders)} orders alive and {held} held",
        )

    # -- acting -------------------------------------------------------------------------------

    def _kill(self, holder: str) -> None:
        """The session that hangs. The OS lock says that the process lives and who it is."""
        found = _PROCESS.search(holder)
        if found is None:
            return
        process_id = int(found[1])
        self._say(f"killing process {process_id}")
        try:
            os.kill(process_id, getattr(signal, "SIGKILL", signal.SIGTERM))
        except ProcessLookupError:
            return  # it ended by itself just now
        except OSError as error:
            self._say(f"process {process_id} cannot be killed: {error.strerror}")

    def _flatten(self, finding: Finding, lease: Lease | None) -> None:
        settings = self._settings
        if settings.mode is Mode.SHADOW:
            self._alert("watchdog.shadow", f"{finding.why}; shadow sends nothing")
            return
        self._say(f"{settings.mode}: flattening account {self._account_id}")
        try:
            job = AdHocFlatten(
                settings, self._account_id, by="watchdog", say=self._say, client=self._client
            )
            told = flat_told(job.act_if_free(_FLATTEN_S))
        except AccountBusy as busy:
            self._say(f"{busy}: left to it")
            return
        except PxError as error:  # the alert is out; nobody may open anything beside this
            self._say(str(error))
            self._engage_kill_switch(f"{finding.why}; {error}")
            return
        self._settle(finding, lease, told)

    def _settle(self, finding: Finding, lease: Lease | None, told: str) -> None:
        """The day is halted, the lease of the dead given back, a person told."""
        settings = self._settings
        self._say(told)
        self._alert("watchdog.acted", f"{finding.why}; {told}")
        try:
            latch_day(
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
            for problem in engage(self._settings, reason=reason, flattens=True, who="watchdog"):
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
            text=why,
        )
        Alerts(self._settings).send(alert)

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            logger.warning("{}", text)
            self._say_aloud(text)

    def _tell_store(self, account: Seen | None) -> None:
        now_s = time.monotonic()
        if now_s - self._beaten_at_s < _BEAT_S:
            return
        self._beaten_at_s = now_s
        said = "the account cannot be read" if account is None else account.text
        try:
            ask_store(
                self._settings,
                lambda store: beat_watchdog(
                    store,
                    account_id=self._account_id,
                    place=self._place,
                    pid=os.getpid(),
                    said=said,
                ),
                limit_s=_STORE_S,
            )
        except PxError as error:
            self._is_beating = False  # a store that is locked or full is read, and stands still
            self._say(f"no heartbeat: {error}")
        else:
            self._is_beating = True


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
