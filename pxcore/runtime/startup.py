"""The start-up sync: who are we, what do we trade, and may we begin?"""

from pxcore.calendar import trading_day_at
from pxcore.gateway import GatewayClient
from pxcore.journal.latches import has_dead_session
from pxcore.model import Account, Contract, Misconfigured, Snapshot
from pxcore.runtime.lease import require_unleased
from pxcore.runtime.lock import AccountLock
from pxcore.runtime.paths import Paths
from pxcore.runtime.world import world_of
from pxcore.settings import Settings
from pxcore.strategies import choose_strategy


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
    """Raises AccountBusy when a session, or another command, holds the account now: here by its
    lock, on another machine by its lease. Raises Unavailable without a store.
    """
    home, world = Paths(settings.home).home, world_of(settings)
    with AccountLock(home, account.id, holder="start-up", world=world):
        require_unleased(settings, account.id)


def take_snapshot(client: GatewayClient, account: Account, settings: Settings) -> Snapshot:
    """Account, alive orders, open positions and the trading day's fills, by REST."""
    day_start = trading_day_at(settings.clock.now()).opens_at
    return client.snapshot(account.id, day_start=day_start)


def resolve_contract(client: GatewayClient, settings: Settings) -> Contract:
    """The one active contract that the setting names. Raises Misconfigured with candidates."""
    return client.resolve_contract(settings.contract)


def last_order_id(client: GatewayClient, account: Account, settings: Settings) -> int:
    """The newest order id of the trading day, 0 when there is none: ids only grow."""
    day_start = trading_day_at(settings.clock.now()).opens_at
    return max((o.id for o in client.orders(account.id, start=day_start)), default=0)


def is_recovery_due(settings: Settings) -> bool:
    """Did a session of the account die today? Asked of its journals; nobody is called."""
    if settings.account_id is None:
        return False
    return has_dead_session(
        Paths(settings.home).journals,
        account_id=settings.account_id,
        trading_day=trading_day_at(settings.clock.now()).day,
    )
