"""`px demo`: one paper trading day, from nothing to the daily report.

Starts the paper gateway and Prefect's server on free ports, runs the trading-day flow against
them, shows it, and ends everything it started. The settings of a real gateway play no part: the
processes of a demo get their settings from here alone.
"""

import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from pxcore.cli.day import FlowProcess, Interrupted, Interrupts, NoDay
from pxcore.cli.market import choose_market
from pxcore.cli.orchestrator import (
    check_port,
    free_port,
    px_environ,
    start_server,
    wait_for_server,
)
from pxcore.cli.paper import Paper
from pxcore.cli.screen import Screen
from pxcore.model import PxError
from pxcore.reports.daily import DailyReport
from pxcore.reports.render import to_terminal
from pxcore.runtime.plan import Paths
from pxcore.runtime.process import end
from pxcore.settings import Settings

_LEAD_S = 8.0  # of ours, from the paper market's first step to the window's start
_STOP_S = 60.0  # for a day that was asked to stop: flatten, reconcile, report
_STATUS_INTERRUPTED = 130


class DemoRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for. `account_id` is for the day; the paper account has its
    own. `port` 0 is a free one, `window_s` in seconds of ours.
    """

    seed: int
    symbol: str
    file: Path | None
    window_s: float
    account_id: int | None
    port: int
    json: Path | None


class Demo:
    """One demo. `run` returns the exit status; nothing is left running, whatever happens."""

    def __init__(self, request: DemoRequest, settings: Settings, console: Console) -> None:
        self._request = request
        self._paths = Paths(settings.home)
        self._console = console
        self._screen = Screen(console, "px demo")
        self._interrupts = Interrupts(lambda: self._screen.say("stopping already, please wait"))
        self._flow: FlowProcess | None = None
        self._paper: Paper | None = None

    def run(self) -> int:
        """0 for a day that ended flat and reconciled, 130 for one broken off and flat."""
        with self._interrupts, ExitStack() as stack:
            try:
                return self._run(stack)
            except Interrupted:
                return self._stop()
            finally:
                self._interrupts.disarm()

    def _run(self, stack: ExitStack) -> int:
        request, paths = self._request, self._paths
        if request.port:
            check_port(request.port, "the paper gateway")
        market = choose_market(
            request.file,
            symbol=request.symbol,
            seed=request.seed,
            lead_s=_LEAD_S,
            window_s=request.window_s,
        )
        self._screen.say(market.description)
        paths.logs.mkdir(parents=True, exist_ok=True)
        server_port = free_port()
        server = start_server(paths, server_port)
        stack.callback(end, server, patience=(12.0, 5.0, 5.0))
        self._screen.say(f"starting Prefect's server, UI http://127.0.0.1:{server_port}")
        wait_for_server(server, server_port, paths.logs / "prefect-server.log")
        self._paper = Paper(
            paths,
            market,
            seed=request.seed,
            port=request.port,
            file=None if request.file is None else str(request.file.resolve()),
        )
        stack.callback(self._paper.end)
        self._paper.wait_until_listening()
        self._screen.say(
            f"paper gateway on {self._paper.url}, account {self._paper.account_id}: "
            "this day trades paper money there and nothing else"
        )
        wanted = market.settings | self._paper.settings() | {"PX_HOME": str(paths.home)}
        if request.account_id is not None:
            wanted["PX_ACCOUNT_ID"] = str(request.account_id)
        environ = px_environ(os.environ, wanted)
        self._flow = FlowProcess(paths, port=server_port, environ=environ, cwd=paths.logs)
        stack.callback(self._flow.end)
        with self._screen:
            outcome = self._flow.follow(self._screen)
        return self._conclude(outcome)

    def _conclude(self, outcome: dict[str, Any]) -> int:
        """The report, where it lies, and the verdict as an exit status."""
        self._interrupts.disarm()
        folder = Path(outcome["report"]).parent
        report = msgspec.json.decode((folder / "report.json").read_bytes(), type=DailyReport)
        self._console.print(to_terminal(report))
        self._screen.say(f"report   {folder / 'report.md'}")
        self._screen.say(f"journal  {self._paths.journal(outcome['session_id'])}")
        self._screen.say(f"the run  px ui, then /runs/flow-run/{outcome['flow_run_id']}")
        if self._request.json is not None:
            self._request.json.write_bytes(
                msgspec.json.format(msgspec.json.encode(outcome), indent=2) + b"\n"
            )
        return 0 if outcome["flat"] and outcome["reconciled"] else 1

    def _stop(self) -> int:
        """After Ctrl-C: the session flattens, the day is closed, the account is looked at."""
        if self._paper is None or self._flow is None:
            self._screen.say("stopped before the session began: nothing was traded")
            return _STATUS_INTERRUPTED
        self._screen.say("stopping: the session flattens and the day is closed")
        self._flow.ask_to_stop()
        patience = threading.Timer(_STOP_S, self._flow.end)
        patience.start()
        try:
            self._flow.follow(self._screen)
        except NoDay as reason:
            self._screen.say(f"the day was not closed: {reason}")
        finally:
            patience.cancel()
        account = f"paper account {self._paper.account_id}"
        try:
            is_flat = self._paper.is_flat()
        except PxError as error:
            self._screen.say(
                f"stopped; whether {account} is flat is not known: {error}", "bold red"
            )
            return 1
        if not is_flat:
            self._screen.say(f"stopped, but {account} is NOT FLAT", "bold red")
            return 1
        self._screen.say(f"stopped: {account} is flat with no order alive, verified by REST")
        return _STATUS_INTERRUPTED
