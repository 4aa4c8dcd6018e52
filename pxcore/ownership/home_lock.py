"""One `px up` a home folder, and how others find it and ask it to stop.

By a socket in the kernel, which no disk can take away (`control_socket`); where there is none, by a
locked file, and a file with a wish. The lock dies with its holder, so that what the file says is
only believed while it is locked. A wish is for one process, by its number, and is written whole or
not at all: on a disk that takes none, a signal says to flatten, and nothing can say to leave. A
wish to leave holds only while whoever asks still tries to write it: a disk that hangs may take it
later, when its asker has been told that it was not heard and may have asked for something else.
"""

import math
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

import msgspec
from loguru import logger

from pxcore.config.paths import Paths
from pxcore.host.bounded_files import open_file, read_text, write_file
from pxcore.host.courtesy import BOUND_S, Worker, bounded, reason_of, tried
from pxcore.host.decoding import decode_json
from pxcore.host.filelock import is_locked, try_lock
from pxcore.host.processes import Process, found
from pxcore.model import Misconfigured, ProtocolError, Unavailable
from pxcore.ownership import control_socket
from pxcore.ownership.control_socket import Call, ControlSocket, Wish, call
from pxcore.text.plain import plain

_BYTES_MAX = 1 << 16
_NAME = "up"
_WISH_S = 0.5  # a disk that hangs: wishes come by the socket
_TOLD_MAX, _CHARS_MAX = 8, 240  # a socket's reply is one short line
_FOLDER_MAX = 500


class Stop(StrEnum):
    """What becomes of a session that lives."""

    FLATTEN = "flatten"
    LEAVE = "leave"


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """`ui` is the base URL of Prefect's server; empty while it starts. `troubles` are what is wrong
    with what it keeps running, now; `happened` what was, and is fixed. `folder`
    is where it was started, and `mode` that of its settings; empty where it does not say.
    """

    pid: int
    ui: str
    since: datetime
    troubles: tuple[str, ...] = ()
    happened: tuple[str, ...] = ()
    folder: str = ""
    mode: str = ""

    @property
    def text(self) -> str:
        return f"`px up`, process {self.pid}, {self.ui or 'which is still starting'}"

    @property
    def address(self) -> str:
        """Of a wish for this one, and no other that has its number later."""
        return f"{self.pid} {self.since.isoformat()}"


