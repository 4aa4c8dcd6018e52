"""Is this machine quick enough to trade on? Measured, and held against the product's own bounds.

The bounds in seconds that guard money (time to protection, stale data, replies, heartbeats) are
the same on every machine. A machine that could not keep them is told so before a session, not by
a flatten in the middle of one. Nothing of the market or the gateway is touched: a fixed piece of
work is done, some short sleeps are slept, a small file is flushed in the home folder.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings
from pxcore.host.pace import PIECES, WORK_S, work_s
from pxcore.model import Misconfigured
from pxcore.ownership.lease import SILENT_S

TOO_SLOW = "this machine is too slow or too busy to trade"
_SLEEPS = 20
_SLEEP_S = 0.005
_FLUSHES = 5
_FLUSHING_S = 2.0  # for all of them: a disk that takes longer has shown enough
_ATTEMPTS = 3  # a hiccup of a second costs nobody a day
_PAUSE_S = 1.0
_CHAINWORK_S = 0.1
_CHAIN_WAKE_UPS = 10
_FLUSHES_AT_ONCE = 20


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, in seconds: a fixed piece of work (the middle one of a few), how late a
    short sleep ends (19 of 20 end sooner), and the slowest flush of a small file to the disk.

    `flush_s` is None where the home folder cannot be written.
    """

    work_s: float
    wake_late_s: float
    flush_s: float | None

    @property
    def unit_s(self) -> float:
        """Wall seconds here that stand for one of an idle, quick machine; never less than one."""
        return max(1.0, self.work_s / WORK_S)


class MachineBounds(msgspec.Struct, frozen=True, kw_only=True):
    """The most that each may take on a machine that trades, in seconds."""

    work_s: float
    wake_late_s: float
    flush_s: float


class Slowness(msgspec.Struct, frozen=True, kw_only=True):
    """One measure that is above its bound, and what that would cost."""

    what: str
    measured_s: float
    bound_s: float
    costs: str

    @property
    def text(self) -> str:
        return f"{self.what} {_told(self.measured_s)}, limit {_told(self.bound_s)}: {self.costs}"


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A machine, the bounds of the settings, and where it is above them."""

    machine: Machine
    bounds: MachineBounds
    slow: tuple[Slowness, ...]

    @property
    def is_fit(self) -> bool:
        return not self.slow

    @property
    def text(self) -> str:
        """One sentence for a person."""
        if self.slow:
            return f"{TOO_SLOW}: {'; '.join(one.text for one in self.slow)}"
        flush_s = self.machine.flush_s
        flushed = "not measured" if flush_s is None else f"in {_told(flush_s)}"
        return (
            f"work done in {_told(self.machine.work_s)}, {_told(self.machine.wake_late_s)} late "
            f"to wake up, flushed {flushed}"
        )


def bounds_of(settings: Settings) -> MachineBounds:
    """What the safety bounds of the settings leave to the machine, and why so much.

    The tightest deadline of a position's life is the smallest of `settle_deadline_s`,
    `protection_deadline_s`, `entry_deadline_s`, `reply_timeout_s` and `stale_data_s`: 2 s unless
    set. Ours may be a part of it only; venue and network need the rest.

    - work: from an entry's answer to both legs seen working, engine, journal, REST and hubs
      compute for less than 0.1 s where the bounds were chosen (observed November 2026: 0.07 s
      for four entries). A quarter of the tightest deadline may go to that: a machine five times
      slower still trades with the defaults. Above, market data would be stale at the open too.
    - wake-up: such a chain passes through about ten waits of threads and processes (hub, inbox,
      journal, sender, answer, there and back). All of them late may take half of the deadline.
    - flush: a session's heartbeat must be in the store at least every 10 s, else entries stop;
      session, watchdog, journal's seal and a halt flush to the same disk, at worst about twenty
      times in that time.
    """
    tightest_s = min(
        settings.settle_deadline_s,
        settings.protection_deadline_s,
        settings.entry_deadline_s,
        settings.reply_timeout_s,
        settings.stale_data_s,
    )
    return MachineBounds(
        work_s=WORK_S * max(1.0, tightest_s / 4 / _CHAINWORK_S),
        wake_late_s=tightest_s / 2 / _CHAIN_WAKE_UPS,
        flush_s=SILENT_S / _FLUSHES_AT_ONCE,
    )


def judge(machine: Machine, bounds: MachineBounds) -> tuple[Slowness, ...]:
    """Every measure that is above its bound."""
    found = (
        (
            "a fixed piece of work takes",
            machine.work_s,
            bounds.work_s,
            "a position's protection could be seen too late, and data at the open be stale",
        ),
        (
            "a thread wakes up late by",
            machine.wake_late_s,
            bounds.wake_late_s,
            "orders, fills and position could be seen to disagree for too long",
        ),
        (
            "a flush to the disk of PX_HOME takes",
            machine.flush_s,
            bounds.flush_s,
            "heartbeats and halts could come into the store too late",
        ),
    )
    return tuple(
        Slowness(what=what, measured_s=measured_s, bound_s=bound_s, costs=costs)
        for what, measured_s, bound_s, costs in found
        if measured_s is not None and measured_s > bound_s
    )


def look_at_machine(settings: Settings, *, sleep: Callable[[float], None] = time.sleep) -> Looked:
    """Measured and judged; measured again, after a pause, while it is found too slow."""
    home, bounds = Paths(settings.home), bounds_of(settings)
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(_PAUSE_S)
        machine = measure(home)
        slow = judge(machine, bounds)
        if not slow:
            break
    return Looked(machine=machine, bounds=bounds, slow=slow)


def measure(paths: Paths) -> Machine:
    """As this machine is now; takes about a quarter of a second where the bounds were chosen."""
    return Machine(
        work_s=statistics.median(work_s() for _ in range(PIECES)),
        wake_late_s=_wake_late_s(),
        flush_s=_flush_s(paths),
    )


def _wake_late_s() -> float:
    lates = []
    for _ in range(_SLEEPS):
        began_s = time.perf_counter()
        time.sleep(_SLEEP_S)
        lates.append(time.perf_counter() - began_s - _SLEEP_S)
    return max(0.0, sorted(lates)[-2])


def _flush_s(paths: Paths) -> float | None:
    try:
        paths.make()
        return _slowest_flush_s(paths.home)
    except (OSError, Misconfigured):  # the check of the disk says it
        return None


def _slowest_flush_s(folder: Path) -> float:
    slowest_s, began_s = 0.0, time.perf_counter()
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_FLUSHES):
            file.write(bytes(4096))
            file.flush()
            flushing_s = time.perf_counter()
            os.fsync(file.fileno())
            now_s = time.perf_counter()
            slowest_s = max(slowest_s, now_s - flushing_s)
            if now_s - began_s > _FLUSHING_S:
                break
    return slowest_s


def _told(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
