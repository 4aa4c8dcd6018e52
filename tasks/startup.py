"""The start-up sync, step by step."""

from prefect import task
from prefect.logging import get_run_logger

from pxcore.gateway import GatewayClient
from pxcore.model import Account, Contract, Snapshot
from pxcore.runtime import startup
from pxcore.runtime.plan import SessionPlan, window_of
from pxcore.settings import Settings
from tasks.policy import ONCE, QUESTION


@task(name="check-window", **ONCE)
def check_window(settings: Settings) -> None:
    """Raises NotNow when the calendar or the clock allows no session."""
    day, start, end, flat_by = window_of(settings, settings.clock.now())
    get_run_logger().info(
        "trading day %s, window %s to %s UTC, flat by %s", day, start, end, flat_by
    )


@task(name="check-strategy", **ONCE)
def check_strategy(settings: Settings) -> None:
    startup.check_strategy(settings)
    get_run_logger().info("strategy %s %s", settings.strategy, settings.strategy_params)


@task(name="log-in", **QUESTION)
def log_in(client: GatewayClient) -> None:
    client.login()


@task(name="resolve-account", **QUESTION)
def resolve_account(client: GatewayClient, settings: Settings) -> Account:
    account = startup.resolve_account(client, settings)
    startup.require_free(settings, account)
    get_run_logger().info(
        "account %s %s, balance %s", account.id, account.name, account.balance_usd
    )
    return account


@task(name="resolve-contract", **QUESTION)
def resolve_contract(client: GatewayClient, settings: Settings) -> Contract:
    contract = startup.resolve_contract(client, settings)
    get_run_logger().info("contract %s is %s", settings.contract, contract.id)
    return contract


@task(name="take-snapshot", **QUESTION)
def take_snapshot(client: GatewayClient, account: Account, settings: Settings) -> Snapshot:
    return startup.take_snapshot(client, account, settings)


@task(name="clear-leftovers", **ONCE)
def clear_leftovers(client: GatewayClient, snapshot: Snapshot, settings: Settings) -> Snapshot:
    """A flat account, or a refusal. Sends orders only when the settings allow the flatten."""
    logger = get_run_logger()
    return startup.clear_leftovers(
        client, snapshot, settings, say=lambda notice: logger.warning(notice.text)
    )


@task(name="plan-session", **QUESTION)
def plan_session(
    client: GatewayClient,
    account: Account,
    contract: Contract,
    opening: Snapshot,
    settings: Settings,
) -> SessionPlan:
    return startup.plan_session(client, account, contract, opening, settings)
