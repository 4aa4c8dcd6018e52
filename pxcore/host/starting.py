"""A step of a start is waited for as long as it moves on, however slow the machine is.

It moves on when it says a line, when its log grows, or when its processes compute. A step that
does none of it for 30 units hangs, and is named; one that computes and says nothing gets twenty
times as long. A unit is what this machine, as it is at that moment, takes for one second of an
idle, quick one (`machine.unit_s`): no bound here is a number of seconds. Starts alone are judged
so: what guards money (deadlines, replies, silences of a session that trades) has its own seconds.
"""

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pxcore.host.computing import computed_s
from pxcore.host.pace import unit_s
from pxcore.model import Unavailable

HANG_UNITS = 30.0  # nothing at all comes of it
MUTE_UNITS = 600.0  # it computes, and nothing else comes of it
_COMPUTED_S = 0.1  # of processor time: less is a program that turns over in its sleep
_EVERY_S = 0.2
_LOOK_S = 1.0  # at the processor time, which costs a little
_GAP_S = 10.0  # a longer one between two looks was our own: the machine slept, or we were stopped
_FIRST_TOLD_S, _TOLD_EVERY_S = 3.0, 15.0  # to the screen

Process = subprocess.Popen[str]
Say = Callable[[str], None]


class Hangs(Unavailable):
    """The step does not move on any more: says which, since when, and where its log is."""


class Step:
    """One step of a start: `look` while it is waited for. `what` names it for a person.

    `idle_s` is how long the step itself may rest, by its settings, beside what is allowed here.
    """

    def __init__(
        self,
        what: str,
        *processes: Process,
        log: Path | None = None,
        say: Say = lambda text: None,
        idle_s: float = 0.0,
        now_s: Callable[[], float] = time.monotonic,
        computed: Callable[[Sequence[int]], dict[object, float] | None] = computed_s,
        unit: Callable[[], float] = unit_s,
        units: float = HANG_UNITS,
    ) -> None:
        self.what = what
        self._processes = processes
        self._log = log
        self._say = say
        self._idle_s = idle_s
        self._now_s = now_s
        self._computed = computed
        self._unit = unit
        self._units = units
        self._unit_s = 1.0
        self._waited_s = self._still_s = self._mute_s = self._told_s = 0.0
        self._looked_s = now_s()
        self._computed_looked_s = float("-inf")
        self._computed_before: dict[object, float] = {}
        self._gained_s = 0.0
        self._log_size = self._size()

    def note(self) -> None:
        """It moved on: it said something, or one more of what it does is done."""
        self._still_s = self._mute_s = 0.0

    def require_alive(self) -> None:
        """For a step that is to end with its processes running. Raises Unavailable."""
        for process in self._processes:
            if (status := process.poll()) is not None:
                raise Unavailable(f"{self.what} ended at its start with status {status}{self._at}")

    def look(self) -> None:
        """Raises Hangs when it does not move on."""
        now_s = self._now_s()
        gap_s = min(now_s - self._looked_s, _GAP_S)
        self._looked_s = now_s
        self._waited_s += gap_s
        self._still_s += gap_s
        self._mute_s += gap_s
        if (size := self._size()) != self._log_size:
            self._log_size = size
            self.note()
        if now_s - self._computed_looked_s >= _LOOK_S:
            self._computed_looked_s = now_s
            self._look_at_computing()
        self._judge()
        self._tell()

    def _look_at_computing(self) -> None:
        found = self._computed([process.pid for process in self._processes])
        if found is None:  # this system does not tell: one that lives may well compute
            self._still_s = 0.0
            return
        before, self._computed_before = self._computed_before, found
        self._gained_s += sum(max(0.0, s - before.get(one, 0.0)) for one, s in found.items())
        if self._gained_s >= _COMPUTED_S:
            self._gained_s = self._still_s = 0.0

    def _judge(self) -> None:
        ratio = MUTE_UNITS / HANG_UNITS
        if self._is_over(self._still_s, self._units):
            why = f"nothing from it for {self._still_s:.0f} s"
        elif self._is_over(self._mute_s, self._units * ratio):
            why = f"it computes, and has said nothing for {self._mute_s:.0f} s"
        else:
            return
        raise Hangs(f"{self.what} hangs: {why}{self._at}")

    def _is_over(self, waited_s: float, units: float) -> bool:
        """By this machine's measure now: it may be busier than when the step began."""
        if waited_s <= units * self._unit_s + self._idle_s:
            return False
        self._unit_s = max(self._unit_s, self._unit())
        return waited_s > units * self._unit_s + self._idle_s

    def _tell(self) -> None:
        due_s = self._told_s + _TOLD_EVERY_S if self._told_s else _FIRST_TOLD_S
        if self._waited_s < due_s:
            return
        self._told_s = self._waited_s
        still = f", nothing from it for {self._still_s:.0f} s" if self._still_s > 5 else ""
        self._say(f"waiting for {self.what}: {self._waited_s:.0f} s so far{still}")

    def _size(self) -> int:
        try:
            return 0 if self._log is None else self._log.stat().st_size
        except OSError:  # not made yet
            return 0

    @property
    def _at(self) -> str:
        return "" if self._log is None else f"; its log: {self._log}"


def wait_until(
    is_done: Callable[[], bool], step: Step, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Returns when it is done. Raises Hangs, and Unavailable when a process of it ends first."""
    while not is_done():
        step.require_alive()
        step.look()
        sleep(_EVERY_S)


def wait_for_end(
    process: Process, step: Step, *, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Its exit status. Raises Hangs."""
    while (status := process.poll()) is None:
        step.look()
        sleep(_EVERY_S)
    return status


def first_line(process: Process, step: Step) -> str:
    """Of its stdout, such as where it listens; empty when it ends before. Raises Hangs."""
    return Spoken(process).next(step) or ""


class Spoken:
    """The lines of a process's stdout, each of which is a step forward. Read on to its end, so that
    it never waits for a reader.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, step: Step | None) -> str | None:
        """Waits for it; None, each time, when it has ended. Raises Hangs where it is a step of a
        start, else it waits for as long as the process lives.
        """
        line = self._lines.get() if step is None else self._next_of(step)
        if line is None:
            self._lines.put(None)
        return line

    def _next_of(self, step: Step) -> str | None:
        while True:
            is_over = self._process.poll() is not None  # its last lines may still be on their way
            try:
                line = self._lines.get(timeout=_LOOK_S if is_over else _EVERY_S)
            except queue.Empty:
                if is_over:
                    return None
                step.look()
                continue
            step.note()
            return line

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put(None)
