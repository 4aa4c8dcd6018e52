"""The start-up sync: who are we, what do we trade, and is the account clean enough to begin?"""

import time
from collections.abc import Callable

from pxcore.calendar import trading_day_at
from pxcore.engine.commands import Level, Notice
from pxcore.gateway import GatewayClient
from pxcore.journal.store import Store
from pxcore.model import Account, Contract, Misconfigured, Snapshot
from pxcore.runtime.flatten import flatten_account
from pxcore.runtime.lock import AccountLock
from pxcore.runtime.plan import Paths, SessionPlan, make_plan
from pxcore.runtime.strays import strays_of
from pxcore.runtime.venue import Venue
from pxcore.settings import Mode, Settings
from pxcore.strategies import choose_strategy

_FLATTEN_WITHIN_S = 60.0
_STRAYS_S = 2.0  # between looks
_WAITING = "waiting: an entry of a session that died may still reach the venue"


def check_strategy(settings: Settings) -> None:
    """There is such a strategy and it can be made. Raises Misconfigured with every problem."""
    choose_strategy(settings.strategy, settings.strategy_params).make()


def resolve_account(client: GatewayClient, settings: Settings) -> Account:
    """The account by its explicit id. Raises Misconfigured when it is not set, not there, or
    may not trade; also for one that is not simulated: the program forbids automation there.
    """
    if settings.account_id is None:
        raise Misconfigured("PX_ACCOUNT_ID is missing: no account is ever chosen by position")
    account = client.resolve_account(settings.account_id)
    if account.is_simulated is False:
        raise Misconfigured(
            f"account {account.id} {account.name} is a live-funded one: automated trading is "
            "not allowed there"
        )
    return account


def require_free(settings: Settings, account: Account) -> None:
    """Raises AccountBusy when a session, or another command, holds the account now."""
    with AccountLock(Paths(settings.home).home, account.id, holder="start-up"):
        return


def take_snapshot(client: GatewayClient, account: Account, settings: Settings) -> Snapshot:
    """Account, alive orders, open positions and the trading day's fills, by REST."""
    day_start = trading_day_at(settings.clock.now()).opens_at
    return client.snapshot(account.id, day_start=day_start)


def clear_leftovers(
    client: GatewayClient,
    snapshot: Snapshot,
    settings: Settings,
    *,
    say: Callable[[Notice], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Snapshot:
    """A flat account: the snapshot itself when it is flat, else the proof after a flatten.

    While an entry of a session that died may still arrive, it waits and looks again.

    Raises Misconfigured when there are leftovers and the settings do not allow to flatten them,
    or in shadow, where nothing is ever sent.
    """
    may_still_arrive = strays_of(settings, snapshot.account.id)
    while snapshot.is_flat and may_still_arrive(snapshot.taken_at):
        say(Notice(level=Level.INFO, code="start.waits", text=_WAITING))
        sleep(_STRAYS_S)
        snapshot = take_snapshot(client, snapshot.account, settings)
    if snapshot.is_flat:
        return snapshot
    held = [f"{p.size:+d} {p.contract_id}" for p in snapshot.positions if not p.is_flat]
    found = f"{len(snapshot.orders)} orders alive, held: {', '.join(held) or 'nothing'}"
    account = f"account {snapshot.account.id} {snapshot.account.name}"
    if settings.mode is Mode.SHADOW:
        raise Misconfigured(f"{account} is not flat ({found}) and shadow sends nothing")
    if not settings.flatten_on_start:
        raise Misconfigured(
            f"{account} is not flat ({found}); flatten it with `px flatten`, or allow it with "
            "PX_FLATTEN_ON_START=true"
        )
    venue = Venue(
        client,
        account_id=snapshot.account.id,
        day_start=trading_day_at(settings.clock.now()).opens_at,
        clock=settings.clock,
    )
    with AccountLock(Paths(settings.home).home, snapshot.account.id, holder="start-up"):
        return flatten_account(
            venue,
            clock=settings.clock,
            reason=f"leftovers at start: {found}",
            timeout_s=_FLATTEN_WITHIN_S,
            say=say,
            may_still_arrive=may_still_arrive,
        )


def resolve_contract(client: GatewayClient, settings: Settings) -> Contract:
    """The one active contract that the setting names. Raises Misconfigured with candidates."""
    return client.resolve_contract(settings.contract)


def last_order_id(client: GatewayClient, account: Account, settings: Settings) -> int:
    """The newest order id of the trading day, 0 when there is none: ids only grow."""
    day_start = trading_day_at(settings.clock.now()).opens_at
    return max((o.id for o in client.orders(account.id, start=day_start)), default=0)


def plan_session(
    client: GatewayClient,
    account: Account,
    contract: Contract,
    opening: Snapshot,
    settings: Settings,
) -> SessionPlan:
    """All that was resolved, put together. Raises NotNow as `window_of` does."""
    store = Store(Paths(settings.home).store)
    try:
        return make_plan(
            settings,
            account=account,
            contract=contract,
            opening=opening,
            last_order_id=last_order_id(client, account, settings),
            store=store,
        )
    finally:
        store.close()
