"""What the session and `pxcore` say, in the log of the Prefect run.

A line is handed over and forgotten: a thread of its own passes it on, so that neither a slow
Prefect nor one that is down holds up a session. A burst is cut, and says how much was; alarms
never are. Every line is masked. Without a run there is no log of one, and lines go nowhere: they
are in the files of `PX_HOME/logs` as ever.
"""

import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Self

from loguru import logger as loguru
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from pxcore.config.logs import line_of, log_as_set, mask_logging, take_over_crashes
from pxcore.config.masking import Masker
from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.engine.commands import Level
from pxcore.session.lines import Line, Milestone
from pxcore.text.plain import plain

LINES_A_SECOND = 20
_WAITING_MAX = 1000  # lines that Prefect has not taken; alarms come on top
_TEXT_MAX = 4000  # characters
_LAST_S = 2.0  # for the lines that are left at the end
_IDLE_S = 1.0

_LEVELS = {
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ALARM: logging.ERROR,
}


class Said(NamedTuple):
    level: int
    text: str


class Burst:
    """Admits so many lines in a second, and counts those that it leaves out."""

    def __init__(self, lines_a_second: int) -> None:
        self._max = lines_a_second
        self._began = float("-inf")
        self._lines = 0
        self._left_out = 0

    def admits(self, now_s: float, *, has_room: bool = True) -> bool:
        """May this line come? One for which there is no room is left out too."""
        if now_s - self._began >= 1.0:
            self._began, self._lines = now_s, 0
        self._lines += 1
        if has_room and self._lines <= self._max:
            return True
        self.leave_out()
        return False

    def leave_out(self) -> None:
        self._left_out += 1

    def left_out(self, now_s: float) -> int:
        """Lines left out so far, once the second in which a line came last is over; told once."""
        if now_s - self._began < 1.0:
            return 0
        told, self._left_out = self._left_out, 0
        return told


class RunLog:
    """The log of the run in which it was entered. Safe from any thread."""

    def __init__(
        self,
        masker: Masker,
        *,
        lines_a_second: int = LINES_A_SECOND,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._masker = masker
        self._now_s = now_s
        self._burst = Burst(lines_a_second)
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        self._out: Any = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        try:
            self._out = get_run_logger()
        except MissingContextError:
            return self
        context = contextvars.copy_context()  # whose settings say which server
        self._thread = threading.Thread(
            target=context.run, args=(self._pass_on,), name="run-log", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_LAST_S)

    def line(self, line: Line) -> None:
        """A milestone of the session; where it stands is on the screen, not in the log."""
        if isinstance(line, Milestone):
            self.say(_LEVELS[line.level], f"{line.code} {line.text}")

    def alarm(self, text: str) -> None:
        self.say(logging.ERROR, text)

    def record(self, message: Any) -> None:
        """A line of loguru's: this is a sink of it."""
        record = message.record
        if (record["name"] or "").startswith("prefect"):
            return  # what came from there need not go back
        made = line_of(record, self._masker)
        why = "" if made.exception is None else f": {made.exception.splitlines()[-1]}"
        self.say(record["level"].no, f"{made.message}{why}")

    def say(self, level: int, text: str) -> None:
        """Errors are alarms and always come through; of the rest, as many as may."""
        if self._thread is None:
            return
        now_s = self._now_s()
        self._tell_left_out(now_s)
        if level < logging.ERROR:
            with self._lock:
                if not self._burst.admits(now_s, has_room=self._waiting.qsize() < _WAITING_MAX):
                    return
        self._waiting.put(Said(level, plain(self._masker(text))[:_TEXT_MAX]))

    def _tell_left_out(self, now_s: float) -> None:
        with self._lock:
            count = self._burst.left_out(now_s)
        if count:
            self._waiting.put(_cut(count))

    def _pass_on(self) -> None:
        while True:
            try:
                said = self._waiting.get(timeout=_IDLE_S)
            except queue.Empty:
                self._tell_left_out(self._now_s())
                continue
            if said is not None:
                self._log(said)
                continue
            with self._lock:
                count = self._burst.left_out(float("inf"))
            if count:
                self._log(_cut(count))
            return

    def _log(self, said: Said) -> None:
        try:
            self._out.log(said.level, "%s", said.text)
        except Exception:  # the edge: whatever Prefect's trouble is, it is not the session's
            with self._lock:
                self._burst.leave_out()


def _cut(count: int) -> Said:
    return Said(logging.WARNING, f"{count} lines left out of this log")


@contextmanager
def logged_run(settings: Settings) -> Iterator[None]:
    """The logs of a flow's process: a file, and what loguru says in the run's log besides."""
    masker = Masker(settings.secrets)
    log_as_set(settings, Paths(settings.home).logs / "trading-day.log")
    mask_logging(masker)
    take_over_crashes()
    with RunLog(masker) as run_log:
        number = loguru.add(run_log.record, level=settings.log_level, format=_nothing, catch=True)
        try:
            tell_left_out(settings)
            yield
        finally:
            loguru.remove(number)


def tell_left_out(settings: Settings) -> None:
    """What a lenient run does without: see `LenientSettings`."""
    for one in settings.left_out:
        loguru.warning("left out: {}; this run works without it", one)


def _nothing(record: Any) -> str:
    return ""
