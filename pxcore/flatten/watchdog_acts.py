"""What the watchdog does: kill a session that hangs, flatten, halt the day, tell a person."""

import time
from collections.abc import Callable

from pxcore.alerts.send import Alert, Alerts
from pxcore.calendar.hours import trading_day_at
from pxcore.config.settings import Mode, Settings
from pxcore.day.halts import latch_halt
from pxcore.day.store_access import ask_store
from pxcore.flatten.by_hand import flat_told
from pxcore.flatten.door import Door, Taking
from pxcore.flatten.suspicion import WatchdogFinding
from pxcore.flatten.watchdog_sight import STORE_S, WatchdogSight
from pxcore.gateway.rest import GatewayClient
from pxcore.host.processes import KILL
from pxcore.model import PxError
from pxcore.ownership.account_lock import AccountBusy
from pxcore.ownership.holders import Holder
from pxcore.ownership.kill_acts import engage
from pxcore.store.live.leases import release_lease
from pxcore.store.live.records import Lease
from pxcore.text.escaping import for_alert

_KILL_S = 10.0  # a session that hangs and outlives so long a kill is gone past
_FLATTEN_S = 60.0


class WatchdogActs:
    """On one account. What fails is said and tried again at the next look."""

    def __init__(
        self,
        settings: Settings,
        account_id: int,
        client: GatewayClient,
        sight: WatchdogSight,
        *,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._account_id = account_id
        self._client = client
        self._sight = sight
        self._say = say
        self._killed: tuple[Holder, float] | None = None  # and when, by the first attempt

    def end_the_hung(
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
            self.flatten(finding, lease, Taking.PASSED)
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

    def flatten(
        self, finding: WatchdogFinding, lease: Lease | None, holding: Taking = Taking.SPARED
    ) -> None:
        settings = self._settings
        if settings.mode is Mode.SHADOW:
            self.alert("watchdog.shadow", f"{finding.why}; shadow sends nothing")
            return
        self._say(f"{settings.mode}: flattening account {self._account_id}")
        try:
            door = Door(
                settings,
                self._account_id,
                client=self._client,
                scope=self._sight.scope_now(),
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
        self.settle(finding, lease, told)

    def settle(self, finding: WatchdogFinding, lease: Lease | None, told: str) -> None:
        """The day is halted, the lease of the dead given back, a person told."""
        settings = self._settings
        self._say(told)
        self.alert("watchdog.acted", f"{finding.why}; {told}")
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
                    limit_s=STORE_S,
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

    def alert(self, code: str, why: str) -> None:
        account = f"{self._account_id} ({self._settings.mode})"
        day = trading_day_at(self._settings.clock.now()).day
        alert = Alert(
            code=code,
            about=f"{self._account_id}-{day:%Y%m%d}-{why[:60]}",
            title=f"px watchdog: account {account}",
            text=for_alert(why),
        )
        Alerts(self._settings).send(alert)
