"""What of a day's report is worth an alert."""

from pxcore.alerts.occasions import alert_differences, alert_not_flat
from pxcore.config.settings import Settings
from pxcore.reports.daily import DailyReport
from pxcore.reports.render import headline
from pxcore.reports.verdict import Verdict


def is_in_order(report: DailyReport) -> bool:
    """It ended flat, and nothing of it is broken."""
    return report.is_flat and report.verdict != Verdict.BROKEN


def alert_report(settings: Settings, report: DailyReport) -> None:
    """What of the day is not in order is sent."""
    account, about = f"{report.account} ({report.mode})", report.session_id
    if not report.is_flat:
        alert_not_flat(settings, about=about, account=account, why=headline(report))
    if report.verdict == Verdict.BROKEN:
        alert_differences(settings, about=about, account=account, differences=report.differences)
