"""Processes that are kept running: each restarted when it ends, later and later if it goes on.

They hang on our pipes, so that none outlives us for longer than it must.
"""

import subprocess
import time
from collections.abc import Callable, Sequence

from pxcore.host.spawn import end
from pxcore.model import PxError

_BACK_OFF_S = (0.5, 2.0, 5.0, 15.0, 30.0)
_FAILING = 3
_STEADY_S = 60.0  # one that lived for so long starts again at once
_PATIENCE_S = (15.0, 10.0, 5.0)


class KeptProcess:
    """One process. `start` makes it; `say` is told what becomes of it. `trouble` is what ended it
    last, or kept it from starting.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], "subprocess.Popen[str]"],
        *,
        say: Callable[[str], None],
        patience: Sequence[float] = _PATIENCE_S,
        kill: Callable[["subprocess.Popen[str]"], None] = subprocess.Popen.kill,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._start = start
        self._say = say
        self._patience = patience
        self._kill = kill
        self._now_s = now_s
        self._process: subprocess.Popen[str] | None = None
        self._started_at_s = 0.0
        self._due_at_s = 0.0
        self._failures = 0
        self.starts = 0
        self.trouble = ""

    @property
    def is_alive(self) -> bool:
        process = self._process  # other threads ask, too
        return process is not None and process.poll() is None

    @property
    def is_failing(self) -> bool:
        """It has ended, or not started, some times in a row."""
        return self._failures >= _FAILING

    @property
    def process(self) -> "subprocess.Popen[str] | None":
        return self._process

    def start(self) -> "subprocess.Popen[str]":
        """Raises what starting raises."""
        self._process = self._start()
        self.starts += 1
        self._started_at_s = self._now_s()
        return self._process

    def look(self) -> None:
        """Restarts it when it has ended and its time has come."""
        now_s = self._now_s()
        if self._process is not None and (status := self._process.poll()) is not None:
            lived_s = now_s - self._started_at_s
            self._failures = 0 if lived_s > _STEADY_S else self._failures + 1
            wait_s = _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
            self._due_at_s = now_s + wait_s
            self._process = None
            self.trouble = f"{self.name} ended with status {status}"
            self._say(f"{self.trouble}: restarted in {wait_s:g} s")
        if self._process is None and now_s >= self._due_at_s:
            try:
                self.start()
            except (PxError, OSError) as error:
                self._failures += 1
                self._due_at_s = now_s + _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
                self.trouble = f"{self.name} does not start: {error}"
                self._say(self.trouble)

    def replace(self) -> None:
        """Ends it and restarts it now."""
        self.end()
        self._due_at_s = 0.0
        self.look()

    def kill(self) -> None:
        """At once, as one is ended that heeds nothing else; `look` restarts it."""
        if self._process is not None and self._process.poll() is None:
            self._kill(self._process)

    def end(self) -> None:
        """Its pipe is closed, then it is told, then it is killed."""
        if self._process is not None:
            end(self._process, patience=self._patience)
            self._process = None