class HomeLock:
    """`with HomeLock(home):` raises Misconfigured, naming the first, when another has it."""

    def __init__(self, home: Path, *, mode: str = "") -> None:
        self._home = home
        self._file: IO[str] | None = None
        self._us = Household(
            pid=os.getpid(), ui="", since=datetime.now(UTC), folder=_folder_here(), mode=mode
        )
        self._socket = ControlSocket(Paths(home).home, _NAME, holder="")
        self._called: Stop | None = None
        self._disk = Worker("the file of wishes")

    def __enter__(self) -> Self:
        path = _lock_of(self._home)
        if not self._socket.bind() and (there := _by_socket(self._home)) is not None:
            raise Misconfigured(f"{there.text} runs here already; `px down` stops it")
        try:
            self._lock(path)
        except BaseException:
            self._socket.close()
            raise
        self.tell("")
        self._socket.listen(self._heed)
        return self

    def _lock(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        try:
            try_lock(file)
        except OSError:
            file.close()
            there = household_of(self._home)
            who = "another `px up`" if there is None else there.text
            raise Misconfigured(f"{who} runs here already; `px down` stops it") from None
        self._file = file

    def tell(self, ui: str) -> None:
        """Where Prefect's server is."""
        us = msgspec.structs.replace(self._us, ui=ui)
        if us != self._us or not self._socket.holder:
            self._write(us)

    def report(self, troubles: tuple[str, ...], happened: tuple[str, ...]) -> None:
        """How its processes are, for whoever asks. A disk that does not take it is not
        waited for.
        """
        us = msgspec.structs.replace(
            self._us,
            troubles=tuple(text[:_CHARS_MAX] for text in troubles[:_TOLD_MAX]),
            happened=tuple(text[:_CHARS_MAX] for text in happened[-_TOLD_MAX:]),
        )
        if us == self._us:
            return
        if control_socket.IS_THERE:
            self._us, self._socket.holder = us, msgspec.json.encode(us).decode()
        else:
            tried("the file of px up", lambda: self._write(us), say=logger.warning, otherwise=None)

    def _write(self, us: Household) -> None:
        assert self._file is not None
        self._us = us
        self._socket.holder = msgspec.json.encode(us).decode()
        self._file.seek(0)
        self._file.truncate(0)
        self._file.write(self._socket.holder)
        self._file.flush()

    def _heed(self, call: Call) -> None:
        """The stricter of what was asked for."""
        if call.wish is Wish.STOP:
            self._called = Stop.FLATTEN
        elif call.wish is Wish.LEAVE:
            self._called = self._called or Stop.LEAVE

    def wish(self) -> Stop | None:
        """What another process asked for."""
        return self._called or self._wish_in_file()

    def _wish_in_file(self) -> Stop | None:
        try:
            text = self._disk.ask(lambda: read_text(_stop_of(self._home)), limit_s=_WISH_S)
        except (OSError, Unavailable):
            return None
        word, _, rest = text.partition(" ")
        until, _, whom = rest.partition(" ")
        is_ours = word in set(Stop) and whom == f"{self._us.address}\n"
        return Stop(word) if is_ours and time.monotonic() <= _seconds(until) else None

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._socket.close()


def household_of(home: Path) -> Household | None:
    """The `px up` that runs there; None when none does."""
    there = _by_socket(home)
    if there is not None:
        return there
    try:
        with open_file(_lock_of(home)) as file:
            text = file.read(_BYTES_MAX)
            if not is_locked(file):
                return None
            return decode_json(text, Household)
    except (OSError, ProtocolError):
        return None


def started_elsewhere(there: Household | None) -> str | None:
    """For whoever types a command in another folder, whose settings are others; None where it is
    the same, or cannot be known.
    """
    here = _folder_here()
    if there is None or not there.folder or not here or there.folder == here:
        return None
    return (
        f"the `px up` of this home was started in {there.folder} (mode {there.mode}), with the "
        ".env there; this folder has its own settings"
    )


def _folder_here() -> str:
    """As both can say it; empty where it was deleted."""
    try:
        return plain(os.getcwd())[:_FOLDER_MAX]
    except OSError:
        return ""


def find_household(home: Path) -> Household | None:
    """As `household_of`. Raises Unavailable when nobody can say, because of the disk."""
    there = _by_socket(home)
    if there is not None:
        return there
    path = _lock_of(home)

    def look() -> Household | None:
        with suppress(FileNotFoundError):
            path.stat()
        return household_of(home)

    try:
        return bounded(f"the file {path.name}", look)
    except (OSError, Unavailable) as error:
        raise Unavailable(
            f"whether `px up` runs in {home} cannot be known ({reason_of(error)}); Ctrl-C in its "
            "terminal stops it, and `px flatten` needs no home"
        ) from error


def ask_to_stop(home: Path, there: Household, stop: Stop) -> None:
    """Raises Unavailable when it cannot be told: then it is not told later either. A wish to leave
    is to be repeated until it has ended: it holds for no longer than this tries.
    """
    wish = Wish.LEAVE if stop is Stop.LEAVE else Wish.STOP
    peer = call(Paths(home).home, _NAME, Call(wish=wish, why="px down"))
    if peer is not None and peer.is_taken and peer.process.pid == there.pid:
        return
    path = _stop_of(home)
    until_s = time.monotonic() + BOUND_S if stop is Stop.LEAVE else math.inf
    text = f"{stop} {until_s:.3f} {there.address}\n".encode()
    try:
        bounded(f"the file {path.name}", lambda: write_file(path, text), limit_s=BOUND_S)
        return
    except (OSError, Unavailable) as error:
        if stop is Stop.LEAVE:
            raise Unavailable(
                f"{path} cannot be written ({reason_of(error)}): `px up` cannot be told to leave; "
                "without --leave it is told by a signal, and flattens"
            ) from error
    _signal(there)


def _by_socket(home: Path) -> Household | None:
    peer = call(Paths(home).home, _NAME, Call(wish=Wish.NONE))
    if peer is None or not peer.holder:
        return None
    try:
        return decode_json(peer.holder, Household)
    except ProtocolError:
        return None


def _seconds(text: str) -> float:
    """On the clock of the machine that both processes read; never, when it is no number."""
    try:
        return float(text)
    except ValueError:
        return -math.inf


def _signal(there: Household) -> None:
    try:
        (found(there.pid) or Process(pid=there.pid)).send(signal.SIGTERM)
    except OSError as error:
        raise Unavailable(f"{there.text} cannot be told: {error.strerror}") from error


def _lock_of(home: Path) -> Path:
    return Paths(home).home / "locks" / "up.lock"


def _stop_of(home: Path) -> Path:
    return Paths(home).home / "locks" / "up.stop"
