"""Processes that are kept at work: each started anew when it ends, later and later if it goes on.

They hang on our pipes, so that none outlives us for longer than it must.
"""

import subprocess
import time
from collections.abc import Callable, Sequence

from pxcore.model import PxError
from pxcore.runtime.process import end

_BACK_OFF_S = (0.5, 2.0, 5.0, 15.0, 30.0)
_STEADY_S = 60.0  # one that lived for so long starts anew at once
_PATIENCE_S = (15.0, 10.0, 5.0)


class Kept:
    """One process. `start` makes it; `say` is told what becomes of it."""

    def __init__(
        self,
        name: str,
        start: Callable[[], "subprocess.Popen[str]"],
        *,
        say: Callable[[str], None],
        patience: Sequence[float] = _PATIENCE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._start = start
        self._say = say
        self._patience = patience
        self._now_s = now_s
        self._process: subprocess.Popen[str] | None = None
        self._started_at_s = 0.0
        self._due_at_s = 0.0
        self._failures = 0
        self.starts = 0

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

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
        """Starts it anew when it has ended and its time has come."""
        now_s = self._now_s()
        if self._process is not None and (status := self._process.poll()) is not None:
            lived_s = now_s - self._started_at_s
            self._failures = 0 if lived_s > _STEADY_S else self._failures + 1
            wait_s = _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
            self._due_at_s = now_s + wait_s
            self._process = None
            self._say(f"{self.name} ended with status {status}: started anew in {wait_s:g} s")
        if self._process is None and now_s >= self._due_at_s:
            try:
                self.start()
            except (PxError, OSError) as error:
                self._failures += 1
                self._due_at_s = now_s + _BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)]
                self._say(f"{self.name} does not start: {error}")

    def replace(self) -> None:
        """Ends it and starts it anew now."""
        self.end()
        self._due_at_s = 0.0
        self.look()

    def end(self) -> None:
        """Its pipe is closed, then it is told, then it is killed."""
        if self._process is not None:
            end(self._process, patience=self._patience)
            self._process = None
