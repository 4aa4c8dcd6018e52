"""The daily-loss report as one HTML file: no script, no network, light and dark, and in print."""

from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from pxcore.reports.chart import ChartMark, chart
from pxcore.reports.daily import DailyReport, TradeLine
from pxcore.reports.equity import equity_chart
from pxcore.reports.measures import Point
from pxcore.reports.render import (
    SESSION_HEADS,
    TRADE_HEADS,
    facts,
    headline,
    incident_lines,
    session_lines,
    trade_cells,
)
from pxcore.text.escaping import for_html


def to_html(report: DailyReport) -> str:
    return _template().render(
        report=report,
        headline=headline(report),
        facts=facts(report)[1:],
        session_heads=SESSION_HEADS,
        sessions=session_lines(report),
        heads=TRADE_HEADS,
        trades=[(trade_cells(t), t.net_usd < 0, t.reason or "") for t in report.trades],
        equity=Markup(equity_chart(report)),  # noqa: S704 - an svg of ours
        prices=Markup(_prices(report)),  # noqa: S704 - so is this
        incidents=incident_lines(report),
        tone=_tone(report),
    )


@cache
def _template() -> jinja2.Template:
    source = files("pxcore.reports").joinpath("templates/report.html.j2").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(source)


def _shown(value: Any) -> Markup:
    """What an expression of the template puts into the page."""
    return value if isinstance(value, Markup) else Markup(for_html(value))  # noqa: S704 - escaped


def _tone(report: DailyReport) -> str:
    if not report.is_flat or report.verdict == "broken":
        return "bad"
    return "loss" if report.day_net_usd < 0 else "good"


def _prices(report: DailyReport) -> str:
    tick = float(report.tick_size)
    points = [Point(p.at, p.value * tick) for p in report.prices]
    marks = [mark for trade in report.trades for mark in _marks(trade)]
    decimals = max(0, -int(report.tick_size.normalize().as_tuple().exponent))
    return chart(points, name="Price, with the trades", unit="", decimals=decimals, marks=marks)


def _marks(trade: TradeLine) -> list[ChartMark]:
    entry = ChartMark(
        at=trade.opened_at,
        value=float(trade.entry_price),
        kind=trade.side,
        text=f"{trade.side} {trade.size} at {trade.entry_price}",
    )
    if trade.closed_at is None or trade.exit_price is None:
        return [entry]
    outcome = "won" if trade.net_usd >= 0 else "lost"
    text = f"out at {trade.exit_price} by {trade.exit_by}, {trade.net_usd:+,.2f} USD"
    return [
        entry,
        ChartMark(at=trade.closed_at, value=float(trade.exit_price), kind=outcome, text=text),
    ]
