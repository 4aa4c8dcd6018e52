"""Reconciliation and the report: files first, Prefect's artifacts afterwards and at best."""

from pathlib import Path

from prefect import task
from prefect.logging import get_run_logger

from pxcore.closing import end_of_day
from pxcore.config.settings import Settings
from pxcore.gateway.rest import GatewayClient
from pxcore.reports.daily import DailyReport
from pxcore.reports.reconcile import VenueDay
from pxcore.reports.render import headline, to_markdown
from pxcore.session.plan import SessionPlan
from tasks.pages import publish_link, publish_markdown
from tasks.policy import ONCE, QUESTION


@task(name="read-venue", **QUESTION)
def read_venue(client: GatewayClient, plan: SessionPlan) -> VenueDay:
    return end_of_day.read_venue(client, plan)


@task(name="report", **ONCE)
def report(plan: SessionPlan, settings: Settings, venue: VenueDay) -> tuple[DailyReport, Path]:
    made, folder = end_of_day.close_day(plan, settings, venue)
    get_run_logger().info("%s; report in %s", headline(made), folder)
    return made, folder


@task(name="publish", **ONCE)
def publish(made: DailyReport, folder: Path) -> None:
    """On the run's page: the curve, the figures, and a link to the page on this machine's disk."""
    page = (folder / "report.html").resolve()
    account = made.account.split()[0]
    publish_markdown(
        key=f"daily-report-{account}",
        markdown=to_markdown(made, has_picture=True),
        about=headline(made),
    )
    publish_link(
        key=f"report-page-{account}",
        link=page.as_uri(),
        text=f"report.html of {made.session_id}",
        about="The report as a page, on the disk of the machine that ran the session; "
        f"`px report {made.session_id} --open` opens it there.",
    )
