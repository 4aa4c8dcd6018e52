"""Flatten one account now, with proof, by hand or by the schedule: look first, say what is there.

A session that holds the account is asked to flatten and end, or spared, as the caller says.
"""

from collections.abc import Callable

import msgspec

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import TakeSnapshot
from pxcore.engine.events import Event, SnapshotFailed, SnapshotTaken
from pxcore.flatten.door import Door, Taking
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.host.courtesy import bounded
from pxcore.model import WHOLE, Account, Misconfigured, PxError, Snapshot, Unavailable
from pxcore.ownership.holders import find_holder
from pxcore.ownership.world import world_of
from pxcore.venue.connect import connect
from pxcore.venue.scoping import scope_of

_LOOK_S = 15.0  # for the look before anything is asked or sent


class AccountFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the account showed. `is_done`: flat, nobody active, nothing to wait for."""

    text: str
    holder: str | None
    is_done: bool


class AdHocFlatten:
    """Of one account. `by` is who does it, for the record and for whoever finds it locked.

    With `is_everything` what PX_FOREIGN=ignore leaves alone is closed as well.
    """

    def __init__(
        self,
        settings: Settings,
        account_id: int | None,
        *,
        by: str,
        say: Callable[[str], None],
        client: GatewayClient | None = None,
        is_everything: bool = False,
    ) -> None:
        if account_id is None:
            raise Misconfigured("PX_ACCOUNT_ID is missing: which account is to be flattened?")
        self._settings = settings
        self._account_id = account_id
        self._by = by
        self._say = say
        self._client = client or connect(settings)
        self._scope = (
            WHOLE if is_everything else scope_of(settings, account_id, self._client, say=say)
        )
        self._door = Door(
            settings,
            account_id,
            client=self._client,
            scope=self._scope,
            by=by,
            say=lambda notice: say(notice.text),
        )

    def look(self) -> AccountFound:
        """Says what is there, and sends nothing. Raises Misconfigured for no such account, and when
        the log-in is refused.
        """
        settings = self._settings
        holder = find_holder(Paths(settings.home).home, self._account_id, world_of(settings))
        try:
            account, look = bounded("the gateway", self._seen, limit_s=_LOOK_S, is_must=True)
        except Unavailable as error:
            account, look = None, SnapshotFailed(at=settings.clock.now(), request=0, why=str(error))
        is_flat = isinstance(look, SnapshotTaken) and look.snapshot.is_flat
        may_arrive = holder is None and is_flat and self._door.lost.may_arrive()
        if may_arrive:  # asked of journals, which no close waits for
            self._say("an entry of a session that died may still arrive: it is waited for")
        whose = "" if self._scope == WHOLE else f" in {self._scope} (PX_FOREIGN=ignore)"
        name = f" {account.name}" if account else ""
        return AccountFound(
            text=f"{settings.mode}: account {self._account_id}{name} {_told(look)}{whose}",
            holder=None if holder is None else holder.text,
            is_done=holder is None and is_flat and not may_arrive,
        )

    def _seen(self) -> tuple[Account | None, Event]:
        """The account is None where the venue does not list any, or cannot: that keeps nobody from
        closing what is held on it.
        """
        look = TakeSnapshot(request=0, why=self._by, is_urgent=True)
        try:
            accounts = self._client.accounts(only_active=False, urgency=Urgency.URGENT)
        except Misconfigured:
            raise
        except PxError as error:
            self._say(f"the accounts cannot be listed: {error}")
            accounts = ()
        account = next((a for a in accounts if a.id == self._account_id), None)
        if accounts and account is None:
            gateway = self._settings.gateway
            raise Misconfigured(f"account {self._account_id} is not on gateway {gateway}")
        return account, self._door.venue.ask(look)

    def act(self, timeout_s: float) -> Snapshot:
        """Flat, as REST showed it. Whoever holds the account is asked to flatten and end first;
        one that does not let go in half of the time is not waited for: then it is looked at twice
        before anything is sent. Raises NotFlat when there is no proof in time.
        """
        return self._door.flatten(self._by, timeout_s=timeout_s, holding=Taking.ASKED)

    def act_if_free(self, timeout_s: float) -> Snapshot:
        """As `act`, but raises AccountBusy, and sends nothing, when somebody holds the account."""
        return self._door.flatten(self._by, timeout_s=timeout_s, holding=Taking.SPARED)


def flat_told(proof: Snapshot) -> str:
    return f"flat, verified by REST, balance {proof.account.balance_usd:,.2f} USD"


def _told(look: Event) -> str:
    """What the account has, as far as it could be read."""
    if isinstance(look, SnapshotTaken):
        orders, positions = look.snapshot.orders, look.snapshot.positions
        differ = "".join(f"; {one}" for one in look.snapshot.disagreements())
    elif (
        isinstance(look, SnapshotFailed) and look.orders is not None and look.positions is not None
    ):
        orders, positions, differ = look.orders, look.positions, ""
    else:
        why = f" ({look.why})" if isinstance(look, SnapshotFailed) else ""
        return f"cannot be read{why}: flattening by what can be learned on the way"
    held = [f"{p.size:+d} {p.contract_id}" for p in positions if not p.is_flat]
    return f"has {len(orders)} orders alive and holds {', '.join(held) or 'nothing'}{differ}"
