"""A session's journal as files: `S.jsonl`, then `S.jsonl.0002` and on, each perhaps `.zst`.

All are named by the first one's plain name, whether it lies there or only its compressed form.
The later ones do not end in `.jsonl`: whoever looks for `*.jsonl` finds a session once.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import zstandard

from pxcore.model import ProtocolError

PACKED = ".zst"
_PART = 1 << 20
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
    day = "" if trading_day is None else f"{trading_day:%Y%m%d}-"
    found = {
        match["session"]
        for one in folder.glob(f"{stem}{day}*{_SUFFIX}*")
        if (match := _NAME.fullmatch(one.name)) is not None
    }
    return [folder / f"{session}{_SUFFIX}" for session in sorted(found)]


def numbers_of(path: Path) -> list[int]:
    """Which of the session's files there are."""
    found = set()
    for one in path.parent.glob(f"{path.name}*"):
        match = _NAME.fullmatch(one.name)
        if match is not None and match["session"] == session_of(path):
            found.add(int(match["number"] or 1))
    return sorted(found)


def last_written(path: Path) -> datetime:
    """When any of the session's files was changed last, by our own clock, UTC."""
    stamps = [one.stat().st_mtime for one in path.parent.glob(f"{path.name}*")]
    return datetime.fromtimestamp(max(stamps, default=0.0), UTC)


def open_segment(path: Path, number: int) -> BinaryIO:
    """That file for reading, unpacked. Raises FileNotFoundError when there is neither form.

    The plain one comes first: a compressed one beside it may be all but finished.
    """
    plain = segment(path, number)
    try:
        return plain.open("rb")
    except FileNotFoundError:
        return _open_packed(packed(plain))


def _open_packed(path: Path) -> BinaryIO:
    return io.BufferedReader(zstandard.open(path, "rb"), _PART)  # type: ignore[return-value,unused-ignore]


def skip(file: BinaryIO, count: int) -> None:
    """So many unpacked bytes are passed over: a compressed file has no other way there."""
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
    end, or not yet. Raises ProtocolError for a file that is missing between others, cut within,
    or cannot be unpacked.
    """
    number = first
    while True:
        yield from _blocks_in(path, number)
        number += 1
        if number not in (left := [n for n in numbers_of(path) if n >= number]):
            if left:
                raise ProtocolError(f"journal {path.name}: file {number} of it is missing")
            return


def _blocks_in(path: Path, number: int) -> Iterator[tuple[int, int, list[bytes]]]:
    """When the next file begins meanwhile, what was added to this one before is read first."""
    has_next = False
    line_number, rest = 1, b""
    try:
        with open_segment(path, number) as file:
            while True:
                lines = file.readlines(_BLOCK)
                if lines:
                    lines[0], rest = rest + lines[0], b""
                    if not lines[-1].endswith(b"\n"):
                        rest = lines.pop()
                if lines:
                    yield number, line_number, lines
                    line_number += len(lines)
                elif has_next:
                    break
                elif any(n > number for n in numbers_of(path)):
                    has_next = True
                else:
                    break
    except zstandard.ZstdError as error:
        raise ProtocolError(f"journal {path.name}, file {number}: {error}") from error
    if rest and has_next:
        raise ProtocolError(f"journal {path.name}: file {number} ends within a row")
    if rest:
        yield number, line_number, [rest]
