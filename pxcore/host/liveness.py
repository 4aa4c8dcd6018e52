"""Does each process that `px up` keeps still answer? One that hangs is killed, to be restarted.

Each has a sign of life that only it can give, looked at in a thread of its own, so that `px up`
waits for nobody. It hangs when it has missed several looks in a row, over a time that scales with
the machine. A look that says nothing of it (its store is away, the server that would know does not
answer) is no missed one: the time begins again. So it does when we ourselves stood still meanwhile:
a machine that slept blames nobody.
"""

import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto

from loguru import logger

from pxcore.host.keep import KeptProcess
from pxcore.host.pace import unit_s

_MISSED = 4  # looks in a row, until it is said not to answer
_FIRST = 4.0  # times as long for its first answer: it is starting
_GAP_S = 15.0  # more than that beyond our own pace was time in which we did not run


class SignOfLife(Enum):
    ANSWERS = auto()
    SILENT = auto()
    UNKNOWN = auto()  # nobody can say


Sign = Callable[[], SignOfLife]


class Growing:
    """The sign of one who writes something that is never the same again. `look` gives what stands
    there, None when nobody can say.
    """

    def __init__(self, look: Callable[[], object | None]) -> None:
        self._look = look
        self._before: object | None = None

    def __call__(self) -> SignOfLife:
        now = self._look()
        if now is None:
            return SignOfLife.UNKNOWN
        has_grown, self._before = now != self._before, now
        return SignOfLife.ANSWERS if has_grown else SignOfLife.SILENT


class Judge:
    """Of one child, from look to look; a look is every `every_s`. `units`: how long it may miss
    them. `life` tells one process of it from the next.
    """

    def __init__(
        self,
        *,
        units: float,
        every_s: float,
        now_s: Callable[[], float] = time.monotonic,
        unit: Callable[[], float] = unit_s,
    ) -> None:
        self._units = units
        self._every_s = every_s
        self._now_s = now_s
        self._unit = unit
        self.life: int | None = None  # of the process that it was last looked at
        self._has_answered = False
        self._missed = 0
        self._looked_s = self._since_s = now_s()
        self.is_hung = False

    def note(self, seen: SignOfLife, life: int) -> None:
        """One look more. The first one at a process shows how things stand, and nothing of it."""
        now_s = self._now_s()
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        is_new, self.life = life != self.life, life
        self._has_answered = not is_new and (self._has_answered or seen is SignOfLife.ANSWERS)
        if is_new or seen is not SignOfLife.SILENT or self._is_ours(gap_s):
            self._since_s, self._missed, self.is_hung = now_s, 0, False
            return
        self._missed += 1
        self.is_hung = self.is_silent and self._is_over(now_s - self._since_s)

    @property
    def is_answering(self) -> bool:
        """It was answering at the last look."""
        return self._has_answered and not self._missed

    @property
    def is_silent(self) -> bool:
        """It has missed enough to be told."""
        return self._missed >= _MISSED

    @property
    def silent_s(self) -> float:
        return self._looked_s - self._since_s

    def _is_ours(self, gap_s: float) -> bool:
        """Nobody looked meanwhile: we stood still. On a slow machine each look takes its time."""
        limit_s = self._every_s + _GAP_S
        return gap_s > limit_s and gap_s > limit_s * self._unit()

    def _is_over(self, silent_s: float) -> bool:
        """By this machine's measure now: it may be busier than when the silence began."""
        bound_s = self._units * (1.0 if self._has_answered else _FIRST)
        return silent_s > bound_s and silent_s > bound_s * self._unit()


class Watched:
    """One child, and its sign. Its thread runs from `start` on."""

    def __init__(self, kept: KeptProcess, sign: Sign, *, units: float, every_s: float) -> None:
        self.kept = kept
        self._sign = sign
        self._every_s = every_s
        self._judge = Judge(units=units, every_s=every_s)
        self._is_over = threading.Event()
        self._killed = 0  # which of its starts was killed already
        self._thread = threading.Thread(target=self._run, name=f"sign of {kept.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Waits for nobody: a look may still be under way."""
        self._is_over.set()

    @property
    def is_answering(self) -> bool:
        return self._judge.is_answering and self._is_judged

    @property
    def trouble(self) -> str | None:
        """For a person; None while it answers, or is just being restarted."""
        if not self._judge.is_silent or not self._is_judged:
            return None
        return f"{self.kept.name} has not answered for {self._judge.silent_s:.0f} s"

    @property
    def _is_judged(self) -> bool:
        """What was seen last is of the process that there is now."""
        return self.kept.is_alive and self._judge.life == self.kept.starts

    def kill_if_hung(self) -> str | None:
        """What it was killed for, once; None when it was not."""
        why = self.trouble
        if not self._judge.is_hung or why is None or self._killed == self.kept.starts:
            return None
        self._killed = self.kept.starts
        self.kept.kill()
        return why

    def _run(self) -> None:
        while not self._is_over.wait(self._every_s):
            life = self.kept.starts
            try:
                seen = self._sign() if self.kept.is_alive else SignOfLife.UNKNOWN
            except Exception as error:  # the edge of this thread: nobody is killed for what we miss
                logger.opt(exception=error).warning("no look at {}", self.kept.name)
                seen = SignOfLife.UNKNOWN
            self._judge.note(seen if life == self.kept.starts else SignOfLife.UNKNOWN, life)


class Liveness:
    """`start`, then `look` again and again, then `end`. `told` is called with the name of whoever
    was killed, and why.
    """

    def __init__(self, watched: Sequence[Watched], *, told: Callable[[str, str], None]) -> None:
        self._watched = tuple(watched)
        self._told = told

    def start(self) -> None:
        for one in self._watched:
            one.start()

    def look(self, *only: KeptProcess) -> None:
        """Kills who hangs, of all or of these; whoever keeps them restarts them."""
        for one in self._watched:
            if only and one.kept not in only:
                continue
            why = one.kill_if_hung()
            if why is not None:
                self._told(one.kept.name, why)

    def end(self) -> None:
        for one in self._watched:
            one.end()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Who does not answer now."""
        return tuple(why for one in self._watched if (why := one.trouble) is not None)
