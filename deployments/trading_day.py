"""`trading-day`: every weekday, ten minutes before its account's window begins.

The schedule only starts the run; the flow holds it against calendar and window, and a run that
comes late trades what is left of the window or is skipped.
"""

from collections.abc import Sequence

from prefect.deployments.runner import RunnerDeployment

from deployments.hours import START_UP, before_window
from deployments.make import made
from flows.trading_day import trading_day
from pxcore.config.accounts import NamedAccount
from pxcore.config.settings import Settings

SESSION = "session"  # the tag of what trades


def deployments(
    accounts: Sequence[NamedAccount], each: Sequence[Settings]
) -> list[RunnerDeployment]:
    """One for each account; `each` are the settings that it trades with."""
    return [_of(account, one) for account, one in zip(accounts, each, strict=True)]


def queue_of(account: NamedAccount) -> str:
    """Of a work pool: the machine that may trade the account serves it."""
    return account.label or "sessions"


def _of(account: NamedAccount, settings: Settings) -> RunnerDeployment:
    which = f" of account {account.id}" if account.label else ""
    return made(
        trading_day,
        f"trading-day{account.suffix}",
        about=f"Start up, trade the window, reconcile and report{which}.",
        schedules=[before_window(settings, START_UP)],
        parameters={"run": {"account": account.id}} if account.label else None,
        tags=[SESSION],
    )
