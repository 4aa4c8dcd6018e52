"""The files that one session's journal is written to: one after the other, never over another.

A row is in the file whole or not at all as far as we can help it: after a write that failed the
file is cut back to where it was. Files that are done are brought to the disk, and packed if that
is wanted, by a thread of their own: no row waits for it.
"""

import contextlib
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

import zstandard

from pxcore.journal.segments import packed, segment

SEGMENT_BYTES = 64 << 20
_PACK_LEVEL = 3
_PACK_PART = 1 << 20


class Files:
    """Raises OSError when the first file cannot be made, and never takes one that is there."""

    def __init__(
        self, path: Path, *, segment_bytes: int, is_packed: bool, on_fault: Callable[[str], None]
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.number = 1
        self._path = path
        self._segment_bytes = segment_bytes
        self._file = path.open("xb", buffering=0)
        self._size = 0
        self._is_torn = False
        self._done: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._finisher = Finisher(self._done, is_packed=is_packed, on_fault=on_fault)

    def write(self, data: bytes) -> None:
        """With the operating system when it returns. Raises OSError: then none of it is there."""
        if self._is_torn:
            raise OSError("an earlier write was left half done")
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            self._cut_back()
            raise
        self._size += len(data)

    def rotate_if_full(self) -> None:
        """The next file is begun. Raises OSError, and then goes on in this one."""
        if self._size < self._segment_bytes:
            return
        following = segment(self._path, self.number + 1).open("xb", buffering=0)
        self._file.close()
        self._done.put(segment(self._path, self.number))
        self._file, self._size, self.number = following, 0, self.number + 1

    def sync(self) -> None:
        """What was written survives a loss of power. Raises OSError."""
        os.fsync(self._file.fileno())

    def problem(self) -> str | None:
        """Is the file that rows go to still the one at its path? Why not, else None."""
        path = segment(self._path, self.number)
        try:
            is_same = os.path.samestat(os.fstat(self._file.fileno()), os.stat(path))
        except ValueError:
            return None  # the next one is being begun
        except OSError as error:
            return f"{path.name}: {error.strerror}"
        return (
            None
            if is_same or path != segment(self._path, self.number)
            else (f"{path.name} is another file by now")
        )

    def close(self) -> None:
        self._file.close()
        self._done.put(segment(self._path, self.number))
        self._done.put(None)

    def join(self, timeout_s: float) -> bool:
        """After `close`: are all files finished? In so long at most."""
        self._finisher.thread.join(timeout_s)
        return not self._finisher.thread.is_alive()

    def _cut_back(self) -> None:
        try:
            self._file.seek(self._size)
            self._file.truncate()
        except OSError:
            self._is_torn = True


class Finisher:
    """Its thread ends at None. Killed in between, it leaves a plain file: nothing is lost."""

    def __init__(
        self,
        done: "queue.SimpleQueue[Path | None]",
        *,
        is_packed: bool,
        on_fault: Callable[[str], None],
    ) -> None:
        self._done = done
        self._is_packed = is_packed
        self._on_fault = on_fault
        self.thread = threading.Thread(target=self._run, name="journal-files", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (path := self._done.get()) is not None:
            try:
                finish(path, is_packed=self._is_packed)
            except OSError as error:
                self._on_fault(f"cannot finish {path.name}: {error.strerror}")


def finish(path: Path, *, is_packed: bool) -> None:
    """On the disk, and in its compressed form only where that is wanted. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        if not is_packed:
            return
        target = packed(path)
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as into:
                zstandard.ZstdCompressor(level=_PACK_LEVEL, write_checksum=True).copy_stream(
                    file, into, read_size=_PACK_PART
                )
                into.flush()
                os.fsync(into.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # no room: the plain one stays
                part.unlink()
            raise
    part.replace(target)
    path.unlink()
