"""One sender of orders per account on this machine: held by the session's process, by the flatten
of what is left over at start, by `px flatten` and by the last resort for a session that has died.

Two things say who holds: an OS lock on a file, and a socket without a file (`control_socket`), by
the home folder's name and by the user's, so that two homes are not two senders. All die with their
holder. A disk that is full, read-only or gone takes the first away: who opens
positions does not go on without it, who closes them does, and says so.
"""

import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from pxcore.host.bounded_files import open_file, read_text, require_file, write_file
from pxcore.host.courtesy import Say, bounded, reason_of
from pxcore.host.filelock import try_lock
from pxcore.host.forks import close_in_children, keep_in_children
from pxcore.host.processes import ours, realm
from pxcore.model import PxError, Unavailable
from pxcore.ownership import control_socket
from pxcore.ownership.control_socket import Call, ControlSocket, Where, Wish, World, call
from pxcore.ownership.holders import Holder, found, holder_in, peer_of, peer_told
from pxcore.text.plain import plain

LEAVE, STOP = "leave", "stop"  # how a line in the file of wishes begins
_ATTEMPTS = 3
_BETWEEN_S = 0.02
_CANNOT_WRITE = (errno.EROFS, errno.EACCES, errno.EPERM)


class AccountBusy(PxError):
    """Somebody else on this machine holds the account; the message names the holder."""


