"""One trading day under Prefect, from the terminal: server, flow, progress, and taking it down.

`px run` and `px demo` both use it. Everything started here ends here, by its own process id.
"""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Self

from pxcore.cli.no_day import NoDay
from pxcore.cli.orchestrator import prefect_environ
from pxcore.cli.screen import Screen
from pxcore.config.paths import Paths
from pxcore.host.decoding import json_value
from pxcore.host.spawn import end, spawn
from pxcore.host.starting import Spoken, Step
from pxcore.model import ProtocolError
from pxcore.session.lines import Line, Progress, read_line

_EXIT_PATIENCE_S = (60.0, 10.0, 5.0)  # for a flow that has said its last
_BREAK_OFF_PATIENCE_S = (45.0, 30.0, 5.0)  # for one under way, its session flattening


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception: nothing on the way may swallow it."""


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
        self.process = spawn(
            "flows.run",
            stderr=self.log,
            environ=prefect_environ(paths, port, environ),
            cwd=cwd,
        )
        self._spoken = Spoken(self.process)

    def starting(self, screen: Screen, *, idle_s: float) -> Step:
        """Until its session says where it stands; `idle_s` is what the start may rest meanwhile."""
        return Step("the session", self.process, log=self.log, say=screen.say, idle_s=idle_s)

    def follow(self, screen: Screen, step: Step | None = None) -> dict[str, Any]:
        """Shows the day as it goes; its outcome. Raises NoDay when there was none, Hangs when the
        step, if it is one, does not get as far as its session.
        """
        outcome: dict[str, Any] | None = None
        problems: tuple[str, ...] = ()
        while (text := self._spoken.next(step)) is not None:
            said = _decode(text)
            if isinstance(said, dict):
                kind = said.pop("line", None)
                outcome = said if kind == "outcome" else outcome
                problems = _sentences(said) if kind == "refusal" else problems
            elif said is not None:
                step = None if isinstance(said, Progress) else step
                screen.show(said)
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


def _decode(text: str) -> Line | dict[str, Any] | None:
    try:
        return read_line(text)
    except ProtocolError:
        return _other(text)


def _other(text: str) -> dict[str, Any] | None:
    try:
        found = json_value(text)
    except ProtocolError:
        return None
    return found if isinstance(found, dict) else None


def _sentences(said: dict[str, Any]) -> tuple[str, ...]:
    found = said.get("problems")
    return tuple(map(str, found)) if isinstance(found, list) else ()
