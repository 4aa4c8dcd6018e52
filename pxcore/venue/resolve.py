"""Asked of the venue before anything else: which account, which contract, what is there?"""

from pxcore.calendar.hours import trading_day_at
from pxcore.config.settings import Settings
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Account, Contract, Misconfigured, Snapshot


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
