"""The one door to flat: who has the lock, who is told, what is on record, and the driven flatten.

It needs the settings, the key and a socket. All else on its way (the lock's file, the record, the
journals of the dead, the count of requests, whoever listens) is tried with a bound and told when
it failed. The lock comes first, so that nobody is alarmed for an account that another has.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum

from loguru import logger

from pxcore.alerts.occasions import act_of, flatten_alerted
from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.engine.commands import Level, Notice
from pxcore.flatten.drive import flatten_account
from pxcore.flatten.lost_orders import LostOrders
from pxcore.flatten.record import FlattenRecord
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Misconfigured, Scope, Snapshot
from pxcore.ownership.account_lock import AccountBusy, AccountLock
from pxcore.ownership.world import world_of
from pxcore.venue.venue import Venue

_POLL_S = 0.2
_ASK_EVERY_S = 2.0  # a wish may be lost, or be for a holder that has just gone


class Taking(Enum):
    """What about somebody else who has the account?"""

    OURS = "ours"  # the caller has the lock
    SPARED = "spared"  # AccountBusy, and nothing is sent
    ASKED = "asked"  # to flatten and end; in half of the time, or it is flattened beside it
    PASSED = "passed"  # it could not be ended: beside it


class Door:
    """To one account. `by` is who does it, for the record and for whoever finds it locked."""

    def __init__(
        self,
        settings: Settings,
        account_id: int,
        *,
        client: GatewayClient,
        scope: Scope,
        by: str,
        say: Callable[[Notice], None],
    ) -> None:
        if settings.mode is Mode.SHADOW:
            raise Misconfigured("shadow sends nothing: PX_TRADING=armed is needed to flatten")
        self._settings = settings
        self._account_id = account_id
        self._client = client
        self._by = by
        self._heard = say
        self._clock = settings.clock.detached()  # a paper market that waits stands still
        self.lost = LostOrders(settings, account_id, client, say=self._say)
        self.venue = Venue(
            client,
            account_id=account_id,
            day_start=trading_day_at(settings.clock.now()).opens_at,
            clock=self._clock,
            scope=scope,
        )

    def flatten(
        self,
        reason: str,
        *,
        timeout_s: float,
        holding: Taking = Taking.SPARED,
        about: str | None = None,
        is_taking_over: bool = False,
    ) -> Snapshot:
        """Flat, as REST showed it: that look. `about` is the session that an alert is about.

        Raises AccountBusy as `holding` says, and NotFlat when there is no proof in time: then an
        alert is out.
        """
        with self._lock(holding, timeout_s / 2) as was_held, self._alerted(about):
            record = FlattenRecord(
                self._settings, self._account_id, reason, say=self._say, client=self._client
            )
            with record:
                proof = flatten_account(
                    self.venue,
                    clock=self._clock,
                    reason=reason,
                    timeout_s=timeout_s,
                    say=self._say,
                    record=record,
                    lost=self.lost,
                    is_taking_over=is_taking_over or was_held or self.lost.has_just_died(),
                )
            if self._client.miscounted is not None:
                self._tell("flatten.miscounted", self._client.miscounted)
            return proof

    def _alerted(self, about: str | None) -> AbstractContextManager[None]:
        about = about or act_of(self._account_id, self._settings.clock.now())
        return flatten_alerted(self._settings, about=about, account_id=self._account_id)

    @contextmanager
    def _lock(self, holding: Taking, wait_s: float) -> Iterator[bool]:
        """Yields whether somebody else had the account, and may have sent something just now."""
        if holding in (Taking.OURS, Taking.PASSED):
            yield True
            return
        lock = AccountLock(
            Paths(self._settings.home).home,
            self._account_id,
            holder=self._by,
            world=world_of(self._settings),
            on_trouble=lambda text: self._tell("flatten.unlocked", text),
        )
        was_held = False
        if holding is Taking.SPARED:
            lock.__enter__()
        else:
            was_held = not self._taken(lock, wait_s)
        try:
            yield was_held or holding is Taking.SPARED
        finally:
            lock.__exit__(None, None, None)

    def _taken(self, lock: AccountLock, wait_s: float) -> bool:
        """Takes the lock. False when somebody had it, who was asked and may have it still."""
        deadline = time.monotonic() + wait_s
        ask_at = 0.0
        was_free = True
        while True:
            try:
                lock.__enter__()
                return was_free
            except AccountBusy as busy:
                if was_free:
                    self._tell("flatten.asks", f"{busy}: asking it to flatten and end")
                was_free = False
            if time.monotonic() > deadline:
                text = f"it has not let go within {wait_s:g} s: flattening beside it"
                self._tell("flatten.beside", text)
                return False
            if time.monotonic() > ask_at:
                lock.ask_holder_to_stop()
                ask_at = time.monotonic() + _ASK_EVERY_S
            time.sleep(_POLL_S)

    def _tell(self, code: str, text: str) -> None:
        self._say(Notice(level=Level.WARNING, code=code, text=text))

    def _say(self, notice: Notice) -> None:
        """Whoever listens may have gone: no flatten ends for that."""
        try:
            self._heard(notice)
        except Exception as error:  # a terminal, a pipe, a server
            logger.error("{} (and it cannot be said: {})", notice.text, error)
