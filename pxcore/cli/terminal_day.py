"""One trading day from the terminal: Prefect's server, the flow, progress, report, and the end.

`px demo` and `px run` differ in what they prepare; the rest is the same and is here.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from pxcore.cli.day import FlowProcess, Interrupted, Interrupts
from pxcore.cli.no_day import NoDay
from pxcore.cli.orchestrator import free_port, start_server, wait_for_server
from pxcore.cli.screen import Screen
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.spawn import end
from pxcore.host.starting import Hangs
from pxcore.model import ProtocolError, PxError
from pxcore.ownership.home_lock import household_of
from pxcore.reports.daily import read_report
from pxcore.reports.render import to_terminal
from pxcore.text.plain import plain_json

_STOP_S = 60.0  # for a day that was asked to stop: flatten, reconcile, report
STATUS_INTERRUPTED = 130


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What a day runs with. `is_flat` asks the venue by REST; `account` names it for a person;
    `idle_s` is how long the day's start may rest, in seconds: for an answer, or for an order that
    may still reach the venue.
    """

    account: str
    idle_s: float
    environ: dict[str, str]
    cwd: Path
    is_flat: Callable[[], bool]


def idle_s(settings: Settings) -> float:
    """Of a start: an answer that is not coming, then an order that may still arrive."""
    return settings.connect_timeout_s + settings.reply_timeout_s + settings.unknown_grace_s


class TerminalDay:
    """`run` returns the exit status; nothing is left running, whatever happens. `is_apart`: its
    home is not the one that other commands look in.
    """

    def __init__(
        self,
        paths: Paths,
        console: Console,
        *,
        title: str,
        json: Path | None,
        is_apart: bool = False,
    ) -> None:
        self.screen = Screen(console, title)
        self._paths = paths
        self._console = console
        self._json = json
        self._prefix = f"PX_HOME={paths.home} " if is_apart else ""
        self._interrupts = Interrupts(lambda: self.screen.say("stopping already, please wait"))
        self._flow: FlowProcess | None = None
        self._prepared: Prepared | None = None

    def run(self, prepare: Callable[[ExitStack], Prepared]) -> int:
        """0 for a day that ended flat and reconciled, 130 for one broken off and flat.

        `prepare` is called once Prefect's server is up; what it starts goes on the stack.
        Raises Misconfigured when the home folder cannot be written.
        """
        self._paths.make()
        with self._interrupts, ExitStack() as stack:
            try:
                return self._conclude(self._day(stack, prepare))
            except Interrupted:
                return self._stop()
            except Hangs as error:
                if self._flow is None:  # nothing that could trade was started
                    raise
                self.screen.say(str(error), "bold red")
                self._interrupts.disarm()
                self._stop()
                return 1
            finally:
                self._interrupts.disarm()

    def _day(self, stack: ExitStack, prepare: Callable[[ExitStack], Prepared]) -> dict[str, Any]:
        paths = self._paths
        port = self._server_port(stack)
        self._prepared = prepare(stack)
        self._flow = FlowProcess(
            paths, port=port, environ=self._prepared.environ, cwd=self._prepared.cwd
        )
        stack.callback(self._flow.end)
        step = self._flow.starting(self.screen, idle_s=self._prepared.idle_s)
        with self.screen:
            outcome = self._flow.follow(self.screen, step)
        self._interrupts.disarm()
        return outcome

    def _server_port(self, stack: ExitStack) -> int:
        """Of the server that `px up` keeps, or of one of our own: two would share a database."""
        there = household_of(self._paths.home)
        if there is not None and there.ui:
            self.screen.say(f"on the server of `px up`, UI {there.ui}")
            return int(there.ui.rsplit(":", 1)[1])
        port = free_port()
        server = start_server(self._paths, port)
        stack.callback(end, server, patience=(12.0, 5.0, 5.0))
        self.screen.say(f"starting Prefect's server, UI http://127.0.0.1:{port}")
        log = self._paths.logs / "prefect-server.log"
        wait_for_server(server, port, log, say=self.screen.say)
        return port

    def _conclude(self, outcome: dict[str, Any]) -> int:
        """The report, where it lies, and the verdict as an exit status."""
        folder = Path(outcome["report"]).parent
        self._show_report(folder / "report.json")
        self.screen.say(f"report   {folder / 'report.md'}")
        self.screen.say(f"journal  {self._paths.journal(outcome['session_id'])}")
        self.screen.say(f"the run  {self._prefix}px ui {outcome['flow_run_id']}")
        self._write_json(outcome)
        return 0 if outcome["flat"] and outcome["reconciled"] else 1

    def _show_report(self, file: Path) -> None:
        """The day is over and its outcome known: a report that cannot be read changes neither."""
        try:
            self._console.print(to_terminal(read_report(file)))
        except (OSError, ProtocolError) as error:
            self.screen.say(f"{file} cannot be shown: {error}", "yellow")

    def _stop(self) -> int:
        """After Ctrl-C: the session flattens, the day is closed, the account is looked at."""
        if self._prepared is None or self._flow is None:
            self.screen.say("stopped before the session began: nothing was traded")
            return STATUS_INTERRUPTED
        self.screen.say("stopping: the session flattens and the day is closed")
        self._flow.ask_to_stop()
        patience = threading.Timer(_STOP_S, self._flow.end)
        patience.start()
        try:
            self._conclude(self._flow.follow(self.screen))
        except NoDay as reason:
            self.screen.say(f"the day was not closed: {reason}")
        finally:
            patience.cancel()
        account = self._prepared.account
        try:
            is_flat = self._prepared.is_flat()
        except PxError as error:
            self.screen.say(f"stopped; whether {account} is flat is not known: {error}", "red")
            return 1
        if not is_flat:
            self.screen.say(f"stopped, but {account} is NOT FLAT", "bold red")
            return 1
        self.screen.say(f"stopped: {account} is flat with no order alive, verified by REST")
        return STATUS_INTERRUPTED

    def _write_json(self, outcome: dict[str, Any]) -> None:
        if self._json is not None:
            text = msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode()
            self._json.write_text(f"{plain_json(text, 'utf-8')}\n", encoding="utf-8")
