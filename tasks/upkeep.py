"""The week's report and the housekeeping, as tasks."""

from datetime import UTC, datetime, timedelta

from prefect import get_client, task
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterStartTime
from prefect.logging import get_run_logger

from pxcore.closing.period import week_report
from pxcore.config.settings import Settings
from pxcore.reports.markdown import table
from pxcore.reports.period import PeriodReport
from pxcore.reports.render import usd
from pxcore.text.escaping import for_markdown
from pxcore.upkeep.housekeeping import Busy, housekeep
from tasks.pages import publish_markdown
from tasks.policy import ONCE

_PAGE = 200
_RUNS_AT_ONCE = 5000  # more are left to the next time


@task(name="report-week", **ONCE)
def report_week(settings: Settings) -> str:
    """One line; the tables are on the run's page."""
    report = week_report(settings)
    publish_markdown(
        key=f"week-{report.account_id}",
        markdown=week_page(report),
        about=f"{report.first} to {report.last}",
    )
    return f"account {report.account_id}: {usd(report.net_usd)} USD in {len(report.days)} days"


def week_page(report: PeriodReport) -> str:
    """Days, and trades by strategy and hour, in a table each."""
    days = [
        (
            d.trading_day,
            d.sessions,
            d.trades,
            usd(d.gross_usd),
            f"{d.costs_usd:,.2f}",
            usd(d.net_usd),
            d.verdict or "not compared",
        )
        for d in report.days
    ]
    groups = [
        (g.name, g.trades, g.wins, g.losses, usd(g.expectancy_usd), usd(g.net_usd))
        for g in (*report.by_strategy, *report.by_hour, report.total)
    ]
    return "\n".join(
        [
            f"# Account {report.account_id}, {report.first} to {report.last}",
            "",
            f"Net {usd(report.net_usd)} USD, max drawdown {report.deepest_fall_usd:,.2f} USD. "
            f"Consistency: {for_markdown(report.consistency)}",
            "",
            *table(("day", "sessions", "trades", "gross", "costs", "net", "record"), days),
            *table(("strategy, hour", "trades", "won", "lost", "expectancy", "net"), groups),
        ]
    )


@task(name="keep-house", **ONCE)
def keep_house(settings: Settings) -> str:
    """What was removed, packed and copied, by kind."""
    try:
        kept = housekeep(settings, now=datetime.now(UTC))
    except Busy as busy:
        return str(busy)
    for problem in kept.problems:
        get_run_logger().error("%s", problem)
    for held in kept.held:
        get_run_logger().warning("stays: %s: %s", held.name, held.why)
    groups = {
        "journals of days removed": kept.journals,
        "logs removed": kept.logs,
        "reports removed": kept.reports,
        "journals packed": kept.packed,
        "backups made": kept.backups,
    }
    return ", ".join(f"{len(group.names)} {name}" for name, group in groups.items())


@task(name="remove-old-runs", **ONCE)
def remove_old_runs(settings: Settings) -> int:
    """Runs that began longer ago than the logs are kept are removed from Prefect's server."""
    if not settings.keep_logs_days:
        return 0
    before = datetime.now(UTC) - timedelta(days=settings.keep_logs_days)
    old = FlowRunFilter(start_time=FlowRunFilterStartTime(before_=before))
    removed = 0
    with get_client(sync_client=True) as client:
        while removed < _RUNS_AT_ONCE:
            runs = client.read_flow_runs(flow_run_filter=old, limit=_PAGE)
            for run in runs:
                client.delete_flow_run(run.id)
            removed += len(runs)
            if len(runs) < _PAGE:
                break
    get_run_logger().info("%s runs from before %s removed", removed, before)
    return removed
