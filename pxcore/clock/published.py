"""The paper market's clock as its gateway publishes it: one small file.

A market that waits for its session, or falls behind, has no time that could be computed from the
wall clock: its gateway writes down how far it is, and every process of the session reads that.
Between two writings time runs on at the market's speed, for as long as the gateway allows. A
gateway that has died writes no more: its market's time then runs on, so that whoever waits for a
moment does not wait for ever. So it does when the file is cut short or its disk fails: it is read
and not mapped, for a mapping of what is no longer there kills whoever looks.
"""

import os
import struct
import threading
import time
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec

from pxcore.clock.clocks import Clock, ShiftedClock, WallClock
from pxcore.host.bounded_files import open_file
from pxcore.model.errors import Misconfigured

DEAD_AFTER_S: Final = 10.0  # without a word from the gateway

_RECORD: Final = struct.Struct("<qqqdqqB")
_HEAD: Final = struct.Struct("<4sI")
_MAGIC: Final = b"PXC1"
_SIZE: Final = _HEAD.size + _RECORD.size
_LOOK_EVERY_NS: Final = 1_000_000_000  # whether the file is still the same
_ATTEMPTS: Final = 1000
_DEAD_AFTER_NS: Final = int(DEAD_AFTER_S * 1e9)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


_Record = tuple[int, int, int, float, int, int, int]


class ClockPace(IntEnum):
    """How market time comes about."""

    WAITING = 0  # it stands still until a session is ready
    RUNNING = 1
    STEPPING = 2  # from step to step, each when the session is done with the one before


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway last wrote: `now` was market time then; readers may go on from there for
    `allowed` of ours. `lag` is how far the market is behind its own clock, `slowed` by how much
    that clock was slowed down in all; both in wall time.
    """

    now: datetime
    speed: float
    pace: ClockPace
    allowed: timedelta = timedelta(0)
    lag: timedelta = timedelta(0)
    slowed: timedelta = timedelta(0)

    @property
    def late_s(self) -> float:
        """Of ours: how much later the market is there than its clock promised at the opening."""
        return (self.lag + self.slowed).total_seconds()


class ClockFile:
    """The gateway's end. One process writes a file."""

    def __init__(self, path: Path) -> None:
        """Raises Misconfigured when the file cannot be written."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                held = os.pread(descriptor, _SIZE, 0)
                os.pwrite(descriptor, held.ljust(_SIZE, b"\0"), 0)  # a full disk says so here
                os.ftruncate(descriptor, _SIZE)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            raise Misconfigured(f"{path} cannot be written: {error.strerror}") from error
        self._file = os.fdopen(descriptor, "r+b", buffering=0)

    def write(self, reading: Reading) -> None:
        record = _RECORD.pack(
            (reading.now - _EPOCH) // _US,
            time.monotonic_ns(),
            reading.allowed // _US * 1000,
            reading.speed,
            reading.lag // _US,
            reading.slowed // _US,
            reading.pace,
        )
        with suppress(OSError):  # a disk that fails: its readers go on as after its death
            os.pwrite(self._file.fileno(), _HEAD.pack(_MAGIC, zlib.crc32(record)) + record, 0)


class PublishedClock:
    """The readers' end: a Clock. Never goes back within a process; safe on any thread."""

    def __init__(self, path: Path) -> None:
        """Raises Misconfigured when there is no such clock."""
        self._path = path
        self._latest_us = 0
        self._detached: ShiftedClock | None = None
        self._lock = threading.Lock()
        self._last: _Record | None = None
        self._open()
        _, _, _, self.speed, *_ = self._read()

    def now(self) -> datetime:
        at_us, written_ns, allowed_ns, speed, *_ = self._read()
        elapsed_ns = time.monotonic_ns() - written_ns
        if elapsed_ns > _LOOK_EVERY_NS and self._is_replaced():
            return self.now()
        on_ns = min(max(elapsed_ns, 0), allowed_ns) + max(elapsed_ns - _DEAD_AFTER_NS, 0)
        reached_us = at_us + int(on_ns * speed) // 1000
        with self._lock:
            self._latest_us = max(self._latest_us, reached_us)
            return _EPOCH + timedelta(microseconds=self._latest_us)

    def reading(self) -> Reading:
        """What the gateway wrote last, as it was then."""
        at_us, _, allowed_ns, speed, lag_us, slowed_us, pace = self._read()
        return Reading(
            now=_EPOCH + timedelta(microseconds=at_us),
            speed=speed,
            pace=ClockPace(pace),
            allowed=timedelta(microseconds=allowed_ns / 1000),
            lag=timedelta(microseconds=lag_us),
            slowed=timedelta(microseconds=slowed_us),
        )

    @property
    def late_s(self) -> float:
        return self.reading().late_s

    def detached(self) -> Clock:
        """The same for all who ask, for as long as the market is not ahead of it."""
        if self._detached is None or self._detached.now() < self.now():
            self._detached = self._running_on()
        return self._detached

    def __str__(self) -> str:
        """As a clock that runs on from now: MARKET@WALL@SPEED."""
        return str(self._running_on())

    def _running_on(self) -> ShiftedClock:
        return ShiftedClock(market=self.now(), wall=WallClock().now(), speed=self.speed)

    def _open(self) -> None:
        try:
            self._file = open_file(self._path)
            status = os.fstat(self._file.fileno())
        except OSError as error:
            raise _no_clock(self._path) from error
        self._identity = (status.st_dev, status.st_ino)
        self._last = None

    def _read(self) -> _Record:
        """A whole record: one that is just being written is read again, and of a file that holds
        none any more the last one counts.
        """
        for _ in range(_ATTEMPTS):
            with suppress(OSError):
                held = os.pread(self._file.fileno(), _SIZE, 0)
                record = held[_HEAD.size :]
                if len(held) == _SIZE and _HEAD.unpack_from(held) == (_MAGIC, zlib.crc32(record)):
                    self._last = _RECORD.unpack(record)
                    return self._last
            time.sleep(0)  # whoever writes gets a turn
        if self._last is None:
            raise _no_clock(self._path)
        return self._last

    def _is_replaced(self) -> bool:
        """Another gateway took the place of the one that wrote ours, and is read from here on."""
        try:
            status = os.stat(self._path)
        except OSError:
            return False  # gone with its gateway: time runs on from what it said last
        if (status.st_dev, status.st_ino) == self._identity:
            return False
        self._open()
        self._latest_us = 0  # another market, with a time of its own
        return True


def _no_clock(path: Path) -> Misconfigured:
    return Misconfigured(f"{path} holds no paper market's clock: is its gateway running?")
