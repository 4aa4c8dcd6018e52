"""Flatten one account now, with proof, whoever asks: a person, the schedule, the watchdog.

It looks first and says what it found. A session that holds the account is asked to flatten and
end, or spared, as the caller says; when nobody holds it, it is ours meanwhile.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Notice, TakeSnapshot
from pxcore.engine.events import Event, SnapshotFailed, SnapshotTaken
from pxcore.gateway import GatewayClient, Urgency
from pxcore.model import Account, Misconfigured, Snapshot
from pxcore.runtime.alarms import act_of, flatten_alerted
from pxcore.runtime.flatten import flatten_account
from pxcore.runtime.flatten_record import FlattenRecord
from pxcore.runtime.lock import AccountBusy, AccountLock, holder_of
from pxcore.runtime.paths import Paths
from pxcore.runtime.plan import connect
from pxcore.runtime.strays import Strays
from pxcore.runtime.venue import Venue
from pxcore.settings import Mode, Settings

_POLL_S = 0.2


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the account showed. `is_done`: flat, nobody at work, nothing to wait for."""

    account: Account
    text: str
    holder: str | None
    is_done: bool


class AdHocFlatten:
    """Of one account. `by` is who does it, for the record and for whoever finds it locked."""

    def __init__(
        self,
        settings: Settings,
        account_id: int | None,
        *,
        by: str,
        say: Callable[[str], None],
        client: GatewayClient | None = None,
    ) -> None:
        if account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be flattened?")
        if settings.mode is Mode.SHADOW:
            raise Misconfigured("shadow sends nothing: PX_TRADING=armed is needed to flatten")
        self._settings = settings
        self._account_id = account_id
        self._by = by
        self._say = say
        self._client = client or connect(settings)
        self._strays = self._strays_of_now()
        self._clock = settings.clock.detached()  # a paper market that waits stands still
        self._venue = Venue(
            self._client,
            account_id=account_id,
            day_start=trading_day_at(settings.clock.now()).opens_at,
            clock=self._clock,
        )

    def look(self) -> Found:
        """Says what is there, and sends nothing. Raises Misconfigured for no such account."""
        settings = self._settings
        accounts = self._client.accounts(only_active=False, urgency=Urgency.URGENT)
        account = next((a for a in accounts if a.id == self._account_id), None)
        if account is None:
            raise Misconfigured(f"account {self._account_id} is not on gateway {settings.gateway}")
        look = self._venue.ask(TakeSnapshot(request=0, why=self._by, is_urgent=True))
        holder = holder_of(Paths(settings.home).home, account.id)
        is_flat = isinstance(look, SnapshotTaken) and look.snapshot.is_flat
        may_arrive = holder is None and is_flat and self._strays.may_arrive()
        if may_arrive:  # asked of journals, which no close waits for
            self._say("an entry of a session that died may still arrive: it is waited for")
        return Found(
            account=account,
            text=f"{settings.mode}: account {account.id} {account.name} {_told(look)}",
            holder=holder,
            is_done=holder is None and is_flat and not may_arrive,
        )

    def act(self, timeout_s: float) -> Snapshot:
        """Flat, as REST showed it. Whoever holds the account is asked to flatten and end first;
        one that does not let go in half of the time is not waited for: then it is looked at twice
        before anything is sent. Raises NotFlat when there is no proof in time.
        """
        with ExitStack() as stack:
            was_held = self._take(stack, timeout_s / 2)
            return self._flatten(timeout_s, is_taking_over=was_held)

    def act_if_free(self, timeout_s: float) -> Snapshot:
        """As `act`, but raises AccountBusy, and sends nothing, when somebody holds the account."""
        with self._lock():
            return self._flatten(timeout_s, is_taking_over=True)

    def _flatten(self, timeout_s: float, *, is_taking_over: bool) -> Snapshot:
        settings, account_id = self._settings, self._account_id

        def say(notice: Notice) -> None:
            self._say(notice.text)

        about = act_of(account_id, settings.clock.now())
        with (
            flatten_alerted(settings, about=about, account_id=account_id),
            FlattenRecord(settings, account_id, self._by, say=say, client=self._client) as record,
        ):
            return flatten_account(
                self._venue,
                clock=self._clock,
                reason=self._by,
                timeout_s=timeout_s,
                say=say,
                record=record,
                is_taking_over=is_taking_over or self._strays.has_just_died(),
                may_still_arrive=self._strays_of_now(),
            )

    def _strays_of_now(self) -> Strays:
        return Strays(
            self._settings, self._account_id, self._client, say=lambda n: self._say(n.text)
        )

    def _lock(self) -> AccountLock:
        return AccountLock(Paths(self._settings.home).home, self._account_id, holder=self._by)

    def _take(self, stack: ExitStack, wait_s: float) -> bool:
        """Takes the account's lock. True when somebody else had it."""
        lock = self._lock()
        deadline = time.monotonic() + wait_s
        was_held = False
        while True:
            try:
                stack.enter_context(lock)
                return was_held
            except AccountBusy as busy:
                if not was_held:
                    self._say(f"{busy}: asking it to flatten and end")
                    lock.ask_holder_to_stop()
                was_held = True
            if time.monotonic() > deadline:
                self._say(f"it has not let go within {wait_s:g} s: flattening beside it")
                return True
            time.sleep(_POLL_S)


def flat_told(proof: Snapshot) -> str:
    return f"flat, verified by REST, balance {proof.account.balance_usd:,.2f} USD"


def _told(look: Event) -> str:
    """What the account has, as far as it could be read."""
    if isinstance(look, SnapshotTaken):
        orders, positions = look.snapshot.orders, look.snapshot.positions
    elif (
        isinstance(look, SnapshotFailed) and look.orders is not None and look.positions is not None
    ):
        orders, positions = look.orders, look.positions
    else:
        return "cannot be read: flattening by what can be learned on the way"
    held = [f"{p.size:+d} {p.contract_id}" for p in positions if not p.is_flat]
    return f"has {len(orders)} orders alive and holds {', '.join(held) or 'nothing'}"
