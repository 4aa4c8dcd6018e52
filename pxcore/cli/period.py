"""`px report --week`, `--month`: an account's days, hours and strategies."""

from datetime import date, timedelta

from pxcore.calendar.hours import trading_day_at
from pxcore.cli.output import Form, Grid, Output
from pxcore.closing.period import read_period
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured
from pxcore.reports.period import DayLine, PeriodGroup, PeriodReport
from pxcore.reports.render import usd
from pxcore.text.typed import shown

_GROUP_HEADS = ("trades", "won", "lost", "win rate", "profit factor", "expectancy", "net")


def day_of(settings: Settings, which: str | None) -> date:
    """The date that is meant, or the trading day now. Raises Misconfigured for a session's id."""
    if which is None:
        return trading_day_at(settings.clock.now()).day
    try:
        return date.fromisoformat(f"{which}-01" if len(which) == len("2026-11") else which)
    except ValueError:
        raise Misconfigured(
            f"{shown(which)} is not a date: --week and --month take one, such as 2026-11-30, or "
            "2026-11"
        ) from None


def month_of(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def show_period(
    settings: Settings, stretch: tuple[date, date], account: int | None, *, as_json: bool
) -> int:
    """0 when every day's reconciliation was in order, 1 when one was broken or a journal could
    not be read.
    """
    out = Output(Form.JSON if as_json else Form.TABLE)
    found, unread = read_period(settings, stretch, account)
    for what in unread:
        out.warn(what)
    out.show(found, *_told(found))
    return int(bool(unread) or any(day.verdict == "broken" for day in found.days))


def _told(report: PeriodReport) -> list[Grid | str]:
    title = f"account {report.account_id}, {report.first} to {report.last}"
    if not report.days:
        return [f"{title}: no trading day on record"]
    return [
        f"{title}: net {usd(report.net_usd)} USD, gross {usd(report.gross_usd)}, "
        f"costs {report.costs_usd:,.2f}",
        "",
        _days(report.days),
        "",
        _groups("hour, Chicago", report.by_hour),
        "",
        _groups("strategy", (*report.by_strategy, report.total)),
        "",
        f"max drawdown, from one day's end to a later one's: {report.deepest_fall_usd:,.2f} USD",
        f"consistency, USD: {report.consistency}",
        *(
            [f"beyond the trades of reported sessions: {usd(report.elsewhere_usd)} USD"]
            if report.elsewhere_usd
            else []
        ),
    ]


def _days(days: tuple[DayLine, ...]) -> Grid:
    heads = ("day", "sessions", "trades", "gross", "costs", "net", "balance", "end", "record")
    rows = [
        (
            str(day.trading_day),
            str(day.sessions),
            str(day.trades),
            usd(day.gross_usd),
            f"{day.costs_usd:,.2f}",
            usd(day.net_usd),
            "-" if day.balance_usd is None else f"{day.balance_usd:,.2f}",
            {True: "flat", False: "NOT FLAT", None: "not compared"}[day.is_flat],
            day.verdict or "-",
        )
        for day in days
    ]
    return Grid(heads, rows, right=heads[1:7])


def _groups(name: str, groups: tuple[PeriodGroup, ...]) -> Grid:
    rows = [
        (
            one.name,
            str(one.trades),
            str(one.wins),
            str(one.losses),
            "-" if one.win_rate is None else f"{one.win_rate:.0%}",
            "-" if one.profit_factor is None else f"{one.profit_factor:.2f}",
            usd(one.expectancy_usd),
            usd(one.net_usd),
        )
        for one in groups
    ]
    return Grid((name, *_GROUP_HEADS), rows, right=_GROUP_HEADS)
