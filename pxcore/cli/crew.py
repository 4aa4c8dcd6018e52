"""Everything that `px up` keeps at work: server, two runners, a watchdog an account, on paper the
gateways. Which process is what, how each is started, and when one is replaced.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pxcore.cli.home_paper import HomePaper, remove_facts, write_facts
from pxcore.cli.orchestrator import prefect_environ, start_server, wait_for_server
from pxcore.cli.upcoming import NextRun, PrefectApi
from pxcore.model import Misconfigured, Unavailable
from pxcore.runtime.accounts import NamedAccount
from pxcore.runtime.household import Kept
from pxcore.runtime.lock import holder_of
from pxcore.runtime.machine import unit_s
from pxcore.runtime.paths import Paths
from pxcore.runtime.process import end, spawn
from pxcore.runtime.run_marks import RUNNER, living_runs
from pxcore.runtime.starting import Hangs, Spoken, Step, wait_for_end, wait_until
from pxcore.settings import Settings

RUNNERS = ("sessions", "safety")
_TAGS = {  # of the deployments that each serves, and what those of the other have besides
    "sessions": {"wanted": "session"},
    "safety": {"wanted": "px", "but_not": "session"},
}
_OUTAGE_S = 5.0  # of the API: a runner's way to end a run may not have survived it
_LOOK_S = 2.0
_RUNNER_STARTS = 3  # of one that ends at its start
_SCHEDULES = 7  # deployments with a schedule, of one account
_SCHEDULED_UNITS = 15.0  # for the first screen alone


class Crew:
    """`start`, then `look` again and again, then `end`."""

    def __init__(
        self,
        settings: Settings,
        accounts: tuple[NamedAccount, ...],
        papers: list[HomePaper],
        *,
        port: int,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._papers = papers
        self._paths = Paths(settings.home)
        self._port = port
        self._say = say
        self.ui = f"http://127.0.0.1:{port}"
        self.api = PrefectApi(self.ui)
        self._numbers = dict.fromkeys(RUNNERS, 0)
        self._stale: set[str] = set()
        self._well_at_s = time.monotonic()
        self._is_outage = False
        self._server_starts = 1
        self._looked_at_s = 0.0
        self._server = Kept("Prefect's server", partial(start_server, self._paths, port), say=say)
        self._gateways = [
            Kept(f"paper gateway of {one.account_id}", one.start, say=say, patience=(35, 5, 5))
            for one in papers
        ]
        self._runners = {
            name: Kept(f"runner {name}", partial(self._start_runner, name), say=say)
            for name in RUNNERS
        }
        self._watchdogs = [
            Kept(f"watchdog{one.suffix}", partial(self._start_watchdog, one), say=say)
            for one in accounts
        ]

    def start(self) -> None:
        """All of it, in order, each part waited for while it moves on. Raises what keeps it from
        being so, by name.
        """
        for gateway in self._gateways:
            gateway.start()
        if self._papers:
            write_facts(self._paths, self._papers)
        for dog in self._watchdogs:  # before anything that could leave something behind
            dog.start()
        server = self._server.start()
        log = self._paths.logs / "prefect-server.log"
        wait_for_server(server, self._port, log, say=self._say)
        self._register()
        self._start_runners()
        self._well_at_s = time.monotonic()

    def look(self) -> None:
        """Whoever ended is started anew; a runner that the API's outage has harmed is replaced as
        soon as no run hangs on it.
        """
        for kept in (*self._gateways, self._server, *self._runners.values(), *self._watchdogs):
            kept.look()
        if time.monotonic() - self._looked_at_s < _LOOK_S:
            return
        self._looked_at_s = time.monotonic()
        self._watch_api()
        self._replace_stale()
        self._turn_paper_days()

    def look_after_gateways(self) -> None:
        """While all else is being stopped: what a session flattens on must be there."""
        for gateway in self._gateways:
            gateway.look()

    @property
    def papers(self) -> list[HomePaper]:
        return self._papers

    def next_runs(self) -> list[NextRun]:
        """Waits a little for the server to have scheduled what was registered just now."""
        began_s, found = time.monotonic(), self.api.next_runs()
        limit_s = 0.0 if len(found) >= _SCHEDULES else _SCHEDULED_UNITS * unit_s()
        while len(found) < _SCHEDULES and time.monotonic() - began_s < limit_s:
            time.sleep(0.3)
            found = self.api.next_runs()
        return found

    def holders(self) -> dict[int, str]:
        """Who holds which account now."""
        ids = [one.id for one in self._accounts if one.id is not None]
        ids += [paper.account_id for paper in self._papers if paper.account_id not in ids]
        found = {account_id: holder_of(self._paths.home, account_id) for account_id in ids}
        return {account_id: holder for account_id, holder in found.items() if holder is not None}

    def runs(self) -> list[str]:
        """Flows at work on one of the runners, but for what runs by itself and may be cut off."""
        return [mark.flow for mark in living_runs(self._paths.home) if mark.flow != "sweep"]

    def end(self) -> None:
        """In order: who could start something first, the gateway last."""
        for name in RUNNERS:
            self._runners[name].end()
        for dog in self._watchdogs:
            dog.end()
        self._server.end()
        for gateway in self._gateways:
            gateway.end()
        if self._papers:
            remove_facts(self._paths)

    # -- starting -----------------------------------------------------------------------------

    def _environ(self) -> dict[str, str]:
        return prefect_environ(self._paths, self._port)

    def _register(self) -> None:
        """In a process of its own: nothing of Prefect's is imported here. It says a line for each
        deployment that is registered.
        """
        log = self._paths.logs / "register.log"
        log.unlink(missing_ok=True)  # what it says is ours to tell, if it fails
        process = spawn("deployments.register", stderr=log, environ=self._environ())
        step = Step("the registering of the deployments", process, log=log, say=self._say)
        try:
            spoken = Spoken(process)
            while spoken.next(step) is not None:
                continue
            status = wait_for_end(process, step)
        finally:
            end(process, patience=(1.0, 5.0, 5.0))
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if status == 2:
            raise Misconfigured(*said)
        if status:
            last = (said or ["no reason given"])[-1]
            raise Unavailable(f"the deployments could not be registered: {last}")

    def _start_runners(self) -> None:
        """Both at once; each has asked the server what is due before the first screen says so."""
        began = datetime.now(UTC)
        started = {name: runner.start() for name, runner in self._runners.items()}
        for name, process in started.items():
            self._wait_for_runner(name, process, began)

    def _wait_for_runner(
        self, name: str, process: "subprocess.Popen[str]", began: datetime
    ) -> None:
        """One that ends is started again, a few times: a server that is busy may turn it away."""
        while True:
            step = Step(f"runner {name}", process, log=self._log_of(name), say=self._say)
            try:
                wait_until(partial(self._is_served, name, began), step)
                return
            except Hangs:
                raise
            except Unavailable as error:
                if self._runners[name].starts >= _RUNNER_STARTS:
                    raise
                self._say(f"{error}: started again")
            process = self._runners[name].start()

    def _is_served(self, runner: str, since: datetime) -> bool:
        return self.api.unpolled(since, **_TAGS[runner]) == []

    def _start_runner(self, name: str) -> "subprocess.Popen[str]":
        self._numbers[name] += 1
        self._stale.discard(name)
        log = self._log_of(name)
        return spawn(
            "pxcore.runtime.tether",
            sys.executable,
            "-m",
            "deployments.serve",
            name,
            stderr=log,
            stdout=log,
            environ=self._environ() | {RUNNER: self._runner_name(name)},
        )

    def _log_of(self, runner: str) -> Path:
        return self._paths.logs / f"runner-{runner}.log"

    def _runner_name(self, name: str) -> str:
        return f"{os.getpid()}-{name}-{self._numbers[name]}"

    def _start_watchdog(self, account: NamedAccount) -> "subprocess.Popen[str]":
        log = self._paths.logs / f"watchdog{account.suffix}.out"
        return spawn(
            "pxcore.cli",
            "watchdog",
            "--tied",
            stderr=log,
            stdout=log,
            environ=dict(os.environ) | account.environ(),
        )

    # -- looking ------------------------------------------------------------------------------

    def _watch_api(self) -> None:
        now_s = time.monotonic()
        was_restarted, self._server_starts = (
            self._server.starts > self._server_starts,
            self._server.starts,
        )
        if self.api.is_well():
            if self._is_outage or was_restarted:
                self._say("Prefect's API is back: runners are replaced once they are idle")
                self._stale |= set(RUNNERS)
            self._is_outage = False
            self._well_at_s = now_s
        elif not self._is_outage and now_s - self._well_at_s > _OUTAGE_S:
            self._is_outage = True
            self._say("Prefect's API is away: sessions go on without it")

    def _replace_stale(self) -> None:
        if not self._stale:
            return
        busy = {mark.runner for mark in living_runs(self._paths.home)}
        for name in sorted(self._stale):
            if self._runner_name(name) not in busy:
                self._say(f"runner {name} is replaced")
                self._runners[name].replace()

    def _turn_paper_days(self) -> None:
        """A market whose day is over goes on before its next open, when nobody is at it."""
        over = [i for i, paper in enumerate(self._papers) if paper.is_day_over]
        if not over or self.runs() or self.holders():
            return
        for i in over:
            self._gateways[i].end()
            self._papers[i].next_day()
        write_facts(self._paths, self._papers)
        for i in over:
            self._gateways[i].look()
            self._say(f"paper market of {self._papers[i].account_id}: the next day begins")
