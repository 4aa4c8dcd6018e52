"""How many requests may still be made: sliding windows, shared by every process of a user.

The venue allows 200 requests in 60 s, and 50 in 30 s for bars, and does not say whether its
windows slide or whose they are: ours slide, are a second longer, and belong to the user. A fifth
of the 200 is kept for what takes risk off the account (flatten, cancel, the looks that prove
it). After a 429 everything else pauses. Source: gateway reference, 3.

Counting takes a file, and so time. Who must not wait for it has a request in hand, counted before
it is needed: `hold` takes one, `spend` uses it.
"""

import contextlib
import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from pxcore.clock.own_time import steady_s
from pxcore.gateway.wire.endpoints import Lane
from pxcore.host.courtesy import Worker
from pxcore.host.decoding import Decoder
from pxcore.host.filelock import SharedFile
from pxcore.model import ProtocolError, Unavailable

_MARGIN_S: Final = 1.0  # for the way: requests do not arrive as far apart as they leave
_PAUSES_S: Final = (5.0, 15.0, 30.0)  # after the first 429, the second, each further one
_DISK_S: Final = 1.0
_IN_HAND_S: Final = 3.0  # a pause that another process met is heeded after so long, at the latest
_CALM_S: Final = 60.0  # without a 429 until the next one counts as the first

T = TypeVar("T")


class Urgency(Enum):
    NORMAL = "normal"
    URGENT = "urgent"  # takes risk off the account: counted, never held back


@dataclass(frozen=True, slots=True)
class Allowance:
    """`requests` in any `window_s`, of which `reserved` are for urgent ones alone."""

    requests: int
    window_s: float
    reserved: int = 0


ALLOWANCES: Final = {Lane.REST: Allowance(200, 60.0, 40), Lane.BARS: Allowance(50, 30.0)}


class Usage(msgspec.Struct):
    """When requests were made, oldest first, in seconds since this machine began: what all of its
    processes agree on, and nobody can set.
    """

    rest: list[float] = msgspec.field(default_factory=list)
    bars: list[float] = msgspec.field(default_factory=list)
    paused_until: float = 0.0
    pauses: int = 0

    def of(self, lane: Lane) -> list[float]:
        return self.bars if lane is Lane.BARS else self.rest


_usage: Decoder[Usage] = Decoder(Usage)
_BYTES_MAX: Final = 1 << 20  # some hundred moments take a few kilobytes


def wait_s(taken: Sequence[float], allowance: Allowance, now: float) -> float:
    """Seconds until one more request fits beside the reserve; zero when it does now."""
    limit = allowance.requests - allowance.reserved
    if len(taken) < limit:
        return 0.0
    return max(0.0, taken[-limit] + allowance.window_s + _MARGIN_S - now)


class RequestLedger(Protocol):
    """Where the usage is kept."""

    def change(self, act: Callable[[Usage], T]) -> T:
        """What `act` returns; what it changes is kept. One at a time."""
        ...


class OwnLedger:
    """For one client alone."""

    def __init__(self) -> None:
        self._usage = Usage()
        self._lock = threading.Lock()

    def change(self, act: Callable[[Usage], T]) -> T:
        with self._lock:
            return act(self._usage)


class SharedLedger:
    """A small file that every process of the user reads and writes under an OS lock.

    One that is damaged counts as empty. While it cannot be read or written, what is known is
    kept in memory: a disk that is full, or hangs, does not stop a flatten.
    """

    def __init__(self, path: Path) -> None:
        self._file = SharedFile(path)
        self._own = OwnLedger()
        self._disk = Worker("the count of requests")

    def change(self, act: Callable[[Usage], T]) -> T:
        try:
            return self._disk.ask(lambda: self._change_file(act), limit_s=_DISK_S)
        except (OSError, Unavailable):
            return self._own.change(act)

    def _change_file(self, act: Callable[[Usage], T]) -> T:
        with self._file.held() as file:
            usage = _decoded(file.read(_BYTES_MAX) or b"")
            result = act(usage)
            with contextlib.suppress(OSError):  # a full disk: it is counted again next time
                _rewrite(file, msgspec.json.encode(usage))
            return result


def _rewrite(file: io.FileIO, data: bytes) -> None:
    file.seek(0)
    file.truncate(len(data))
    file.write(data)


