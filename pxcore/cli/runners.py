"""The two runners of `px up`: started, replaced when an outage of the API has harmed them and no
run hangs on them, and what a runner took and never began given to the one that follows it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pxcore.cli.upcoming import PrefectApi, TakenRun
from pxcore.config.paths import Paths
from pxcore.host.computing import computed_s
from pxcore.host.keep import KeptProcess
from pxcore.host.pace import unit_s
from pxcore.host.spawn import kill_tethered, spawn
from pxcore.host.starting import Hangs, Step, wait_until
from pxcore.model import Unavailable
from pxcore.ownership.run_marks import RUNNER, LivingRuns

RUNNERS = ("sessions", "safety")
TAGS = {  # of the deployments that each serves, and what those of the other have besides
    "sessions": {"wanted": "session"},
    "safety": {"wanted": "px", "but_not": "session"},
}
_STARTS = 3  # of one that ends at its start
_OWN_PROCESSES = 2  # of an idle runner: the tether, and itself
_BEGINS_UNITS = 20.0  # a run's process begins, and leaves its mark, within so many
_LOST_LOOK_S = 10.0
_LAST_WORDS_UNITS = 10.0  # from the end of a flow to the end of its process
_LAST_WORDS_LOOK_S = 0.1
_KILLED_WITHIN_S = 2.0
_GIVEN_BACK_WITHIN = timedelta(minutes=10)  # later than so nobody wants it to begin any more


class Runners:
    """`start`, then `look` again and again, then `end`. `mark_stale` when the API was away."""

    def __init__(
        self,
        paths: Paths,
        api: PrefectApi,
        environ: Mapping[str, str],
        *,
        say: Callable[[str], None],
    ) -> None:
        self._living = LivingRuns(paths.home)
        self._paths = paths
        self._api = api
        self._environ = environ
        self._say = say
        self._numbers = dict.fromkeys(RUNNERS, 0)
        self._began = dict.fromkeys(RUNNERS, datetime.min.replace(tzinfo=UTC))
        self._stale: set[str] = set()
        self._looked_at_s = time.monotonic()
        self._kept = {
            name: KeptProcess(
                f"runner {name}", partial(self._start, name), say=say, kill=kill_tethered
            )
            for name in RUNNERS
        }

    @property
    def by_name(self) -> Mapping[str, KeptProcess]:
        return self._kept

    @property
    def kept(self) -> tuple[KeptProcess, ...]:
        return tuple(self._kept.values())

    def start(self) -> None:
        """Both at once; each has asked the server what is due when this returns. Those of before
        are killed, and their runs go on without them.
        """
        self._kill()
        began = datetime.now(UTC)
        started = {name: runner.start() for name, runner in self._kept.items()}
        for name, process in started.items():
            self._wait_for(name, process, began)

    def move(self, api: PrefectApi, environ: Mapping[str, str]) -> None:
        """To a server at another address, once they are restarted."""
        self._api, self._environ = api, environ
        self._kill()

    def _kill(self) -> None:
        for runner in self._kept.values():
            runner.kill()
            if runner.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    runner.process.wait(_KILLED_WITHIN_S)

    def mark_stale(self) -> None:
        """A runner's way to end a run may not have survived what has happened."""
        self._stale |= set(RUNNERS)

    def look(self) -> None:
        """Replaces who is stale and idle, and looks for what a runner before these has taken."""
        for name in sorted(self._stale):
            if self._is_idle(name):
                self._say(f"runner {name} is replaced")
                self._kept[name].replace()
        if time.monotonic() - self._looked_at_s > _LOST_LOOK_S:
            self._looked_at_s = time.monotonic()
            self._see_to_lost()

    def end(self) -> None:
        """A run that is over may have yet to tell the server so, and a runner that is told to end
        calls all that it runs Cancelled. One that is not over by now is not waited for.
        """
        until_s = time.monotonic() + _LAST_WORDS_UNITS * unit_s()
        while self._living.look() == () and time.monotonic() < until_s:
            if not any(map(self._has_more_than_itself, self._kept)):
                break
            time.sleep(_LAST_WORDS_LOOK_S)
        for runner in self._kept.values():
            runner.end()

    # -- starting -----------------------------------------------------------------------------

    def _start(self, name: str) -> "subprocess.Popen[str]":
        self._numbers[name] += 1
        self._stale.discard(name)
        self._began[name] = datetime.now(UTC)
        log = self._log_of(name)
        return spawn(
            "pxcore.host.tether",
            sys.executable,
            "-m",
            "deployments.serve",
            name,
            stderr=log,
            stdout=log,
            environ={**self._environ, RUNNER: self._name_of(name)},
        )

    def _wait_for(self, name: str, process: "subprocess.Popen[str]", began: datetime) -> None:
        """One that ends is started again, a few times: a server that is busy may turn it away."""
        last = self._kept[name].starts + _STARTS - 1
        while True:
            step = Step(f"runner {name}", process, log=self._log_of(name), say=self._say)
            try:
                wait_until(partial(self._is_served, name, began), step)
                self._say(f"runner {name} is ready")
                return
            except Hangs:
                raise
            except Unavailable as error:
                if self._kept[name].starts >= last:
                    raise
                self._say(f"{error}: started again")
            process = self._kept[name].start()

    def _is_served(self, runner: str, since: datetime) -> bool:
        return self._api.unpolled(since, **TAGS[runner]) == []

    def _log_of(self, runner: str) -> Path:
        return self._paths.logs / f"runner-{runner}.log"

    def _name_of(self, name: str) -> str:
        return f"{os.getpid()}-{name}-{self._numbers[name]}"

    # -- replacing ----------------------------------------------------------------------------

    def _is_idle(self, name: str) -> bool:
        """No run of it has a mark, none has a process that has not left its mark yet, and none was
        taken of which there is no process yet. Where processes cannot be looked at, marks decide.
        """
        living = self._living.look()
        if living is None or self._name_of(name) in {mark.runner for mark in living}:
            return False
        if self._has_more_than_itself(name):
            return False
        taken = self._api.taken(**TAGS[name])
        return taken is not None and not any(_is_young(run) for run in taken)

    def _has_more_than_itself(self, name: str) -> bool:
        """A run's process, with a mark or without one."""
        process = self._kept[name].process
        there = None if process is None else computed_s([process.pid])
        return there is not None and len(there) > _OWN_PROCESSES

    def _see_to_lost(self) -> None:
        """A run that was taken before its runner of now began, and has no process that would begin
        it: nothing of it has happened, so it is given to this one. A flatten is not lost like this.
        """
        marks = self._living.look()
        if marks is None:
            return
        living = {mark.run_id for mark in marks}
        for name in RUNNERS:
            for run in self._api.taken(**TAGS[name]) or ():
                if run.since > self._began[name] or run.id in living or _is_young(run):
                    continue
                is_late = datetime.now(UTC) - run.since > _GIVEN_BACK_WITHIN
                if is_late or run.loosens:
                    if self._api.give_up(run.id):
                        self._say(f"run {run.name}: its runner ended before it began: Crashed")
                elif self._api.give_back(run.id):
                    self._say(f"run {run.name}: its runner ended before it began; it begins again")


def _is_young(run: TakenRun) -> bool:
    return datetime.now(UTC) - run.since < timedelta(seconds=_BEGINS_UNITS * unit_s())
