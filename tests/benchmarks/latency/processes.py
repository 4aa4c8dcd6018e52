"""A process of the bench: its lines as they come, with a bound, and its end by its own id."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pxcore.host.bounded_files import read_end

_TELLS_LINES = 15
_LOOK_S = 0.5


class Failed(Exception):
    """A process did not do its part; the text says what it said last."""


class Child:
    """In a group of its own: a Ctrl-C is for the bench, which ends what it has started.

    `leaves_s` is what it may take to end, from the end of its stdin or SIGTERM on.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        leaves_s: float = 10.0,
    ) -> None:
        self.name = name
        self._log = log
        self._leaves_s = leaves_s
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=None if environ is None else dict(environ),
                cwd=cwd,
                text=True,
                start_new_session=True,
            )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._last: deque[str] = deque(maxlen=_TELLS_LINES)
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last.append(line.strip())
            self._lines.put(line)
        self._lines.put(None)

    def line(self, within_s: float, *, beside: "Child | None" = None) -> str:
        """The next. Raises Failed when there is none in time, or one `beside` it ends before."""
        given_up_s = time.monotonic() + within_s
        while time.monotonic() < given_up_s:
            try:
                found = self._lines.get(timeout=min(within_s, _LOOK_S))
            except queue.Empty:
                if beside is not None:
                    beside.require_alive()
                continue
            if found is None:
                raise self.failed("ended")
            return found.strip()
        raise self.failed(f"said nothing for {within_s:g} s")

    def until(self, wanted: str, within_s: float) -> None:
        """The line that is wanted; those before it are somebody's noise."""
        while self.line(within_s) != wanted:
            continue

    def wait(self, within_s: float) -> int:
        """Its exit status, once it has ended by itself. Raises Failed when it does not."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise self.failed(f"did not end in {within_s:g} s") from None

    def stay(self, for_s: float) -> None:
        """Raises Failed when it ends in that time."""
        try:
            self._process.wait(for_s)
        except subprocess.TimeoutExpired:
            return
        self.require_alive()

    def require_alive(self) -> None:
        if self._process.poll() is not None:
            raise self.failed(f"ended with status {self._process.returncode}")

    def close_stdin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def end(self) -> None:
        """It is gone afterwards."""
        if self._process.poll() is None:
            self.close_stdin()
            self._process.terminate()
        try:
            self._process.wait(self._leaves_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def failed(self, what: str) -> Failed:
        """With the last that it said."""
        try:
            errors = read_end(self._log).strip().splitlines()
        except OSError:
            errors = []
        said = [*self._last, *errors[-_TELLS_LINES:]]
        return Failed("\n  | ".join((f"{self.name} {what}", *said)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()


def quiet_environ() -> dict[str, str]:
    """Ours without settings, and without a proxy: nothing here leaves this machine."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PX_", "PREFECT_")) and not name.lower().endswith("_proxy")
    }


def end_on_signals() -> None:
    """SIGTERM ends the bench as Ctrl-C does; a second one of either is too early."""

    def leave(number: int, frame: object) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, leave)
