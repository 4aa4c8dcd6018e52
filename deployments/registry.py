"""Every deployment there is, and which of the two runners runs it.

Sessions have a runner of their own: a busy or dead one must never delay a flatten.
"""

from datetime import datetime
from enum import StrEnum

from prefect.deployments.runner import RunnerDeployment

from deployments import (
    end_of_day,
    flatten,
    housekeeping,
    kill_switch,
    preflight,
    safety_flatten,
    sweep,
    trading_day,
    weekly_report,
)
from pxcore.calendar.hours import CHICAGO
from pxcore.config.accounts import accounts
from pxcore.config.settings import (
    AccountlessSettings,
    LenientAccountlessSettings,
    Settings,
    load_settings,
)


class Runner(StrEnum):
    SESSIONS = "sessions"
    SAFETY = "safety"


def deployments_of(runner: Runner) -> list[RunnerDeployment]:
    """Made from the settings and `accounts.toml` as they are now. Raises Misconfigured; for what
    guards positions only when a setting is wrong that it needs.
    """
    kind = LenientAccountlessSettings if runner is Runner.SAFETY else AccountlessSettings
    settings = load_settings(kind=kind)
    each = _each(settings)
    if runner is Runner.SESSIONS:
        return trading_day.deployments(accounts(settings), each)
    return [
        preflight.deployment(each),
        end_of_day.deployment(),
        safety_flatten.deployment(each, datetime.now(CHICAGO).date()),
        flatten.deployment(),
        kill_switch.deployment(),
        sweep.deployment(each),
        weekly_report.deployment(),
        housekeeping.deployment(),
    ]


def _each(settings: Settings) -> list[Settings]:
    """The settings of each account."""
    found: list[Settings] = []
    for account in accounts(settings):
        with account.in_force():
            found.append(load_settings(kind=type(settings)))
    return found


def every_deployment() -> list[RunnerDeployment]:
    return [one for runner in Runner for one in deployments_of(runner)]
