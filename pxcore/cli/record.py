"""Looking back: `px report`, `px ui`."""

import signal
import threading
import webbrowser
from pathlib import Path

import msgspec
from rich.console import Console

from pxcore.cli.orchestrator import check_port, free_port, start_server, wait_for_server
from pxcore.model import Misconfigured
from pxcore.reports.daily import DailyReport
from pxcore.reports.render import to_terminal
from pxcore.runtime.alarms import alert_report
from pxcore.runtime.plan import Paths
from pxcore.runtime.process import end
from pxcore.settings import Settings


def show_report(settings: Settings, session: str | None, console: Console, *, opens: bool) -> int:
    """Prints the session's report, the newest one's by default; `opens` its page in a browser.

    1 when it did not end flat or its reconciliation is broken.
    """
    folder = _find(Paths(settings.home).home / "reports", session, "")
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=DailyReport)
    console.print(to_terminal(report))
    page = folder / "report.html"
    console.print(f"report   {page}", soft_wrap=True)
    if opens and not webbrowser.open(page.as_uri()):
        console.print("no browser could be opened", style="bold red")
        return 1
    return 0 if alert_report(settings, report) else 1


def serve_ui(paths: Paths, port: int, run_id: str | None, console: Console) -> int:
    """Prefect's server with its UI over the runs of this home, until Ctrl-C."""
    if port:
        check_port(port, "Prefect's server")
    paths.make()
    chosen = port or free_port()
    server = start_server(paths, chosen)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        wait_for_server(server, chosen, paths.logs / "prefect-server.log")
        page = f"/runs/flow-run/{run_id}" if run_id else "/runs"
        console.print(f"http://127.0.0.1:{chosen}{page}   (Ctrl-C stops it)", soft_wrap=True)
        while not stopped.wait(0.5) and server.poll() is None:
            continue
    finally:
        end(server, patience=(12.0, 5.0, 5.0))
    return 0 if stopped.is_set() else 1


def _find(folder: Path, session: str | None, suffix: str) -> Path:
    found = sorted(folder.glob(f"px-*{suffix}"), key=lambda p: p.stat().st_mtime)
    if session is not None:
        found = [p for p in found if p.name.removesuffix(suffix) == session]
    if not found:
        raise Misconfigured(f"there is no session {session or ''} in {folder}".replace("  ", " "))
    return found[-1]