def _decoded(data: bytes) -> Usage:
    try:
        return _usage.decode(data) if data else Usage()
    except ProtocolError:
        return Usage()


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane has left now: for anything, and in all with the reserve."""

    lane: str
    normal: int
    urgent: int
    of: int
    window_s: float
    paused_s: float


class Budget:
    """Safe to use from many threads where its ledger is."""

    def __init__(self, ledger: RequestLedger, *, now: Callable[[], float] = steady_s) -> None:
        self._ledger = ledger
        self._now = now
        self._hand = threading.Lock()
        self._in_hand: float | None = None  # since when a request is counted that was not made
        self._made: list[tuple[float, float]] = []  # from the hand: when counted, and when made

    def take(self, lane: Lane, urgency: Urgency) -> float:
        """Zero when a request may go out now, which is counted; else the seconds to wait.

        An urgent one always may: when even the reserve is gone, the venue's 429 decides.
        """
        now, allowance = self._now(), ALLOWANCES[lane]

        def take(usage: Usage) -> float:
            taken = usage.of(lane)
            _forget(taken, allowance, now)
            wait = 0.0
            if urgency is Urgency.NORMAL:
                usage.paused_until = min(usage.paused_until, now + _PAUSES_S[-1])
                wait = max(usage.paused_until - now, wait_s(taken, allowance, now), 0.0)
            if wait == 0.0:
                taken.append(now)
            return wait

        return self._ledger.change(take)

    def hold(self) -> bool:
        """Takes a request of the lane REST in hand, or counts the one in hand anew: for a thread
        with time, about once a second. False when nothing is free.
        """
        now, allowance = self._now(), ALLOWANCES[Lane.REST]
        with self._hand:
            old, self._in_hand = self._in_hand, None
            made, self._made = self._made, []

        def hold(usage: Usage) -> bool:
            taken = usage.rest
            for counted, moment in made:
                _recount(taken, counted, moment)
            if old is not None and old in taken:
                taken.remove(old)
            _forget(taken, allowance, now)
            usage.paused_until = min(usage.paused_until, now + _PAUSES_S[-1])
            is_free = now >= usage.paused_until and wait_s(taken, allowance, now) == 0.0
            if is_free:
                taken.append(now)
            return is_free

        is_free = self._ledger.change(hold)
        if is_free:
            with self._hand:
                self._in_hand = now
        return is_free

    def spend(self) -> bool:
        """True when there was one in hand, which may be made now. Waits for nothing."""
        now = self._now()
        with self._hand:
            counted, self._in_hand = self._in_hand, None
            if counted is None:
                return False
            if now - counted > _IN_HAND_S:
                return False  # nobody held on to it: it stays counted
            self._made.append((counted, now))
            return True

    def was_limited(self) -> None:
        """The venue answered 429: everything but the urgent pauses, longer each time."""
        now = self._now()
        with self._hand:
            self._in_hand = None

        def pause(usage: Usage) -> None:
            if now < usage.paused_until:
                return  # one of several that were on their way: the pause has begun
            if now - usage.paused_until > _CALM_S:
                usage.pauses = 0
            usage.paused_until = now + _PAUSES_S[min(usage.pauses, len(_PAUSES_S) - 1)]
            usage.pauses += 1

        self._ledger.change(pause)

    def left(self) -> tuple[Left, ...]:
        """For a person; takes nothing."""
        now = self._now()
        return self._ledger.change(
            lambda usage: tuple(_left(*item, usage, now) for item in ALLOWANCES.items())
        )


def _recount(taken: list[float], counted: float, made: float) -> None:
    """It was made later than it was counted."""
    if counted in taken:
        taken.remove(counted)
    taken.append(made)
    taken.sort()


def _left(lane: Lane, allowance: Allowance, usage: Usage, now: float) -> Left:
    _forget(usage.of(lane), allowance, now)
    free = max(allowance.requests - len(usage.of(lane)), 0)
    return Left(
        lane=lane.value,
        normal=max(free - allowance.reserved, 0),
        urgent=free,
        of=allowance.requests,
        window_s=allowance.window_s,
        paused_s=max(usage.paused_until - now, 0.0),
    )


def _forget(taken: list[float], allowance: Allowance, now: float) -> None:
    """Drops what has left the window, and what was counted before the machine began again."""
    oldest = now - allowance.window_s - _MARGIN_S
    taken[:] = [moment for moment in taken if oldest < moment <= now]
