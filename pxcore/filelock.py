"""A file that one process at a time may use: an OS lock that dies with its holder."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, made if need be, open for reading and writing, once nobody else has it.

    For holders of microseconds: it waits. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        _wait_for(file)
        try:
            yield file
        finally:
            _release(file)


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


def _windows_wait(file: IO[Any]) -> None:
    import msvcrt

    lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
    file.seek(_BEYOND)
    lock(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    file.seek(0)


def _windows_try(file: IO[Any]) -> None:
    import msvcrt

    lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
    file.seek(_BEYOND)
    lock(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _windows_release(file: IO[Any]) -> None:
    import msvcrt

    lock: Callable[[int, int, int], None] = msvcrt.locking  # type: ignore[attr-defined,unused-ignore]
    file.flush()
    file.seek(_BEYOND)
    lock(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]


def _posix_wait(file: IO[Any]) -> None:
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_EX)


def _posix_try(file: IO[Any]) -> None:
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _posix_probe(file: IO[Any]) -> None:
    """Shared: two that look at the same time do not take each other for the holder."""
    import fcntl

    fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)


def _posix_release(file: IO[Any]) -> None:
    import fcntl

    file.flush()
    fcntl.flock(file.fileno(), fcntl.LOCK_UN)


_BEYOND = 1 << 20  # Windows locks bytes: one beyond the text, which others must be able to read
_is_windows = os.name == "nt"
_wait_for = _windows_wait if _is_windows else _posix_wait
_try = _windows_try if _is_windows else _posix_try
_probe = _windows_try if _is_windows else _posix_probe
_release = _windows_release if _is_windows else _posix_release
