"""The start-up sync, step by step."""

from prefect import task
from prefect.logging import get_run_logger

from pxcore.calendar.hours import CHICAGO
from pxcore.config.settings import Settings
from pxcore.day.settled import day_terms, is_recovery_due
from pxcore.day.window import NotNow, window_of
from pxcore.flatten.recovery import Recovered, Recovery
from pxcore.gateway.rest import GatewayClient
from pxcore.model import Account, Contract, PxError
from pxcore.ownership.lease import require_free
from pxcore.session import beginning
from pxcore.session.plan import SessionPlan
from pxcore.strategies import make_strategy
from pxcore.venue import resolve
from tasks.policy import ONCE, QUESTION
from tasks.refusals import task_that_may_refuse


@task_that_may_refuse("check-window", **ONCE)
def check_window(settings: Settings) -> str | None:
    """Why the calendar or the clock allows no session, or None.

    Raises NotNow with it, unless a session died today: what it left is looked for at any hour.
    """
    try:
        window = window_of(settings, settings.clock.now())
    except NotNow as reason:
        if not is_recovery_due(settings):
            raise
        get_run_logger().warning("%s; but a session died today: looking for what it left", reason)
        return str(reason)
    get_run_logger().info(
        "trading day %s, window %s to %s Chicago, flat by %s; the program closes by itself at %s",
        window.day,
        *(
            f"{at.astimezone(CHICAGO):%H:%M:%S}"
            for at in (window.start, window.end, window.flat_by, window.program_at)
        ),
    )
    return None


@task(name="check-strategy", **ONCE)
def check_strategy(settings: Settings) -> None:
    make_strategy(settings.strategy, settings.strategy_params)
    get_run_logger().info("strategy %s %s", settings.strategy, settings.strategy_params)


def halt_of_day(plan: SessionPlan, settings: Settings) -> str | None:
    """Why the plan's day is halted by now; None also when nobody can say."""
    try:
        return day_terms(settings, plan.account.id, plan.trading_day).halt_reason
    except PxError:
        return None


@task(name="log-in", **QUESTION)
def log_in(client: GatewayClient) -> None:
    client.login()


@task_that_may_refuse("resolve-account", **QUESTION)
def resolve_account(client: GatewayClient, settings: Settings) -> Account:
    account = resolve.resolve_account(client, settings)
    require_free(settings, account)
    get_run_logger().info(
        "account %s %s, balance %s", account.id, account.name, account.balance_usd
    )
    return account


@task(name="resolve-contract", **QUESTION)
def resolve_contract(client: GatewayClient, settings: Settings) -> Contract:
    contract = resolve.resolve_contract(client, settings)
    get_run_logger().info("contract %s is %s", settings.contract, contract.id)
    return contract


@task_that_may_refuse("recover", **ONCE)
def recover(
    client: GatewayClient, account: Account, contract: Contract, settings: Settings
) -> Recovered:
    """A flat account, one whose position is taken over, or a refusal.

    Sends orders only when the settings allow the flatten.
    """
    logger = get_run_logger()
    return Recovery(
        client,
        contract,
        settings,
        account_id=account.id,
        say=lambda notice: logger.warning("%s", notice.text),
    ).run()


@task_that_may_refuse("plan-session", **QUESTION)
def plan_session(
    client: GatewayClient,
    account: Account,
    contract: Contract,
    recovered: Recovered,
    settings: Settings,
) -> SessionPlan:
    logger = get_run_logger()
    return beginning.plan_session(
        client,
        account,
        contract,
        recovered,
        settings,
        say=lambda notice: logger.warning("%s", notice.text),
    )
