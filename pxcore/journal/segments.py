"""A session's journal as files: `S.jsonl`, then `S.jsonl.0002` and on, each perhaps `.zst`.

All are named by the first one's plain name, whether it lies there or only its compressed form.
The later ones do not end in `.jsonl`: whoever looks for `*.jsonl` finds a session once. What lies
there may be no journal, no file, or have no end: reading it takes a bounded memory, waits for
nobody, and ends in ProtocolError for whatever cannot be read.
"""

import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import zstandard

from pxcore.host.bounded_files import open_file
from pxcore.model import ProtocolError
from pxcore.text.plain import plain

LINE_BYTES_MAX = 16 << 20  # of a row: fifty thousand fills in one look at the account
PACKED = ".zst"
_UNPACKED_MAX = 4 << 30  # bytes of one file: a few kilobytes may claim to be any number
_PART = 1 << 20
_STAMP_STEP = timedelta(milliseconds=10)  # the kernel stamps files by a clock that moves in steps
_BLOCK = 1 << 16  # bytes of lines that are handed on at once
_SUFFIX = ".jsonl"
_NAME = re.compile(r"(?P<session>.+)\.jsonl(?:\.(?P<number>\d{4,}))?(?:\.zst)?")


def segment(path: Path, number: int) -> Path:
    """The plain name of the session's file with this number, from 1."""
    return path if number == 1 else path.with_name(f"{path.name}.{number:04d}")


def packed(path: Path) -> Path:
    """The compressed form's name."""
    return path.with_name(path.name + PACKED)


def session_of(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX)


def sessions_in(folder: Path, *, trading_day: date | None = None) -> list[Path]:
    """Every session's journal in the folder, or that day's, oldest first, by its first name.

    One of which only later files are left is listed too: it must be found to be damaged.
    """
    return _named(folder, "px-", trading_day)


def flattens_in(folder: Path, *, trading_day: date | None = None) -> list[Path]:
    """As `sessions_in`, of the flattens that no session made."""
    return _named(folder, "flatten-", trading_day)


def day_ends_in(folder: Path, *, trading_day: date | None = None) -> list[Path]:
    """As `sessions_in`, of the comparisons with the venue."""
    return _named(folder, "end-", trading_day)


def _named(folder: Path, stem: str, trading_day: date | None) -> list[Path]:
    """Raises ProtocolError for a folder that cannot be listed: that is not one without journals."""
    day = "" if trading_day is None else f"{trading_day:%Y%m%d}-"
    found = {
        match["session"]
        for one in _names_in(folder, f"{stem}{day}")
        if (match := _NAME.fullmatch(one)) is not None
    }
    return [folder / f"{session}{_SUFFIX}" for session in sorted(found)]