class AccountLock:
    """`with AccountLock(...)`: raises AccountBusy at once when another process holds it.

    `on_trouble` is told why the disk does not let us have the lock, and then it goes on without.
    Where it is not given, that is Unavailable. With a `world` nobody else of this user holds it in
    another home either.
    """

    def __init__(
        self,
        home: Path,
        account_id: int,
        *,
        holder: str,
        world: World | None = None,
        on_trouble: Say | None = None,
    ) -> None:
        self.path = home / "locks" / f"account-{account_id}.lock"
        self.stop_path = self.path.with_suffix(".stop")
        self._home = home
        self._account_id = account_id
        self._holder = holder
        self._on_trouble = on_trouble
        self._file: IO[bytes] | None = None
        self._world = world
        self._of_all_homes: AccountLock | None = None
        if world is not None and not control_socket.IS_THERE and world.folder != home:
            self._of_all_homes = AccountLock(
                world.folder, account_id, holder=holder, on_trouble=on_trouble
            )
        self._sockets: list[ControlSocket] = []

    @property
    def text(self) -> str:
        """As others name us while we hold it."""
        return f"{self._holder} (process {os.getpid()})"

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            if self._of_all_homes is not None:
                undo.enter_context(self._of_all_homes)
            for where in self._places:
                socket = self._bound(where)
                undo.callback(socket.close)
                self._sockets.append(socket)
            undo.callback(self._sockets.clear)
            self._file = self._locked()
            undo.pop_all()
        return self

    @property
    def _places(self) -> tuple[Where, ...]:
        return (self._home,) if self._world is None else (self._home, self._world)

    def _bound(self, where: Where) -> ControlSocket:
        """Raises AccountBusy. A name that nobody answers for is being given up, or kept by a child
        of who had it: then the file alone says who holds.
        """
        socket = ControlSocket(where, self._account_id, holder=self.text)
        for _ in range(_ATTEMPTS):
            if socket.bind():
                break
            other = call(where, self._account_id, Call(wish=Wish.NONE))
            if other is not None:
                raise AccountBusy(f"account {self._account_id} is held by {peer_told(other)}")
            time.sleep(_BETWEEN_S)
        return socket

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            _release(self._file)
            self._file = None
        while self._sockets:
            self._sockets.pop().close()
        if self._of_all_homes is not None:
            self._of_all_homes.__exit__(*error)

    def listen(self, take: Callable[[Call], None]) -> None:
        """While we hold it, each wish that reaches us without a file is handed to `take`."""
        for socket in self._sockets:
            socket.listen(take)

    def problem(self) -> str | None:
        """Is the file that we locked still the one that others would find? Why not, else None."""
        if self._file is None:
            return "it was taken without its file"
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return f"{self.path} was deleted"
        except OSError as error:
            return f"{self.path}: {reason_of(error)}"
        return (
            None
            if os.path.samestat(os.fstat(self._file.fileno()), there)
            else (f"{self.path} is another file by now")
        )

    def take_again(self) -> None:
        """Of a file that was deleted or replaced. Raises AccountBusy, Unavailable."""
        file = bounded("the account's lock", self._file_locked, undo=_release)
        if self._file is not None:
            _release(self._file)
        self._file = file

    # -- the file -----------------------------------------------------------------------------

    def _locked(self) -> IO[bytes] | None:
        try:
            return bounded("the account's lock", self._file_locked, undo=_release)
        except (OSError, Unavailable) as error:
            text = f"the lock {self.path.name} cannot be had: {reason_of(error)}"
            if self._on_trouble is None:
                raise Unavailable(text) from error
            self._on_trouble(f"{text}; going on without it")
            return None

    def _file_locked(self) -> IO[bytes]:
        """Raises AccountBusy and OSError."""
        while True:
            file = self._opened()
            try:
                if not self._is_taken(file):
                    self._refuse_or_break(file)
                elif self._is_the_one(file):
                    self._sign(file)
                    close_in_children(file)
                    return file
            except BaseException:
                file.close()
                raise
            file.close()

    def _opened(self) -> IO[bytes]:
        """A disk that takes no writes still has the lock, if the file is there."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("ab+")
        except OSError as error:
            if error.errno not in _CANNOT_WRITE:
                raise
            return open_file(self.path)
        try:
            require_file(file, self.path)
        except OSError:
            file.close()
            raise
        return file

    @staticmethod
    def _is_taken(file: IO[bytes]) -> bool:
        """By us. Tried more than once: who only looks holds it for microseconds."""
        for attempt in range(_ATTEMPTS):
            try:
                try_lock(file)
                return True
            except OSError:
                if attempt < _ATTEMPTS - 1:
                    time.sleep(_BETWEEN_S)
        return False

    def _refuse_or_break(self, file: IO[bytes]) -> None:
        """A lock whose holder has died is kept by a child of its: a new file takes its place."""
        holder = holder_in(file)
        if not holder.is_gone:
            raise AccountBusy(f"account {self._account_id} is held by {holder.text}")
        fresh = self.path.with_suffix(f".lock.{os.getpid()}-{threading.get_ident()}")
        fresh.touch()
        fresh.replace(self.path)

    def _is_the_one(self, file: IO[bytes]) -> bool:
        """Nobody has put another file in its place between its opening and its lock."""
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _sign(self, file: IO[bytes]) -> None:
        """A full disk may not take it: who holds is told by the socket then."""
        if not file.writable():
            return
        try:
            os.ftruncate(file.fileno(), 0)  # nothing is buffered: a close must not fail for it
            text = f"{self.text}\nstarted {ours().started}\nin {realm()}\n"
            os.write(file.fileno(), text.encode())
        except OSError as error:
            if self._on_trouble is None:
                raise
            self._on_trouble(f"the lock {self.path.name} names nobody: {reason_of(error)}")

    # -- asking whoever holds it --------------------------------------------------------------

    def ask_holder_to_stop(self) -> bool:
        """A session that holds the account hears this within a second, flattens and ends. False
        when nothing reached it. May be asked again.
        """
        return self._ask(Wish.STOP)

    def ask_holder_to_leave(self) -> bool:
        """As above, but it ends without sending anything if its position is protected."""
        return self._ask(Wish.LEAVE)

    def _ask(self, wish: Wish) -> bool:
        """By its socket; by the file of wishes; at last, for a stop, by a signal."""
        wanted = Call(wish=wish, why=_asked_by(self._holder))
        peer = peer_of(self._home, self._account_id, self._world, wanted)
        if peer is not None and peer.is_taken:
            return True
        holder = found(self._home, self._account_id, self._world, peer)
        if holder is None:
            return False
        try:
            bounded("the file of wishes", lambda: self._write_wish(wish, holder))
            return True
        except (OSError, Unavailable):
            return wish is Wish.STOP and _signalled(holder)

    def _write_wish(self, wish: Wish, holder: Holder) -> None:
        """Whole or not at all, and for that holder alone."""
        asked = f"{wish} {holder.text}\n{_asked_by(self._holder)}\n"
        write_file(self.stop_path, asked.encode())

    def wish(self) -> tuple[str, str] | None:
        """STOP or LEAVE, and who asked us, who hold the account, for it by the file; else None."""
        try:
            first, end, who = read_text(self.stop_path).partition("\n")
        except OSError:
            return None
        word, _, whom = first.partition(" ")
        is_ours = word in (STOP, LEAVE) and whom == self.text and bool(end)
        return (word, plain(who.strip()) or "another command asked for it") if is_ours else None


def _asked_by(who: str) -> str:
    return f"asked by {who}"


def _release(file: IO[bytes]) -> None:
    """Also of a lock that a disk gave when nobody waited for it any more."""
    keep_in_children(file)
    file.close()


def _signalled(holder: Holder) -> bool:
    """A session takes SIGTERM for a wish to stop; of others nobody knows what they would do."""
    if not holder.is_session or holder.process is None:
        return False
    try:
        holder.process.send(signal.SIGTERM)
    except OSError:
        return False
    return True
