"""Who holds an account on this machine: by the socket, by the lock's file, of this home or another.

Looks alone: nothing is taken, and nobody's files are changed.
"""

import re
from pathlib import Path
from typing import IO

import msgspec

from pxcore.host.bounded_files import open_file
from pxcore.host.courtesy import bounded
from pxcore.host.filelock import is_locked
from pxcore.host.processes import Process
from pxcore.model import Unavailable
from pxcore.ownership import control_socket
from pxcore.ownership.control_socket import Call, Peer, Wish, World, call

_TEXT_MAX = 500
_IS_SESSION = re.compile(r"px-\d{8}-")
_PROCESS = re.compile(r"\(process (\d+)\)$")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """`process` is None where nobody wrote down which it is."""

    text: str
    process: Process | None

    @property
    def is_gone(self) -> bool:
        """Its process has ended, or is another's by now: what is locked still is a child's."""
        return self.process is not None and not self.process.is_alive

    @property
    def is_session(self) -> bool:
        return _IS_SESSION.match(self.text) is not None


def holder_of(home: Path, account_id: int, world: World | None = None) -> str | None:
    """Who on this machine holds the account now; None when nobody does. With a `world` also from
    another home of this user's.
    """
    holder = find_holder(home, account_id, world)
    return None if holder is None else holder.text


def holder_elsewhere(home: Path, account_id: int, world: World | None) -> str | None:
    """Who holds the account from another home of this user's, which has journals, halts and limits
    of its own; None when nobody does, or somebody of this home.
    """
    if world is None or holder_of(home, account_id) is not None:
        return None
    return holder_of(home, account_id, world)


def find_holder(home: Path, account_id: int, world: World | None = None) -> Holder | None:
    """As above, with its process. Looks without taking the lock, and leaves the holder's files as
    they are; one whose process has gone holds nothing.
    """
    peer = peer_of(home, account_id, world, Call(wish=Wish.NONE))
    return found(home, account_id, world, peer)


def peer_of(home: Path, account_id: int, world: World | None, wanted: Call) -> Peer | None:
    """Who answers in this home, or else in another."""
    peer = call(home, account_id, wanted)
    if peer is None and world is not None:
        peer = call(world, account_id, wanted)
    return peer


def found(home: Path, account_id: int, world: World | None, peer: Peer | None) -> Holder | None:
    """By who answered, by the file, or by the file of all homes where there are no sockets."""
    if peer is not None and peer.holder:
        return Holder(text=peer.holder, process=peer.process)
    path = home / "locks" / f"account-{account_id}.lock"
    try:
        in_file = bounded("the account's lock", lambda: _holder_of_file(path))
    except (OSError, Unavailable):
        in_file = None
    if in_file is not None and not in_file.is_gone:
        return in_file
    if world is not None and not control_socket.IS_THERE and world.folder != home:
        return found(world.folder, account_id, None, None)
    return None if peer is None else Holder(text=peer_told(peer), process=peer.process)


def _holder_of_file(path: Path) -> Holder | None:
    try:
        file = open_file(path)
    except FileNotFoundError:
        return None
    with file:
        return holder_in(file) if is_locked(file) else None


def holder_in(file: IO[bytes]) -> Holder:
    """As they signed it."""
    file.seek(0)
    text, _, rest = file.read(_TEXT_MAX).decode("utf-8", "replace").partition("\n")
    named = _PROCESS.search(text.strip())
    if named is None:
        return Holder(text=text.strip() or "another process", process=None)
    told = dict(line.partition(" ")[::2] for line in rest.splitlines())
    process = Process(pid=int(named[1]), started=told.get("started", ""), realm=told.get("in", ""))
    return Holder(text=text.strip(), process=process)


def peer_told(peer: Peer) -> str:
    """Also of one that has the name and says nothing."""
    return peer.holder or f"process {peer.process.pid}, which does not answer"
