"""The daily-loss report as Markdown (a file, and the run's page in Prefect) and for a terminal."""

from decimal import Decimal

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pxcore.reports.chart import picture
from pxcore.reports.daily import DailyReport, TradeLine, clock_text
from pxcore.reports.equity import equity_chart
from pxcore.reports.markdown import table
from pxcore.reports.measures import Latency
from pxcore.reports.others import all_incidents
from pxcore.text.counting import counted
from pxcore.text.escaping import for_markdown, for_terminal

TRADE_HEADS = (
    "side",
    "size",
    "opened",
    "held s",
    "entry",
    "exit",
    "exit by",
    "MAE",
    "MFE",
    "slip",
    "gross",
    "costs",
    "net",
)


SESSION_HEADS = ("session", "began", "trades", "net", "ended by", "record")


def usd(amount: Decimal | None) -> str:
    """Signed dollars and cents; a dash for what is not known."""
    return "-" if amount is None else f"{amount:+,.2f}"


def facts(report: DailyReport) -> list[tuple[str, str]]:
    """The report's figures, one name and one text each, in the order in which they matter."""
    of_session = " of this session" if session_lines(report) else ""
    limit = f"{report.loss_usd_max:,.2f}"
    tightest = "-" if report.headroom_usd_min is None else f"{report.headroom_usd_min:,.2f}"
    return [
        ("result", headline(report)),
        ("account", f"{report.account} ({report.mode})"),
        ("contract", f"{report.contract}, strategy {report.strategy}"),
        ("market", report.market),
        (
            "window",
            f"{clock_text(report.window_start)} to {clock_text(report.window_end)} Chicago",
        ),
        ("ended by", report.ended or "killed: the journal has no last row"),
        *_money(report),
        ("balance, USD", f"{report.balance_usd:,.2f}"),
        ("daily loss limit, USD", f"{limit}; least headroom to any limit {tightest}"),
        *_limits(report),
        ("entries", _entries(report)),
        ("denied", _counts(report.day_denials)),
        (
            f"data{of_session}",
            f"{report.reconnects} reconnects, {report.bad_records} bad records, "
            f"{report.conflated_quotes} quotes skipped, {_gaps(report)}",
        ),
        *((f"{one.stretch}{of_session}, ms", _latency(one)) for one in report.latencies),
    ]


def _entries(report: DailyReport) -> str:
    """Of the day."""
    others = report.others
    sent = report.entries_sent + sum(one.entries_sent for one in others)
    protected = report.protected + sum(one.protected for one in others)
    unprotected_s = report.unprotected_s + sum(one.unprotected_s for one in others)
    return f"{sent} sent, {protected} protected, {unprotected_s:.3f} s unprotected"


def incident_lines(report: DailyReport) -> list[tuple[str, str, str, str]]:
    """Of all the day's sessions: when, how bad, its code, and its text with whose it is."""
    found = all_incidents(report.session_id, report.incidents, report.others)
    return [
        (
            clock_text(one.at),
            str(one.level),
            one.code,
            one.text if name == report.session_id else f"{one.text} ({name})",
        )
        for name, one in found
    ]


def _money(report: DailyReport) -> list[tuple[str, str]]:
    """The day's, by the venue's fills; and what of it this session made, if there were others."""
    made = report if report.day is None else report.day.figures
    found = [
        ("net P&L of the day, USD", usd(made.net_usd)),
        ("gross P&L of the day, USD", usd(made.gross_usd)),
        ("fees and commissions, USD", f"{made.costs_usd:,.2f}"),
    ]
    if session_lines(report):
        mine = f"{usd(report.net_usd)}, {_trades(len(report.trades))}"
        found.append(("of that this session, USD", mine))
    return found


def session_lines(report: DailyReport) -> list[tuple[str, ...]]:
    """Of a day that this session was not alone in: every session apart, oldest first."""
    day = report.day
    if day is None or [one.session_id for one in day.sessions] == [report.session_id]:
        return []
    verdicts = {one.session_id: one.verdict for one in report.others}
    verdicts[report.session_id] = report.verdict
    lines: list[tuple[str, ...]] = [
        (
            one.session_id,
            "-" if one.began is None else clock_text(one.began),
            str(one.figures.trades),
            usd(one.figures.net_usd),
            one.ended or "-",
            verdicts.get(one.session_id) or "-",
        )
        for one in day.sessions
    ]
    unread = "its journal cannot be read"
    return lines + [(name, "-", "-", "-", unread, "-") for name in day.unread]


def _gaps(report: DailyReport) -> str:
    if not report.gaps:
        return "no gap in the quotes"
    longest_s = max((gap.until - gap.since).total_seconds() for gap in report.gaps)
    return f"{len(report.gaps)} gaps in the quotes, the longest {longest_s:.0f} s"


def _latency(one: Latency) -> str:
    return f"p50 {one.p50_ms:.1f}, p99 {one.p99_ms:.1f}, max {one.max_ms:.1f} of {one.count}"