def _names_in(folder: Path, begin: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [one.name for one in entries if one.name.startswith(begin)]
    except FileNotFoundError:
        return []
    except OSError as error:
        why = f"{folder} cannot be listed: {error.strerror}"
        raise ProtocolError(f"the journals' folder {plain(why)}") from error


def numbers_of(path: Path) -> list[int]:
    """Which of the session's files there are."""
    found = set()
    for one in _names_in(path.parent, path.name):
        match = _NAME.fullmatch(one)
        if match is not None and match["session"] == session_of(path):
            found.add(int(match["number"] or 1))
    return sorted(found)


def last_written(path: Path) -> datetime:
    """When any of the session's files was changed last, by our own clock, UTC."""
    return _latest(path, lambda status: status.st_mtime)


def last_touched(path: Path) -> datetime:
    """When anything about the session's files changed last, its times and its name included: it
    wrote nothing after that. Never later than now; now, when that cannot be known.
    """
    return _latest(path, lambda status: max(status.st_mtime, status.st_ctime))


def _latest(path: Path, stamp_of: Callable[[os.stat_result], float]) -> datetime:
    now = datetime.now(UTC)
    try:
        files = [path.parent / one for one in _names_in(path.parent, path.name)]
        stamps = [stamp_of(one.lstat()) for one in files]
        return min(now, datetime.fromtimestamp(max(stamps), UTC) + _STAMP_STEP)
    except (ProtocolError, OSError, ValueError, OverflowError):  # gone, or of no year that is one
        return now


def open_segment(path: Path, number: int) -> BinaryIO:
    """That file for reading, unpacked. Raises FileNotFoundError when there is neither form,
    OSError for whatever else cannot be opened.

    The plain one comes first: a compressed one beside it may be all but finished.
    """
    name = segment(path, number)
    try:
        return open_file(name)
    except FileNotFoundError:
        return _open_packed(packed(name))


def _open_packed(path: Path) -> BinaryIO:
    unpacked = zstandard.ZstdDecompressor().stream_reader(open_file(path), closefd=True)
    return io.BufferedReader(unpacked, _PART)  # type: ignore[return-value,arg-type,unused-ignore]


def unread(path: Path, number: int, error: Exception) -> ProtocolError:
    """That file of the session cannot be read, and why."""
    why = getattr(error, "strerror", None) or plain(str(error))
    return ProtocolError(f"journal {plain(path.name)}, file {number}: {why}")


def too_long(path: Path, number: int) -> ProtocolError:
    """A row without an end."""
    why = f"it has a row of more than {LINE_BYTES_MAX:,} bytes"
    return unread(path, number, OSError(errno.EFBIG, why))


def skip(file: BinaryIO, count: int) -> None:
    """So many unpacked bytes are skipped: a compressed file has no other way there."""
    if file.seekable():
        file.seek(count)
        return
    while count > 0 and (part := file.read(min(count, _PART))):
        count -= len(part)


def lines_of(path: Path, first: int = 1) -> Iterator[tuple[int, int, bytes]]:
    """File number, line number in it, line: as `blocks_of`, one by one."""
    for number, line_number, lines in blocks_of(path, first):
        for offset, line in enumerate(lines):
            yield number, line_number + offset, line


def blocks_of(path: Path, first: int = 1) -> Iterator[tuple[int, int, list[bytes]]]:
    """File number, number of the first line, some lines: from that file on to the end as it is now.

    A line without its line feed is the last, in a block of its own: it was not written to its
    end, or not yet. Raises ProtocolError for a file that is missing, also between others, cut
    within, or cannot be read.
    """
    number = first
    while True:
        try:
            yield from blocks_in(path, number)
        except (OSError, zstandard.ZstdError) as error:
            raise unread(path, number, error) from error
        number += 1
        if number not in (left := [n for n in numbers_of(path) if n >= number]):
            if left:
                raise ProtocolError(f"journal {path.name}: file {number} of it is missing")
            return


def blocks_in(path: Path, number: int) -> Iterator[tuple[int, int, list[bytes]]]:
    """As `blocks_of`, of that file alone. When the next one begins meanwhile, what was added to
    this one before is read first. Raises OSError and ZstdError as they come.
    """
    has_next = False
    line_number, rest = 1, b""
    with open_segment(path, number) as file:
        source = _Lines(file, path, number)
        while True:
            lines = source.take()
            if lines:
                yield number, line_number, lines
                line_number += len(lines)
            elif source.has_ended and has_next:
                break
            elif source.has_ended and any(n > number for n in numbers_of(path)):
                has_next = True
            elif source.has_ended:
                break
        rest = source.rest
    if rest and has_next:
        raise ProtocolError(f"journal {path.name}: file {number} ends within a row")
    if rest:
        yield number, line_number, [rest]


class _Lines:
    """Whole lines of a file, a block at a time; `rest` is what has no line feed yet."""

    def __init__(self, file: BinaryIO, path: Path, number: int) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self.has_ended = False  # for now: it may grow
        self._file = file
        self._path, self._number = path, number
        self._read = 0
        self._is_packed = not file.seekable()

    def take(self) -> list[bytes]:
        """Perhaps none. Raises ProtocolError for a line, or a packed file, without an end."""
        data = self._file.read(_BLOCK)
        self.has_ended = not data
        self._read += len(data)
        if self._is_packed and self._read > _UNPACKED_MAX:
            why = f"it unpacks to more than {_UNPACKED_MAX:,} bytes"
            raise unread(self._path, self._number, OSError(errno.EFBIG, why))
        end = data.rfind(b"\n") + 1
        if not end:
            self._keep(data)
            return []
        whole = self.rest + data[:end]
        self._parts, self._size = [], 0
        self._keep(data[end:])
        return io.BytesIO(whole).readlines()

    @property
    def rest(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > LINE_BYTES_MAX:
            raise too_long(self._path, self._number)
