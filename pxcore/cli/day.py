"""One trading day under Prefect, from the terminal: server, flow, progress, and taking it down.

`px run` and `px demo` both use it. Everything started here ends here, by its own process id.
"""

import queue
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

import msgspec

from pxcore.cli.orchestrator import prefect_environ
from pxcore.cli.screen import Screen
from pxcore.model import Misconfigured, PxError
from pxcore.runtime.lines import Line
from pxcore.runtime.lines import decode as decode_line
from pxcore.runtime.paths import Paths
from pxcore.runtime.process import end, spawn

_EXIT_PATIENCE_S = (60.0, 10.0, 5.0)  # for a flow that has said its last
_BREAK_OFF_PATIENCE_S = (45.0, 30.0, 5.0)  # for one under way, its session flattening


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception: nothing on the way may swallow it."""


class NoDay(PxError):
    """The flow ended without a day: `status` is its exit status."""

    def __init__(self, status: int, problems: tuple[str, ...]) -> None:
        self.status = status
        self.problems = problems
        super().__init__("; ".join(problems))


class Interrupts:
    """Ctrl-C and SIGTERM, while used as a context.

    The first one raises Interrupted where we stand, unless `disarm` was called: taking things
    down is never cut short. Any other one calls `remind`.
    """

    def __init__(self, remind: Callable[[], None]) -> None:
        self._remind = remind
        self._is_armed = True
        self._before: dict[int, Any] = {}

    def disarm(self) -> None:
        self._is_armed = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_armed:
            self._is_armed = False
            raise Interrupted
        self._remind()


class FlowProcess:
    """`python -m flows.run`, listened to. Ends with us: its stdin is our pipe."""

    def __init__(self, paths: Paths, *, port: int, environ: Mapping[str, str], cwd: Path) -> None:
        self.log = paths.logs / "flow.log"
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.process = spawn(
            "flows.run",
            stderr=self.log,
            environ=prefect_environ(paths, port, environ),
            cwd=cwd,
        )
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def follow(self, screen: Screen) -> dict[str, Any]:
        """Shows the day as it goes; its outcome. Raises NoDay when there was none."""
        outcome: dict[str, Any] | None = None
        problems: tuple[str, ...] = ()
        while (text := self._lines.get()) is not None:
            said = _decode(text)
            if isinstance(said, dict):
                kind = said.pop("line", None)
                outcome = said if kind == "outcome" else outcome
                problems = tuple(said["problems"]) if kind == "refusal" else problems
            elif said is not None:
                screen.show(said)
        self._lines.put(None)  # whoever follows again finds the end again
        status = end(self.process, patience=_EXIT_PATIENCE_S)
        if outcome is None:
            raise NoDay(
                status or 1, problems or (f"the flow ended with status {status}; see {self.log}",)
            )
        return outcome

    def ask_to_stop(self) -> None:
        """The session flattens and the day is closed as usual."""
        if self.process.stdin is None or self.process.poll() is not None:
            return
        try:
            self.process.stdin.write("stop\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return  # it ended meanwhile

    def end(self) -> None:
        """Sees it gone. A day that is under way is broken off, its session flattening by itself."""
        end(self.process, patience=_BREAK_OFF_PATIENCE_S)

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)


def _decode(text: str) -> Line | dict[str, Any] | None:
    try:
        return decode_line.decode(text)
    except msgspec.ValidationError:
        found: Any = msgspec.json.decode(text)
        return found if isinstance(found, dict) else None
    except msgspec.DecodeError:
        return None


def problems_of(error: PxError) -> tuple[str, ...]:
    """One sentence a problem."""
    if isinstance(error, Misconfigured | NoDay):
        return error.problems
    return (str(error),)
