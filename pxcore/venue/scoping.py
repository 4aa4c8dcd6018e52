"""Which contracts of the account are ours: asked once, before a session, a flatten or a watch.

With PX_FOREIGN=ignore it is the contract of the settings, and those that the day's sessions traded:
a run may have been given another one. Everywhere else it is every contract.
"""

from pxcore.calendar.hours import trading_day_at
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.gateway.rest import GatewayClient, Urgency
from pxcore.host.courtesy import Say, tried
from pxcore.journal.latches import openings_in_journals
from pxcore.model import WHOLE, Foreign, PxError, Scope


def scope_of_session(settings: Settings, contract_id: str) -> Scope:
    """Of who trades this contract by these settings."""
    return settings.foreign.scope(contract_id)


def scope_of(settings: Settings, account_id: int, client: GatewayClient, *, say: Say) -> Scope:
    """Raises Unavailable or Misconfigured when nothing tells which contract is ours."""
    if settings.foreign is not Foreign.IGNORE:
        return WHOLE
    traded = tried(
        "the contracts of today's sessions",
        lambda: _traded_today(settings, account_id),
        say=say,
        otherwise=frozenset[str](),
    )
    try:
        wanted = client.resolve_contract(settings.contract, urgency=Urgency.URGENT).id
    except PxError as error:
        if not traded:
            raise
        say(f"{settings.contract}: {error}; going by what today's sessions traded")
        return Foreign.IGNORE.scope(*traded)
    return Foreign.IGNORE.scope(wanted, *traded)


def _traded_today(settings: Settings, account_id: int) -> frozenset[str]:
    day = trading_day_at(settings.clock.now()).day
    folder = Paths(settings.home).journals
    opened = openings_in_journals(folder, account_id=account_id, trading_day=day)
    return frozenset(one.contract_id for one in opened)
