"""An account's whole day against the venue, as a task, and the day's end on the run's page."""

from collections.abc import Sequence
from datetime import date

from prefect import task
from prefect.logging import get_run_logger

from pxcore.alerts.occasions import alert_differences
from pxcore.calendar.hours import trading_day_at
from pxcore.closing.day_check import DayChecked, check_day
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.ownership.holders import holder_of
from pxcore.ownership.world import world_of
from pxcore.reports.markdown import table
from pxcore.reports.verdict import Verdict
from pxcore.text.escaping import for_markdown
from pxcore.venue.connect import connect
from pxcore.venue.resolve import resolve_account, resolve_contract
from tasks.pages import publish_markdown
from tasks.policy import ONCE, QUESTION


@task(name="check-account", **QUESTION)
def check_account(settings: Settings) -> DayChecked | None:
    """None while a session holds the account: that one closes its own day."""
    client = connect(settings, waits_for_budget=True)
    account = resolve_account(client, settings)
    holder = holder_of(Paths(settings.home).home, account.id, world_of(settings))
    if holder is not None:
        get_run_logger().warning("account %s: %s has it, and reports its day", account.id, holder)
        return None
    contract = resolve_contract(client, settings)
    day = trading_day_at(settings.clock.now())
    found = check_day(client, account, contract, day, settings)
    if found.verdict == Verdict.BROKEN:
        alert_differences(
            settings,
            about=f"{found.account_id}-{found.trading_day:%Y%m%d}",
            account=f"{found.account_id} ({settings.mode})",
            differences=found.differences,
        )
    return found


@task(name="publish-day", **ONCE)
def publish(day: date, checked: Sequence[DayChecked], problems: Sequence[str]) -> None:
    page = day_page(day, checked, problems)
    publish_markdown(key="trading-day", markdown=page, about=f"{day}")


def day_page(day: date, checked: Sequence[DayChecked], problems: Sequence[str]) -> str:
    """The accounts in a table, and under it what is not in order."""
    rows = [(c.account_id, len(c.sessions), c.fills, c.orders, c.verdict) for c in checked]
    lines = [
        f"# Trading day {day}",
        "",
        *table(("account", "sessions", "fills", "orders", "record"), rows),
        *(f"- {for_markdown(problem)}" for problem in problems),
    ]
    for one in checked:
        lines += [
            "- "
            + for_markdown(
                f"{one.account_id}: {d['kind']}, {d['what']}: ours {d['ours']}, the venue's "
                f"{d['venues']}"
            )
            for d in one.differences
        ]
    return "\n".join(lines)
