"""`trading-day`: every weekday before the open, one for each account.

A schedule is a wish; the flow holds the run against calendar and window, and a run that comes
late trades what is left of the window or is skipped.
"""

from prefect.deployments.runner import RunnerDeployment

from deployments.make import chicago, made
from flows.trading_day import trading_day
from pxcore.runtime.accounts import NamedAccount

SCHEDULE = chicago("20 8 * * 1-5", "weekdays-0820-chicago")
SESSION = "session"  # the tag of what trades


def deployments(accounts: tuple[NamedAccount, ...]) -> list[RunnerDeployment]:
    return [_of(account) for account in accounts]


def queue_of(account: NamedAccount) -> str:
    """Of a work pool: the machine that may trade the account serves it."""
    return account.label or "sessions"


def _of(account: NamedAccount) -> RunnerDeployment:
    which = f" of account {account.id}" if account.label else ""
    return made(
        trading_day,
        f"trading-day{account.suffix}",
        about=f"Start up, trade the window, reconcile and report{which}.",
        schedules=[SCHEDULE],
        parameters={"run": {"account": account.id}} if account.label else None,
        tags=[SESSION],
    )
