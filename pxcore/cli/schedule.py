"""What runs by itself: Prefect's server, the deployments in it, and the two runners.

None of it guards money. So whatever keeps it from working is told and tried again, while gateways
and watchdogs go on.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import requests

from pxcore.alerts.occasions import NO_SCHEDULE, SET_ASIDE
from pxcore.cli.orchestrator import prefect_environ, wait_for_server
from pxcore.cli.prefect_session import PrefectSession
from pxcore.cli.registered import Registered
from pxcore.cli.runners import Runners
from pxcore.cli.server import NAME as SERVER
from pxcore.cli.server import KeptServer
from pxcore.cli.settings_watch import SettingsWatch, Times
from pxcore.cli.signs import Asking, of_runner, of_server
from pxcore.cli.upcoming import NextRun, PrefectApi
from pxcore.config.accounts import NamedAccount
from pxcore.config.began_with import telling
from pxcore.config.paths import Paths
from pxcore.host.bounded_files import read_end
from pxcore.host.liveness import Watched
from pxcore.host.pace import unit_s
from pxcore.host.spawn import end, spawn
from pxcore.host.starting import Spoken, Step, wait_for_end
from pxcore.model import Misconfigured, PxError, Unavailable
from pxcore.text.plain import plain

_OUTAGE_S = 5.0  # of the API, until it is called away
_LOOK_S = 2.0
_AGAIN_S = 15.0  # after a start that came to nothing
_SCHEDULES = 7  # deployments with a schedule, of one account
_SCHEDULED_UNITS = 15.0  # for the first screen alone

Say = Callable[[str], None]
Tell = Callable[[str, str, str], None]  # what kind, in short, and in full


class Schedule:
    """`begin`, then `look` again and again, and `begin` again when it `is_due`; then the ends.

    `tell` is for what a person is to know who does not sit at the screen. What is registered and
    served is of these `accounts` alone.
    """

    def __init__(
        self,
        paths: Paths,
        port: int,
        *,
        say: Say,
        tell: Tell,
        accounts: tuple[NamedAccount, ...] = (),
    ) -> None:
        self._paths = paths
        self._say = say
        self._tell = tell
        self._telling = telling(accounts)
        self._server = KeptServer(
            paths, port, say=say, set_aside=self._was_set_aside, moved=self._was_moved
        )
        self.api = PrefectApi(self.ui, paths)
        self._runners = Runners(paths, self.api, self._environ(), say=say)
        self._server_watched = of_server(self._server.kept, self._asking())
        self.watched: tuple[Watched, ...] = (
            self._server_watched,
            *(of_runner(kept, n, self._asking()) for n, kept in self._runners.by_name.items()),
        )
        self._why_not = "it was not begun"
        self._is_begun = False
        self._again_at_s = self._looked_at_s = 0.0
        self._well_at_s = time.monotonic()
        self._is_outage = False
        self._told = ""
        self._served = 0  # which start of the server the runners know
        self._settings_watch: SettingsWatch | None = None
        self._registered: Times | None = None  # just now, and as these times wish it

    @property
    def ui(self) -> str:
        return self._server.ui

    @property
    def is_due(self) -> bool:
        """It was not begun, or must begin again, and the server is there for it."""
        is_there = self._server_watched.is_answering
        return not self._is_begun and is_there and time.monotonic() >= self._again_at_s

    @property
    def troubles(self) -> tuple[str, ...]:
        """Why nothing, or not everything, of it works now."""
        if self._server_watched.is_answering:
            return () if self._is_begun else (f"nothing runs by itself: {self._why_not}",)
        if self._server.kept.trouble:
            return (f"nothing runs by itself: {self._server.trouble}",)
        return () if self._is_begun else (f"nothing runs by itself: {self._why_not}",)

    def start_server(self) -> None:
        """Its process alone, which takes long: all else may start meanwhile."""
        try:
            self._server.kept.start()
        except (PxError, OSError) as error:  # told, and tried again, by whoever waits for it
            self._why_not = str(error)

    def await_server(self) -> None:
        """It answers when this returns. Raises what keeps it from that, by name."""
        server = self._server.kept
        try:
            wait_for_server(
                server.process or server.start(),
                self._server.port,
                self._server.log,
                say=self._say,
            )
        except PxError as error:
            self._not_now(error)
            raise

    def begin(self) -> None:
        """Each part waited for while it moves on. Raises what keeps it from being so, by name."""
        server = self._server.kept
        try:
            self.await_server()
            watch = SettingsWatch(self._paths.home, register=self._register, say=self._say)
            watch.begin()
            self._runners.start()
            if self._registered is not None:  # a runner registers what it serves, in its own words
                self._note(self._registered)
        except PxError as error:
            self._not_now(error)
            raise
        self._is_begun = True
        self._settings_watch = watch
        self._served = server.starts
        self._well_at_s = time.monotonic()

    def look(self) -> None:
        """Whoever ended is restarted; a runner that the API's outage has harmed is replaced as
        soon as no run hangs on it.
        """
        self._server.kept.look()
        if self._is_begun:
            for kept in self._runners.kept:
                kept.look()
        if time.monotonic() - self._looked_at_s < _LOOK_S:
            return
        self._looked_at_s = time.monotonic()
        if self._watch_api() and self._is_begun:
            self._runners.look()
            if self._settings_watch is not None:
                self._settings_watch.look()

    def next_runs(self) -> list[NextRun]:
        """Waits a little for the server to have scheduled what was registered just now."""
        began_s, found = time.monotonic(), self.api.next_runs()
        limit_s = 0.0 if len(found) >= _SCHEDULES else _SCHEDULED_UNITS * unit_s()
        while len(found) < _SCHEDULES and time.monotonic() - began_s < limit_s:
            time.sleep(0.3)
            found = self.api.next_runs()
        return found

    def _not_now(self, error: PxError) -> None:
        self._why_not = str(error)
        self._again_at_s = time.monotonic() + _AGAIN_S

    def end_runners(self) -> None:
        self._runners.end()

    def end_server(self) -> None:
        self._server.kept.end()

    # -- beginning ----------------------------------------------------------------------------

    def _environ(self) -> dict[str, str]:
        return {**prefect_environ(self._paths, self._server.port), **self._telling}

    def _asking(self) -> Asking:
        return Asking(lambda: self._server.ui, self._paths)

    def _register(self, times: Times | None) -> None:
        """All of it, unless the server has it as it is wanted, by these `times`."""
        self._registered = None
        registered = self._registry()
        if times is not None and registered.is_current(times):
            self._say("deployments are registered as they are wanted already")
            return
        try:
            registered.forget()
        except requests.RequestException as error:
            raise Unavailable(f"{SERVER} cannot be asked: {plain(str(error))}") from error
        self._register_all()
        self._registered = times
        if times is not None:
            self._note(times)

    def _note(self, times: Times) -> None:
        with suppress(requests.RequestException):  # then all is registered at the next start, too
            self._registry().note(times)

    def _registry(self) -> Registered:
        return Registered(PrefectSession(self.ui, self._paths))

    def _register_all(self) -> None:
        """In a process of its own: nothing of Prefect's is imported here. It says a line for each
        deployment that is registered.
        """
        log = self._paths.logs / "register.log"
        log.unlink(missing_ok=True)  # what it says is ours to tell, if it fails
        process = spawn("deployments.register", stderr=log, environ=self._environ())
        step = Step("the registration of the deployments", process, log=log, say=self._say)
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

    def _was_set_aside(self, text: str) -> None:
        self._tell(SET_ASIDE, "Prefect's database could not be read", text)

    def _was_moved(self, text: str) -> None:
        """The runners know the old address alone: no word of theirs goes there any more."""
        self._tell(NO_SCHEDULE, "Prefect's server has another port", text)
        self.api = PrefectApi(self.ui, self._paths)
        self._runners.move(self.api, self._environ())
        self._start_over("Prefect's server starts on another port")

    def _start_over(self, why: str) -> None:
        self._is_begun, self._why_not, self._again_at_s = False, why, 0.0

    # -- looking ------------------------------------------------------------------------------

    def _watch_api(self) -> bool:
        """Is it well now? By the last look of its watch: nobody waits for it here."""
        now_s, starts = time.monotonic(), self._server.kept.starts
        if not self._server_watched.is_answering:
            if self._is_begun and not self._is_outage and now_s - self._well_at_s > _OUTAGE_S:
                self._is_outage = True
                self._say("Prefect's API is away: sessions go on without it")
            if self._server.kept.is_failing:
                self._tell_failing()
            return False
        is_new = self._is_begun and starts != self._served
        is_empty = self.api.is_empty() if is_new else False
        if is_empty is None:
            return False
        if is_empty:
            self._start_over("its database is a new one, in which nothing is registered yet")
        elif self._is_begun and (self._is_outage or is_new):
            self._say("Prefect's API is back: runners are replaced once they are idle")
            self._runners.mark_stale()
        self._served = starts
        self._is_outage = False
        self._told = self._server.kept.trouble = ""
        self._well_at_s = now_s
        return True

    def _tell_failing(self) -> None:
        """Once for each reason."""
        why = self._server.kept.trouble
        if why != self._told:
            self._told = why
            self._tell(NO_SCHEDULE, "nothing runs by itself", self._server.trouble)
