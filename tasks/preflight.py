"""The pre-flight list as a task, and as a table on the run's page."""

from prefect import task
from prefect.logging import get_run_logger

from pxcore.config.settings import Settings
from pxcore.preflight.local import Preflight, alert_failures, run_preflight
from tasks.pages import publish_table
from tasks.policy import ONCE


@task(name="check", **ONCE)
def check(settings: Settings) -> Preflight:
    """It never raises for what it finds; what fails is alerted."""
    found = run_preflight(settings)
    alert_failures(settings, found)
    for one in found.checks:
        if one.remedy:
            get_run_logger().warning("%s %s: %s; %s", one.name, one.verdict, one.found, one.remedy)
    rows = [
        {"check": c.name, "verdict": c.verdict.value, "found": c.found, "what to do": c.remedy}
        for c in found.checks
    ]
    fit = "fit to trade" if found.is_fit else "NOT fit to trade"
    publish_table(
        key=f"preflight-{settings.account_id or 'none'}",
        rows=rows,
        about=f"account {settings.account_id}: {fit}",
    )
    return found
