"""Everything that `px up` keeps at work: server, two runners, a watchdog an account, on paper the
gateways. Which process is what, how each is started, and when one is replaced.
"""

import os
import subprocess
import time
from collections.abc import Callable
from functools import partial

from pxcore.bounded_files import read_end
from pxcore.cli.home_paper import HomePaper, remove_facts, write_facts
from pxcore.cli.orchestrator import prefect_environ, start_server, wait_for_server
from pxcore.cli.runners import Runners
from pxcore.cli.schedules import Schedules
from pxcore.cli.upcoming import NextRun, PrefectApi
from pxcore.model import Misconfigured, Unavailable
from pxcore.runtime.accounts import NamedAccount
from pxcore.runtime.household import Kept
from pxcore.runtime.lock import holder_of
from pxcore.runtime.machine import unit_s
from pxcore.runtime.paths import Paths
from pxcore.runtime.process import end, spawn
from pxcore.runtime.run_marks import living_runs
from pxcore.runtime.starting import Spoken, Step, wait_for_end
from pxcore.settings import Settings

_OUTAGE_S = 5.0  # of the API, until it is called away
_LOOK_S = 2.0
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
        self.api = PrefectApi(self.ui, self._paths)
        self._well_at_s = time.monotonic()
        self._is_outage = False
        self._server_starts = 1
        self._schedules: Schedules | None = None
        self._looked_at_s = 0.0
        self._server = Kept("Prefect's server", partial(start_server, self._paths, port), say=say)
        self._gateways = [
            Kept(f"paper gateway of {one.account_id}", one.start, say=say, patience=(35, 5, 5))
            for one in papers
        ]
        self._runners = Runners(self._paths, self.api, self._environ(), say=say)
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
        self._runners.start()
        self._schedules = Schedules(self._paths.home, register=self._register, say=self._say)
        self._well_at_s = time.monotonic()

    def look(self) -> None:
        """Whoever ended is started anew; a runner that the API's outage has harmed is replaced as
        soon as no run hangs on it.
        """
        for kept in (*self._gateways, self._server, *self._runners.kept, *self._watchdogs):
            kept.look()
        if time.monotonic() - self._looked_at_s < _LOOK_S:
            return
        self._looked_at_s = time.monotonic()
        if self._watch_api():
            self._runners.look()
            if self._schedules is not None:
                self._schedules.look()
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
        self._runners.end()
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
        said = read_end(log).strip().splitlines()
        if status == 2:
            raise Misconfigured(*said)
        if status:
            last = (said or ["no reason given"])[-1]
            raise Unavailable(f"the deployments could not be registered: {last}")

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

    def _watch_api(self) -> bool:
        """Is it well now? While it is not, nobody waits for more than this one answer of it."""
        now_s = time.monotonic()
        was_restarted, self._server_starts = (
            self._server.starts > self._server_starts,
            self._server.starts,
        )
        is_well = self.api.is_well()
        if is_well:
            if self._is_outage or was_restarted:
                self._say("Prefect's API is back: runners are replaced once they are idle")
                self._runners.mark_stale()
            self._is_outage = False
            self._well_at_s = now_s
        elif not self._is_outage and now_s - self._well_at_s > _OUTAGE_S:
            self._is_outage = True
            self._say("Prefect's API is away: sessions go on without it")
        return is_well

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
