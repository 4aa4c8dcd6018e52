"""The curve of a day's profit and loss, with the levels that matter to it."""

from pxcore.reports.chart import ChartLine, chart
from pxcore.reports.daily import DailyReport


def equity_chart(report: DailyReport) -> str:
    """An `svg` element, or an empty text when no price was seen."""
    lines = [
        ChartLine(value=0.0, kind="zero", text="where the day began"),
        ChartLine(
            value=-float(report.loss_usd_max),
            kind="limit",
            text=f"daily loss limit, {report.loss_usd_max} USD",
        ),
    ]
    if report.profit_usd_lock is not None:
        lock = report.profit_usd_lock
        lines.append(ChartLine(value=float(lock), kind="lock", text=f"profit lock, {lock} USD"))
    return chart(report.equity, name="Profit and loss of the day", unit="", decimals=2, lines=lines)
