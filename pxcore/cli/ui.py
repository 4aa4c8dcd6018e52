"""`px ui`: Prefect's own pages."""

import signal
import threading

from rich.console import Console

from pxcore.cli.orchestrator import check_port, free_port, start_server, wait_for_server
from pxcore.runtime.home_lock import household_of
from pxcore.runtime.paths import Paths
from pxcore.runtime.process import end


def serve_ui(paths: Paths, port: int, run_id: str | None, console: Console) -> int:
    """Prefect's server with its UI over the runs of this home, until Ctrl-C."""
    there = household_of(paths.home)
    if there is not None and there.ui:
        page = f"/runs/flow-run/{run_id}" if run_id else "/runs"
        console.print(f"{there.ui}{page}   (of the `px up` that runs here)", soft_wrap=True)
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
        page = f"/runs/flow-run/{run_id}" if run_id else "/runs"
        console.print(f"http://127.0.0.1:{chosen}{page}   (Ctrl-C stops it)", soft_wrap=True)
        while not stopped.wait(0.5) and server.poll() is None:
            continue
    finally:
        end(server, patience=(12.0, 5.0, 5.0))
    return 0 if stopped.is_set() else 1
