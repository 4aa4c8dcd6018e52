"""Any start is a recovery: what is on the account, whose is it, and what is done about it.

Orders that a session which died may have sent are looked up by their tags and waited for; then
what is held and alive is adopted, flattened, left alone or refused, as the settings say.
"""

import time
from collections.abc import Callable

import msgspec

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.engine.commands import Level, Notice
from pxcore.engine.start_check import Item, OrphanRemedy, found_in, remedy_for
from pxcore.flatten.door import Door
from pxcore.flatten.lost_orders import LostOrders
from pxcore.gateway.rest import GatewayClient
from pxcore.journal.reader import read_opening
from pxcore.journal.repair import repair
from pxcore.journal.segments import session_of, sessions_in
from pxcore.model import Contract, Misconfigured, Order, OrderType, PxError, Snapshot
from pxcore.ownership.account_lock import AccountLock
from pxcore.ownership.world import world_of
from pxcore.venue.scoping import scope_of_session

_FLATTEN_WITHIN_S = 60.0
_BETWEEN_S = 2.0  # between looks
_WAITING = "waiting: an order of a session that died may still reach the venue"
_FILLING = "waiting: a market order without a tag, such as a close of a session that died, fills"

Say = Callable[[Notice], None]


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """The account as the session begins: flat, or with a position that it takes over."""

    opening: Snapshot
    adopts: bool


class Recovery:
    """`run` once, by the start-up. Sends orders only where the settings allow it."""

    def __init__(
        self,
        client: GatewayClient,
        contract: Contract,
        settings: Settings,
        *,
        account_id: int,
        say: Say,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._contract = contract
        self._settings = settings
        self._account_id = account_id
        self._say = say
        self._sleep = sleep
        self._scope = scope_of_session(settings, contract.id)
        self._day_start = trading_day_at(settings.clock.now()).opens_at
        self._lost = LostOrders(settings, account_id, client, say=say)

    def run(self) -> Recovered:
        """Raises Misconfigured where the settings, or shadow, refuse what was found."""
        recovered = self._recover()
        self._seal_journals()
        return recovered

    def _recover(self) -> Recovered:
        snapshot = self._with_closes_filled(self._look_with_lost_orders_in())
        if snapshot.is_flat:
            return Recovered(opening=snapshot, adopts=False)
        orders = self._client.orders(self._account_id, start=self._day_start)
        found = found_in(snapshot, orders, sessions=our_sessions(self._settings))
        remedy = remedy_for(
            found,
            contract_id=self._contract.id,
            leftovers=self._settings.leftovers,
            foreign=self._settings.foreign,
            may_adopt=not self._lost.may_arrive() and not snapshot.disagreements(),
        )
        self._tell(found, remedy)
        if remedy is OrphanRemedy.REFUSE or self._settings.mode is Mode.SHADOW:
            raise self._refusal(snapshot, found)
        if remedy is OrphanRemedy.ADOPT:
            return Recovered(opening=snapshot, adopts=True)
        return Recovered(opening=self._flatten(found), adopts=False)

    def _seal_journals(self) -> None:
        """Of the day's sessions that died: what a kill tore off is set aside, and said."""
        home, world = Paths(self._settings.home).home, world_of(self._settings)
        with AccountLock(home, self._account_id, holder="start-up", world=world):
            self._seal_each()

    def _seal_each(self) -> None:
        day = trading_day_at(self._settings.clock.now()).day
        for path in sessions_in(Paths(self._settings.home).journals, trading_day=day):
            try:
                if read_opening(path).config.account_id != self._account_id:
                    continue
                done = repair(path)
            except (PxError, OSError, msgspec.MsgspecError) as error:
                text = f"the journal {path.name} is left as it is: {error}"
                self._say(Notice(level=Level.ALARM, code="journal.damaged", text=text))
                continue
            if done is not None:
                self._say(Notice(level=Level.WARNING, code="journal.sealed", text=str(done)))

    def _look_with_lost_orders_in(self) -> Snapshot:
        """Waits for what may still arrive, but not while something is held or alive already."""
        snapshot = self._look()
        while self._lost.look_up():
            if self._lost.may_arrive():
                if not snapshot.is_flat:
                    return snapshot
                self._say(Notice(level=Level.INFO, code="start.waits", text=_WAITING))
                self._sleep(_BETWEEN_S)
            snapshot = self._look()
        return snapshot

    def _with_closes_filled(self, snapshot: Snapshot) -> Snapshot:
        """So soon after a death, what a market order without a tag leaves is judged, not whose it
        is: most likely it is the last close of the session that died.
        """
        while any(map(_may_be_a_close, snapshot.orders)) and self._lost.has_just_died():
            self._say(Notice(level=Level.INFO, code="start.waits", text=_FILLING))
            self._sleep(_BETWEEN_S)
            snapshot = self._look()
        return snapshot

    def _look(self) -> Snapshot:
        seen = self._client.snapshot(self._account_id, day_start=self._day_start)
        if self._client.miscounted is not None:
            text = self._client.miscounted
            self._say(Notice(level=Level.WARNING, code="start.miscounted", text=text))
        return seen.only(self._scope)

    def give_up(self, why: str) -> None:
        """Nobody goes on to guard what was to be taken over: it is flattened. Raises NotFlat."""
        self._say(Notice(level=Level.ALARM, code="start.given_up", text=f"{why}: flattening"))
        self._flatten_for(why)

    def _flatten(self, found: tuple[Item, ...]) -> Snapshot:
        return self._flatten_for(f"found at start: {_listed(found)}")

    def _flatten_for(self, reason: str) -> Snapshot:
        door = Door(
            self._settings,
            self._account_id,
            client=self._client,
            scope=self._scope,
            by="start-up",
            say=self._say,
        )
        return door.flatten(reason, timeout_s=_FLATTEN_WITHIN_S, is_taking_over=True)

    def _tell(self, found: tuple[Item, ...], remedy: OrphanRemedy) -> None:
        for item in found:
            whose = "left by a session of ours" if item.is_ours else "not ours"
            text = f"found {item.text}, {whose}: {remedy}"
            self._say(Notice(level=Level.WARNING, code="start.found", text=text))

    def _refusal(self, snapshot: Snapshot, found: tuple[Item, ...]) -> Misconfigured:
        account = f"account {snapshot.account.id} {snapshot.account.name}"
        if self._settings.mode is Mode.SHADOW:
            return Misconfigured(f"{account} is not flat ({_listed(found)}); shadow sends nothing")
        strange = [i for i in found if not i.is_ours]
        setting = "PX_FOREIGN" if strange else "PX_LEFTOVERS"
        return Misconfigured(
            f"{account} is not flat: {_listed(tuple(strange) or found)} "
            f"{'is not ours' if strange else 'was left by a session of ours'}; flatten it with "
            f"`px flatten`, or say with {setting} what is to be done"
        )


def _may_be_a_close(order: Order) -> bool:
    return order.type is OrderType.MARKET and order.tag is None


def our_sessions(settings: Settings) -> frozenset[str]:
    """Every session whose journal lies here."""
    return frozenset(session_of(path) for path in sessions_in(Paths(settings.home).journals))


def _listed(found: tuple[Item, ...]) -> str:
    return ", ".join(i.text for i in found)
