"""A market file as lines of text: opened, unpacked and decoded as it is read, within bounds.

Whatever is wrong with it is one Misconfigured that names the file. What it unpacks to is never
held as a whole: a file that unpacks without an end costs no more than its first refused line.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import zstandard

from pxcore.host.bounded_files import open_file
from pxcore.model import Misconfigured
from pxcore.paper.markets.formats import (
    ENCODING,
    GZIP,
    LINE_CHARS_MAX,
    ROWS_MAX,
    UNPACKED_BYTES_MAX,
    ZSTANDARD,
    other_kind,
)
from pxcore.text.plain import plain

_START_BYTES = 512
_PIECE_BYTES = 256  # of a Zstandard file: four of its bytes may stand for 128 KiB
_PART_BYTES = 1 << 16
_HALVES = range(0xDC80, 0xDD00)  # what a byte becomes that is no UTF-8


@contextmanager
def market_lines(path: Path) -> Iterator[Iterator[str]]:
    """Its lines, each with its end. Raises Misconfigured, also while they are read."""
    named = plain(str(path))
    try:
        with open_file(path) as file:
            start = _start(file)
            if not start:
                raise Misconfigured(f"{named} is empty")
            yield _lines(named, _unpacked(named, file, start))
    except OSError as error:
        raise Misconfigured(f"{named} cannot be read: {error.strerror or error}") from error


def _start(file: BinaryIO) -> bytes:
    start = file.read(_START_BYTES)
    file.seek(0)
    return start


def _unpacked(named: str, file: BinaryIO, start: bytes) -> BinaryIO:
    packed: _Source = file
    inside = ""
    if start.startswith(GZIP):
        packed, inside = gzip.GzipFile(fileobj=file, mode="rb"), "gzip"
    elif start.startswith(ZSTANDARD):
        packed, inside = _Unzstd(file), "Zstandard"
    else:
        _require_no_packed_name(named, start)
    plain_bytes = io.BufferedReader(_Bounded(named, packed, inside), _PART_BYTES)
    kind = other_kind(plain_bytes.peek(_START_BYTES)[:_START_BYTES])
    if kind is not None:
        raise Misconfigured(f"{named} {f'({inside}) ' if inside else ''}is {kind}")
    return plain_bytes


def _require_no_packed_name(named: str, start: bytes) -> None:
    for suffix, packing in ((".gz", "gzip"), (".zst", "Zstandard")):
        if named.lower().endswith(suffix) and other_kind(start) is None:
            raise Misconfigured(f"{named} is named {suffix} and is not {packing}")


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Bounded(io.RawIOBase):
    """Counts what comes out of a file. Errors of its packing have the file's name here."""

    def __init__(self, named: str, source: _Source, packing: str) -> None:
        self._named = named
        self._source = source
        self._packing = packing
        self._left = UNPACKED_BYTES_MAX

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._source.read(min(len(buffer), _PART_BYTES))
        except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as error:
            why = plain(str(error))
            raise Misconfigured(f"{self._named} is a damaged {self._packing} file: {why}") from None
        self._left -= len(data)
        if self._left < 0:
            bound = f"{UNPACKED_BYTES_MAX >> 20} MiB"
            how = "unpacks to" if self._packing else "is"
            raise Misconfigured(
                f"{self._named} {how} more than {bound}, the most that is read: "
                "cut it to the days wanted"
            )
        buffer[: len(data)] = data
        return len(data)


class _Unzstd:
    """A Zstandard file of any number of frames, read a little at a time; one that ends before its
    frame does is damaged. (The library's own reader takes that for the end.)
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame = self._new_frame()
        self._piece = b""
        self._out = memoryview(b"")
        self._is_whole = False

    def read(self, size: int, /) -> bytes:
        while not self._out:
            if not self._piece:
                self._piece = self._file.read(_PIECE_BYTES)
            if not self._piece:
                if not self._is_whole:
                    raise EOFError("it ends before its end mark")
                return b""
            if self._frame.eof:
                self._frame = self._new_frame()
            self._out = memoryview(self._frame.decompress(self._piece))
            self._is_whole = self._frame.eof
            self._piece = self._frame.unused_data
        part, self._out = bytes(self._out[:size]), self._out[size:]
        return part

    @staticmethod
    def _new_frame() -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor().decompressobj()


def _lines(named: str, data: BinaryIO) -> Iterator[str]:
    text = io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape", newline="")
    number = 0
    while line := text.readline(LINE_CHARS_MAX + 3):  # a line's end is up to two
        number += 1
        if number > ROWS_MAX:
            raise Misconfigured(f"{named} has more than {ROWS_MAX:,} lines, the most that are read")
        if len(line.rstrip("\r\n")) > LINE_CHARS_MAX:
            raise Misconfigured(
                f"{named} line {number}: longer than {LINE_CHARS_MAX:,} characters, the most "
                "that are read"
            )
        if not line.isascii():
            _require_text(named, number, line)
        elif "\x00" in line:
            raise Misconfigured(
                f"{named} line {number}: it holds a zero byte, as UTF-16 and binary files do; save "
                f"it as CSV in {ENCODING}"
            )
        yield line


def _require_text(named: str, number: int, line: str) -> None:
    bad = next((ord(one) for one in line if ord(one) in _HALVES), None)
    if bad is not None:
        raise Misconfigured(
            f"{named} line {number}: the byte {bad - 0xDC00:#04x} is not {ENCODING} text (an older "
            f"Windows encoding?): save it as CSV in {ENCODING}"
        )
