"""The last step before a session: nothing of the pre-flight list fails, and the plan is made."""

from pxcore.config.settings import Settings
from pxcore.day.window import NotNow
from pxcore.engine.commands import Level, Notice
from pxcore.flatten.recovery import Recovered, Recovery, Say
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Account, Contract, Misconfigured, Unavailable
from pxcore.preflight.local import GATEWAY, HALT, KILL_SWITCH, run_preflight
from pxcore.session.plan import SessionPlan, make_plan
from pxcore.venue.resolve import last_order_id


def plan_session(
    client: GatewayClient,
    account: Account,
    contract: Contract,
    recovered: Recovered,
    settings: Settings,
    *,
    say: Say = lambda notice: None,
) -> SessionPlan:
    """All that was resolved, put together. Raises NotNow as `window_of` does, and what
    `require_fit` raises.

    When there can be no session, a position that it was to take over is flattened first.
    """
    try:
        require_fit(client, settings, say=say)
        return put_together(client, account, contract, recovered, settings)
    except Exception as error:
        if recovered.adopts:
            recovery = Recovery(client, contract, settings, account_id=account.id, say=say)
            recovery.give_up(f"no session goes on with what was found: {error}")
        raise


def require_fit(client: GatewayClient, settings: Settings, *, say: Say) -> None:
    """Nothing on the pre-flight list fails; its warnings are said.

    Raises NotNow while the kill switch is engaged or the day is halted, Unavailable when the
    gateway is away, Misconfigured for anything else that fails.
    """
    found = run_preflight(settings, client=client)
    for one in found.warnings:
        text = f"pre-flight, {one.name}: {one.found}; {one.remedy}"
        say(Notice(level=Level.WARNING, code="preflight.warning", text=text))
    failures = {one.name: f"{one.name}: {one.found}; {one.remedy}" for one in found.failures}
    latched = [name for name in (KILL_SWITCH, HALT) if name in failures]
    if GATEWAY in failures:
        raise Unavailable(failures[GATEWAY])
    if latched and len(failures) == len(latched):
        raise NotNow("; ".join(failures.values()), kind=latched[0])
    if failures:
        raise Misconfigured(*failures.values())


def put_together(
    client: GatewayClient,
    account: Account,
    contract: Contract,
    recovered: Recovered,
    settings: Settings,
) -> SessionPlan:
    """The plan of what was resolved, whatever the list says. Raises as `make_plan` does."""
    return make_plan(
        settings,
        account=account,
        contract=contract,
        opening=recovered.opening,
        adopts_opening=recovered.adopts,
        last_order_id=last_order_id(client, account, settings),
    )
