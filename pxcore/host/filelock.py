"""Files that one process at a time may use: by an OS lock, which dies with its holder."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pxcore.host.bounded_files import require_file

_WAIT_S = 1.0  # a holder needs microseconds: whoever has it for so long was stopped
_POLL_S = 0.0005


class SharedFile:
    """A small file that threads and processes read and write in turn. Opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()  # an OS lock does not keep a process's own threads apart
        self._file: io.FileIO | None = None

    @contextmanager
    def held(self) -> Iterator[io.FileIO]:
        """The file at its beginning, made if need be, once nobody else has it.

        For holders of microseconds: it waits, though not for one that was stopped with the file
        in its hands. Raises OSError, and then opens it again next time.
        """
        with self._threads:
            try:
                file = self._file = self._file or self._opened()
                _wait_for(file)
                try:
                    file.seek(0)
                    yield file
                finally:
                    _release(file)
            except OSError:
                if self._file is not None:
                    self._file.close()
                    self._file = None
                raise

    def _opened(self) -> io.FileIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        file = io.FileIO(os.open(self._path, flags, 0o600), "r+")
        try:
            require_file(file, self._path)
        except OSError:
            file.close()
            raise
        return file


def _wait_for(file: IO[Any]) -> None:
    """OSError when it is not to be had in a while."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            _try(file)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_POLL_S)


def try_lock(file: IO[Any]) -> None:
    """Takes the lock of an open file, which ends when the file closes. OSError when it is taken."""
    _try(file)


def is_locked(file: IO[Any]) -> bool:
    """Has another process locked this open file? Changes nothing that the holder would see."""
    try:
        _probe(file)
    except OSError:
        return True
    _release(file)
    return False


def _windows_try(file: IO[Any]) -> None:
    import msvcrt

    lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
    file.seek(_BEYOND)
    lock(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _windows_release(file: IO[Any]) -> None:
    import msvcrt

    lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
    file.seek(_BEYOND)
    lock(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _posix_try(file: IO[Any]) -> None:
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _posix_probe(file: IO[Any]) -> None:
    """Shared: two that look at the same time do not take each other for the holder."""
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)


def _posix_release(file: IO[Any]) -> None:
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_UN)


_BEYOND = 1 << 20  # Windows locks bytes: one beyond the text, which others must be able to read
_is_windows = os.name == "nt"
_try = _windows_try if _is_windows else _posix_try
_probe = _windows_try if _is_windows else _posix_probe
_release = _windows_release if _is_windows else _posix_release