def _limits(report: DailyReport) -> list[tuple[str, str]]:
    """The day's highest point and max drawdown, and the limits that are set besides."""
    found: list[tuple[str, str]] = []
    if report.peak_usd is not None and report.worst_drawdown_usd is not None:
        limit = report.drawdown_usd_max
        fall = f"{report.worst_drawdown_usd:,.2f}" + (f" of {limit:,.2f}" if limit else "")
        found.append(("peak, max drawdown, USD", f"{usd(report.peak_usd)}, {fall}"))
    if report.balance_usd_floor is not None:
        room = report.balance_usd - report.balance_usd_floor
        floor = f"{report.balance_usd_floor:,.2f}; {room:,.2f} above it"
        found.append(("loss floor of the account, USD", floor))
    if report.consistency is not None:
        found.append(("consistency, USD", str(report.consistency)))
    if report.profit_usd_lock is not None:
        found.append(("profit lock, USD", f"{report.profit_usd_lock:,.2f}"))
    return found


def headline(report: DailyReport) -> str:
    """One line for a list of runs: what the day came to, whatever sessions it had."""
    flat = "flat" if report.is_flat else "NOT FLAT"
    trades = _trades(report.day_trades)
    return f"{flat}, {report.day_verdict}, {trades}, {usd(report.day_net_usd)} USD"


def _trades(count: int) -> str:
    return counted(count, "trade")


def to_markdown(report: DailyReport, *, has_picture: bool = False) -> str:
    """With the equity curve as an image in the text, for pages that show one."""
    lines = [
        f"# Daily-loss report {report.trading_day}",
        "",
        f"Session {for_markdown(report.session_id)}",
        "",
    ]
    curve = equity_chart(report) if has_picture else ""
    if curve:
        lines += [f"![profit and loss of the day, USD]({picture(curve)})", ""]
    lines += table(("", ""), facts(report))
    if sessions := session_lines(report):
        lines += ["## Sessions of the day", "", *table(SESSION_HEADS, sessions)]
    lines += ["## Trades of this session", "", *table(TRADE_HEADS, map(trade_cells, report.trades))]
    lines += ["## Incidents", ""]
    lines += [
        f"- {for_markdown(at)} {for_markdown(level)}: {for_markdown(code)}, {for_markdown(text)}"
        for at, level, code, text in incident_lines(report)
    ] or ["none"]
    heading = "## Reconciliation" + (" of this session" if session_lines(report) else "")
    lines += ["", heading, "", f"Verdict: **{for_markdown(report.verdict)}**", ""]
    if report.differences:
        lines += table(
            ("what", "ours", "the venue's", "kind"),
            [(d["what"], d["ours"], d["venues"], d["kind"]) for d in report.differences],
        )[:-1]
    else:
        lines.append("Orders, fills, P&L, fees and balance agree to the cent.")
    return "\n".join(lines) + "\n"


def to_terminal(report: DailyReport) -> RenderableType:
    figures = Table.grid(padding=(0, 2))
    figures.add_column(style="dim", no_wrap=True)
    figures.add_column(overflow="fold")
    for name, text in facts(report):
        figures.add_row(name, Text(for_terminal(text)))
    sessions = Table(box=None, padding=(0, 1), header_style="dim")
    for head in SESSION_HEADS:
        sessions.add_column(head, justify="right" if head in ("trades", "net") else "left")
    for line in session_lines(report):
        sessions.add_row(*(Text(for_terminal(cell)) for cell in line))
    trades = Table(box=None, padding=(0, 1), header_style="dim")
    for head in TRADE_HEADS:
        trades.add_column(
            head, no_wrap=True, justify="left" if head in ("side", "exit by") else "right"
        )
    for trade in report.trades:
        trades.add_row(*(Text(for_terminal(cell)) for cell in trade_cells(trade)))
    parts: list[RenderableType] = [figures, Text("")]
    if sessions.row_count:
        parts += [sessions, Text("")]
    parts.append(trades)
    for difference in report.differences:
        text = f"{difference['kind']}: {difference['what']}, ours {difference['ours']}, "
        text += f"venue's {difference['venues']}"
        parts.append(Text(for_terminal(text), style="bold red"))
    for at, level, _, text in incident_lines(report):
        parts.append(Text(for_terminal(f"{at} {level}: {text}")))
    title = Text(for_terminal(f"Daily-loss report {report.trading_day}"))
    return Panel(Group(*parts), title=title, expand=False)


def trade_cells(trade: TradeLine) -> tuple[str, ...]:
    return (
        trade.side,
        str(trade.size),
        clock_text(trade.opened_at),
        "-" if trade.held_s is None else f"{trade.held_s:.1f}",
        trade.entry_price,
        trade.exit_price or "-",
        trade.exit_by,
        trade.adverse_ticks or "-",
        trade.favourable_ticks or "-",
        _slip(trade),
        usd(trade.gross_usd),
        f"{trade.costs_usd:.2f}",
        usd(trade.net_usd),
    )


def _slip(trade: TradeLine) -> str:
    """Ticks worse than the price at decision, and than the stop's level."""
    parts = (trade.entry_slip_ticks, trade.exit_slip_ticks)
    return "/".join("-" if part is None else part for part in parts)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
