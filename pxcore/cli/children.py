"""Everything that `px up` keeps running: what runs by itself (`schedule`), a watchdog an account,
on paper the gateways. In which order they begin and end, and that each of them answers.
"""

import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from pxcore.alerts.occasions import HUNG, NO_SCHEDULE, alert_up
from pxcore.calendar.hours import CHICAGO
from pxcore.cli.home_paper import HomePaper, remove_facts, write_facts
from pxcore.cli.schedule import Schedule
from pxcore.cli.signs import of_gateway, of_watchdog
from pxcore.cli.upcoming import NextRun
from pxcore.config.accounts import NamedAccount
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.keep import KeptProcess
from pxcore.host.liveness import Liveness, Watched
from pxcore.host.spawn import spawn
from pxcore.model import PxError, Unavailable
from pxcore.ownership.holders import holder_of
from pxcore.ownership.run_marks import LivingRuns

_LOOK_S = 2.0
_HAPPENED, _HAPPENED_WITHIN = 8, timedelta(days=1)  # that are kept for whoever asks


class Crew:
    """`start`, `await_server` and `begin_schedule`, then `look` again and again, then `end`."""

    def __init__(
        self,
        settings: Settings,
        accounts: tuple[NamedAccount, ...],
        papers: list[HomePaper],
        *,
        port: int,
        say: Callable[[str], None],
    ) -> None:
        """A `port` of 0 is a free one."""
        self._settings = settings
        self._accounts = accounts
        self._papers = papers
        self._paths = Paths(settings.home)
        self._say = say
        self._living = LivingRuns(self._paths.home)
        self._looked_at_s = 0.0
        self._happened: list[tuple[datetime, str]] = []
        self._schedule = Schedule(self._paths, port, say=say, tell=self._tell, accounts=accounts)
        self._gateways = [
            KeptProcess(
                f"paper gateway of {one.account_id}", one.start, say=say, patience=(35, 5, 5)
            )
            for one in papers
        ]
        self._watchdogs = [
            KeptProcess(f"watchdog{one.suffix}", partial(self._start_watchdog, one), say=say)
            for one in accounts
        ]
        self._liveness = Liveness(self._watched(), told=self._tell_hung)

    def _watched(self) -> list[Watched]:
        gateways = zip(self._gateways, self._papers, strict=True)
        ids = [one.id for one in self._accounts]
        if self._papers:
            ids = [paper.account_id for paper in self._papers]
        dogs = zip(self._watchdogs, ids, strict=True)
        return [
            *self._schedule.watched,
            *(of_gateway(kept, paper.url) for kept, paper in gateways),
            *(of_watchdog(kept, self._settings, id_) for kept, id_ in dogs if id_ is not None),
        ]

    def start(self) -> None:
        """What guards money, in order, each part waited for while it moves on; Prefect's server
        takes longest and starts meanwhile. Raises what keeps it from being so, by name.
        """
        self._schedule.start_server()
        for gateway in self._gateways:
            gateway.start()
            self._say(f"{gateway.name} is ready")
        if self._papers:
            write_facts(self._paths, self._papers)
        for dog in self._watchdogs:  # before anything that could leave something behind
            dog.start()
            self._say(f"{dog.name} is started")
        self._liveness.start()

    def await_server(self) -> str | None:
        """None once Prefect's server answers, else why it does not; then the schedule is tried
        again, and its server with it, when it `is_schedule_due`.
        """
        return self._why_not(self._schedule.await_server)

    def begin_schedule(self) -> str | None:
        """What runs by itself. None once it does, else why it does not; then it is tried again when
        it `is_schedule_due`. Raises Misconfigured when a person must set something first.
        """
        return self._why_not(self._schedule.begin)

    def _why_not(self, act: Callable[[], None]) -> str | None:
        try:
            act()
        except Unavailable as error:
            self._tell(NO_SCHEDULE, "nothing runs by itself", f"{error}; it is tried again")
            return str(error)
        return None

    def begin_schedule_again(self) -> None:
        """Whatever keeps it from being so is told, and it is tried again later."""
        try:
            if self.begin_schedule() is None:
                self._say(f"the schedule is running: {self.ui}")
        except PxError as error:
            self._tell(NO_SCHEDULE, "nothing runs by itself", str(error))

    def look(self) -> None:
        """Whoever ended is restarted, and whoever hangs is killed first."""
        self._liveness.look()
        for kept in (*self._gateways, *self._watchdogs):
            kept.look()
        self._schedule.look()
        if time.monotonic() - self._looked_at_s < _LOOK_S:
            return
        self._looked_at_s = time.monotonic()
        self._turn_paper_days()

    def look_after_gateways(self) -> None:
        """While all else is being stopped: what a session flattens on must be there."""
        if self._gateways:
            self._liveness.look(*self._gateways)
        for gateway in self._gateways:
            gateway.look()

    @property
    def ui(self) -> str:
        return self._schedule.ui

    @property
    def is_schedule_due(self) -> bool:
        return self._schedule.is_due

    @property
    def troubles(self) -> tuple[str, ...]:
        """What does not work now."""
        return self._schedule.troubles + self._liveness.troubles

    @property
    def happened(self) -> tuple[str, ...]:
        """What a person was told of it since yesterday, newest last."""
        since = datetime.now(CHICAGO) - _HAPPENED_WITHIN
        return tuple(f"{at:%a %H:%M:%S} {text}" for at, text in self._happened if at > since)

    @property
    def papers(self) -> list[HomePaper]:
        return self._papers

    def next_runs(self) -> list[NextRun]:
        return self._schedule.next_runs()

    def holders(self) -> dict[int, str]:
        """Who holds which account now."""
        ids = [one.id for one in self._accounts if one.id is not None]
        ids += [paper.account_id for paper in self._papers if paper.account_id not in ids]
        found = {account_id: holder_of(self._paths.home, account_id) for account_id in ids}
        return {account_id: holder for account_id, holder in found.items() if holder is not None}

    def runs(self) -> list[str]:
        """Flows that run on one of the runners, but for what runs by itself and may be cut off."""
        found = self._living.look() or ()
        return [mark.flow for mark in found if mark.flow != "sweep"]

    def end(self) -> None:
        """In order: who could start something first, the gateway last."""
        self._liveness.end()
        self._schedule.end_runners()
        for dog in self._watchdogs:
            dog.end()
        self._schedule.end_server()
        for gateway in self._gateways:
            gateway.end()
        if self._papers:
            remove_facts(self._paths)

    # -- telling ------------------------------------------------------------------------------

    def _tell_hung(self, name: str, why: str) -> None:
        self._tell(HUNG, f"{name} did not answer", f"{why}: it is ended and restarted")

    def _tell(self, code: str, title: str, text: str) -> None:
        """On the screen, in `px status`, and by an alert."""
        self._say(text)
        if not self._happened or self._happened[-1][1] != text:
            self._happened = [*self._happened, (datetime.now(CHICAGO), text)][-_HAPPENED:]
        alert_up(self._settings, code=code, title=title, text=text)

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
