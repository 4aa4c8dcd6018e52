"""Files that others may have made, read and written within bounds: nobody waits, no memory fills.

In place of a file there may be a directory, a pipe that nobody writes to, a device without an
end, or a file of any size. All of that is an OSError here, at once, with words for a person.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

TEXT_BYTES_MAX = 1 << 20  # of a file that a person or one of ours writes at once


def open_file(path: Path) -> BinaryIO:
    """For reading. Raises OSError for whatever is no file with an end, and never waits for it."""
    _require(os.stat(path).st_mode, path)  # a device may act when it is opened
    flags = os.O_RDONLY | _flag("O_NONBLOCK") | _flag("O_NOCTTY") | _flag("O_BINARY")
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        require_file(file, path)  # it may have been another by then
    except OSError:
        file.close()
        raise
    return file


def read_file(path: Path, most: int = TEXT_BYTES_MAX) -> bytes:
    """All of it. Raises OSError, also for one of more than `most` bytes."""
    with open_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes", str(path))
    return data


def read_text(path: Path, most: int = TEXT_BYTES_MAX) -> str:
    """As `read_file`; bytes that are no text are shown in their place."""
    return read_file(path, most).decode("utf-8", "backslashreplace")


def read_start(path: Path, most: int) -> bytes:
    """Its first bytes, so many at the most. Raises OSError."""
    with open_file(path) as file:
        return file.read(most)


def read_end(path: Path, most: int = 1 << 16) -> str:
    """Its last bytes as text, so many at the most. Raises OSError."""
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - most))
        return file.read(most).decode("utf-8", "replace")


def write_file(path: Path, data: bytes) -> None:
    """The file holds this alone, for its owner alone, or is as it was. Raises OSError."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")  # nobody's: never a pipe
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _flag("O_BINARY")
        with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
            file.write(data)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise


def require_file(file: IO[Any], path: Path) -> None:
    """Raises OSError when what was opened is no file."""
    _require(os.fstat(file.fileno()).st_mode, path)


def _require(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, and no file", str(path))


def _flag(name: str) -> int:
    """Windows lacks some of them, and others lack Windows'."""
    return int(getattr(os, name, 0))
