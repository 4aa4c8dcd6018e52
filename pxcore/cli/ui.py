"""`px ui`: Prefect's own pages, in a browser that is logged in."""

import os
import signal
import sys
import threading
import webbrowser
from urllib.parse import urlencode

import requests
from rich.console import Console

from pxcore.cli.orchestrator import check_port, free_port, start_server, wait_for_server
from pxcore.cli.prefect_session import PrefectSession
from pxcore.config.paths import Paths
from pxcore.config.server_key import renew_server_key
from pxcore.host.bounded_files import write_file
from pxcore.host.spawn import end
from pxcore.model import Misconfigured, Unavailable
from pxcore.ownership.home_lock import household_of
from pxcore.text.escaping import for_html

_ANSWER_S = 10.0
_LINK_LASTS = "the link logs in once, within ten minutes"


def serve_ui(paths: Paths, port: int, run_id: str | None, console: Console, *, opens: bool) -> int:
    """Prefect's server with its UI over the runs of this home, until Ctrl-C; or a link to the one
    of the `px up` that runs here.
    """
    page = f"/runs/flow-run/{run_id}" if run_id else "/runs"
    there = household_of(paths.home)
    if there is not None and there.ui:
        _show(paths, there.ui, page, console, opens=opens, more="of the `px up` that runs here")
        return 0
    if port:
        check_port(port, "Prefect's server")
    paths.make()
    chosen = port or free_port()
    server = start_server(paths, chosen)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        wait_for_server(server, chosen, paths.logs / "prefect-server.log", say=console.print)
        ui = f"http://127.0.0.1:{chosen}"
        _show(paths, ui, page, console, opens=opens, more="Ctrl-C stops it")
        while not stopped.wait(0.5) and server.poll() is None:
            continue
    finally:
        end(server, patience=(12.0, 5.0, 5.0))
    return 0 if stopped.is_set() else 1


def make_new_key(paths: Paths, console: Console) -> int:
    """Raises Misconfigured while `px up` works with the old one."""
    there = household_of(paths.home)
    if there is not None:
        raise Misconfigured(f"{there.text} works with the old key; `px down` stops it")
    renew_server_key(paths)
    console.print("a new key: browsers that were logged in are so no longer")
    return 0


def login_link(paths: Paths, ui: str, page: str) -> str:
    """Good once: it logs a browser in and leads to the page. Raises Unavailable."""
    session = PrefectSession(ui, paths)
    try:
        answer = session.ask("POST", "/px/ticket", timeout_s=_ANSWER_S)
        answer.raise_for_status()
        ticket = answer.json()["ticket"]
    except requests.RequestException as error:
        raise Unavailable(f"{ui} does not answer as the server of this home: {error}") from error
    finally:
        session.close()
    return f"{ui}/px/open?{urlencode({'ticket': ticket, 'page': page})}"


def _show(paths: Paths, ui: str, page: str, console: Console, *, opens: bool, more: str) -> None:
    console.print(login_link(paths, ui, page), soft_wrap=True)
    console.print(f"({more}; {_LINK_LASTS})", soft_wrap=True)
    if opens and _has_screen():
        _open(paths, login_link(paths, ui, page))


def _has_screen() -> bool:
    """A person is here, and a browser could show itself."""
    is_local = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return is_local and sys.stdout.isatty()


def _open(paths: Paths, link: str) -> None:
    """By a file for its owner alone: what a browser is started with, everybody on the machine sees.
    A browser that may not read it has the link that was printed.
    """
    target = for_html(link)
    page = f'<!doctype html><meta http-equiv="refresh" content="0; url={target}">'
    path = paths.prefect / "open.html"
    write_file(path, page.encode())
    path.chmod(0o600)
    webbrowser.open(path.as_uri())
