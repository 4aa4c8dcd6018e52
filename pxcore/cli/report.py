"""`px report`: the daily-loss report of a session, or those of a day's sessions."""

import webbrowser
from datetime import date
from pathlib import Path

from rich.console import Console

from pxcore.alerts.of_report import is_in_order
from pxcore.cli.output import Form, Output
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.model import Misconfigured, ProtocolError
from pxcore.reports.daily import DailyReport, read_report
from pxcore.reports.render import to_terminal
from pxcore.text.typed import shown
from pxcore.upkeep.old_home import elsewhere


def show_report(
    settings: Settings, which: str | None, console: Console, *, opens: bool, as_json: bool
) -> int:
    """Prints the newest report, the session's, or every one of the day; `opens` their pages in a
    browser. 1 when one did not end flat or its reconciliation was broken, or no browser could
    be opened.
    """
    folders = _folders(Paths(settings.home).home / "reports", which)
    reports = [_read(folder) for folder in folders]
    if as_json:
        Output(Form.JSON).show(reports if _day(which) else reports[-1])
    else:
        for report, folder in zip(reports, folders, strict=True):
            console.print(to_terminal(report))
            console.print(f"report   {folder / 'report.html'}", soft_wrap=True)
    if opens and not all(webbrowser.open((f / "report.html").as_uri()) for f in folders):
        console.print("no browser could be opened", style="bold red")
        return 1
    return int(not all(is_in_order(report) for report in reports))


def _folders(reports: Path, which: str | None) -> list[Path]:
    """By when they were written. Raises Misconfigured when there is none."""
    found = sorted(
        (file.parent for file in reports.glob("px-*/report.json")),
        key=lambda folder: (folder / "report.json").stat().st_mtime,
    )
    day = _day(which)
    if day is not None:
        found = [one for one in found if one.name.startswith(f"px-{day:%Y%m%d}-")]
    elif which is not None:
        if not which.startswith("px-"):
            raise Misconfigured(
                f"{shown(which)} is not a date (write it as 2026-11-30) and not a session's id"
            )
        found = [one for one in found if one.name == which]
    if not found:
        wanted = f" of {which}" if which is not None else " yet"
        raise Misconfigured(f"there is no report{wanted} in {reports}{elsewhere(reports.parent)}")
    return found if day is not None else found[-1:]


def _day(which: str | None) -> date | None:
    """The day that is meant; None for a session or nothing."""
    try:
        return date.fromisoformat(which) if which is not None else None
    except ValueError:
        return None


def _read(folder: Path) -> DailyReport:
    file = folder / "report.json"
    try:
        return read_report(file)
    except ProtocolError as error:
        raise Misconfigured(f"{file} is not a report of this version: {error}") from error
