"""Who holds an account can be found and asked though no file can be read: by a local socket.

Its name lives in the kernel and ends with its process, whatever became of the disk and the home
folder. Linux alone has such names: elsewhere nobody is found here, and the files decide. Only the
same user and root are obeyed; whoever else asks is told who holds, and no more. Anybody on the
machine can take such a name: one that is neither ours, nor root's, nor of the home folder's owner
holds nothing.
"""

import hashlib
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import msgspec
from loguru import logger

from pxcore.host.courtesy import begun, bounded
from pxcore.host.decoding import decode_json
from pxcore.host.forks import close_in_children, keep_in_children
from pxcore.host.processes import Process, found
from pxcore.model import ProtocolError, Unavailable

_ANSWER_S = 1.0
_BYTES_MAX = 8192
_WAITING = 16
_CREDENTIALS = struct.Struct("3i")  # process, user, group: unix(7)
_NAMES = Path("/proc/net/unix")
IS_THERE = sys.platform == "linux"


class World(msgspec.Struct, frozen=True, kw_only=True):
    """A user's accounts at one gateway on this machine, whatever the home folder. In `folder` they
    are locked by files on a system without such names.
    """

    user: int
    gateway: str
    folder: Path


Where = Path | World  # of one home folder, or of all of a user's


class Wish(StrEnum):
    """What a holder can be asked for."""

    NONE = "none"  # only who it is
    STOP = "stop"  # flatten and end
    LEAVE = "leave"  # end, and leave a protected position to its bracket
    KILL = "kill"  # the kill switch is engaged
    RELEASE = "release"  # and released
    RESUME = "resume"  # enter again after that


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """`flattens` is the kill switch's: false keeps what is open."""

    wish: Wish
    why: str = ""
    flattens: bool = True


class SocketReply(msgspec.Struct, frozen=True, kw_only=True):
    holder: str
    is_taken: bool


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds it. `holder` is empty and `is_taken` false for one that did not answer in time."""

    process: Process
    holder: str
    is_taken: bool


class ControlSocket:
    """Of one account, or of another thing that one process has at a time. Bound, it is a lock that
    no disk can take away.
    """

    def __init__(self, where: Where, what: int | str, *, holder: str) -> None:
        self._name = _name_of(where, what)
        self.holder = holder
        self._socket: socket.socket | None = None
        self._take: Callable[[Call], None] | None = None
        self._thread: threading.Thread | None = None

    def bind(self) -> bool:
        """False when another process has it. True as well where there is no such thing."""
        if not IS_THERE:
            return True
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            bound.bind(self._name)
            bound.listen(_WAITING)
        except OSError:
            bound.close()
            return False
        self._socket = bound
        close_in_children(bound)
        self._thread = threading.Thread(
            target=self._serve, args=(bound,), name="control", daemon=True
        )
        if not begun(self._thread):
            logger.warning("control socket: nobody is answered, for want of a thread")
        return True

    def listen(self, take: Callable[[Call], None]) -> None:
        """From now on wishes are obeyed: each is handed over by a thread. It waits for nothing."""
        self._take = take

    def close(self) -> None:
        if self._socket is not None:
            keep_in_children(self._socket)
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # its thread waits in it
            is_apart = self._thread is not threading.current_thread()
            if self._thread is not None and self._thread.is_alive() and is_apart:
                self._thread.join(_ANSWER_S)  # while it waits there, the name is not free
            self._socket.close()
            self._socket = None

    def _serve(self, bound: socket.socket) -> None:
        while True:
            try:
                asking, _ = bound.accept()
            except OSError:
                return  # closed
            try:
                with asking:
                    self._answer(asking)
            except Exception as error:  # whoever asked: the next one is heard all the same
                logger.warning("control socket: {}", error)

    def _answer(self, asking: socket.socket) -> None:
        asking.settimeout(_ANSWER_S)
        _, user, _ = _credentials(asking)
        call = decode_json(_read(asking), Call)
        take = self._take if user in (0, os.getuid()) else None
        is_taken = take is not None and call.wish is not Wish.NONE
        if take is not None and is_taken:
            take(call)
        reply = SocketReply(holder=self.holder, is_taken=is_taken)
        asking.sendall(msgspec.json.encode(reply) + b"\n")


def call(where: Where, what: int | str, wanted: Call) -> Peer | None:
    """Tells whoever holds it; None when nobody does, or nobody can be found this way."""
    if not IS_THERE:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ANSWER_S)
        try:
            asking.connect(_name_of(where, what))
        except (BlockingIOError, TimeoutError):  # too many wait there: it does not answer
            return Peer(process=Process(pid=0), holder="", is_taken=False)
        except OSError:
            return None
        pid, user, _ = _credentials(asking)
        process = found(pid)
        if process is None or not _may_hold(where, user):
            return None  # it has ended, and a child may have the name still; or it never held
        try:
            asking.sendall(msgspec.json.encode(wanted) + b"\n")
            reply = decode_json(_read(asking), SocketReply)
        except (OSError, ProtocolError):
            return Peer(process=process, holder="", is_taken=False)
        return Peer(process=process, holder=reply.holder, is_taken=reply.is_taken)


def accounts_held(where: Where) -> tuple[int, ...]:
    """Accounts there that somebody on this machine holds, by the kernel's list."""
    prefix = _name_of(where, 0).rpartition("-")[0].replace("\0", "@") + "-"
    try:
        listed = _NAMES.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return ()
    ids = {name[len(prefix) :] for name in listed if name.startswith(prefix)}
    return tuple(sorted(int(one) for one in ids if one.isdigit()))


def _read(asking: socket.socket) -> bytes:
    """One line. Raises OSError when all of it does not come in time, or is too long."""
    data, deadline = b"", time.monotonic() + _ANSWER_S
    while not data.endswith(b"\n"):
        asking.settimeout(max(deadline - time.monotonic(), 0.001))
        part = asking.recv(_BYTES_MAX)
        if not part:
            return data
        data += part
        if len(data) > _BYTES_MAX:
            raise OSError("too long a line")
    return data


def _credentials(one: socket.socket) -> tuple[int, int, int]:
    raw = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user, group = _CREDENTIALS.unpack(raw)
    return pid, user, group


def _may_hold(where: Where, user: int) -> bool:
    if user in (0, os.getuid()):
        return True
    if isinstance(where, World):
        return user == where.user
    try:
        return user == bounded("the home folder", lambda: os.stat(where).st_uid)
    except (OSError, Unavailable):
        return True  # nobody can tell


def _name_of(where: Where, what: int | str) -> str:
    """In the abstract namespace: no file, no folder."""
    text = f"{where.user} {where.gateway}" if isinstance(where, World) else str(where)
    return f"\0px-{hashlib.sha256(text.encode()).hexdigest()[:24]}-{what}"
