"""A journal that is being written, read as it grows: no row is read twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from pxcore.journal import segments
from pxcore.journal.reader import Chain
from pxcore.journal.rows import Row, RowKind
from pxcore.model import ProtocolError


class Follower:
    """From the file `first` on; with a later one the first row's number and hash are believed."""

    def __init__(self, path: Path, *, first: int = 1) -> None:
        self.is_closed = False  # the session's last row was read
        self._path = path
        self._chain = Chain(path, first=first)
        self._number = first
        self._offset = 0  # unpacked bytes of that file which were read
        self._lines = 0  # and its lines
        self._has_rest = False  # a row that is not written to its end, at the last look

    def new_rows(self) -> Iterator[Row]:
        """Whole rows since the last time. One that is still being written comes next time.

        Raises ProtocolError for damage, as `read_rows` does.
        """
        while True:
            # Looked for first: once there is another file, nothing is added to this one.
            is_done = any(n > self._number for n in segments.numbers_of(self._path))
            yield from self._rest_of_file(is_done=is_done)
            if not is_done:
                return
            self._number, self._offset, self._lines = self._number + 1, 0, 0

    def _rest_of_file(self, *, is_done: bool) -> Iterator[Row]:
        name = segments.segment(self._path, self._number).name
        try:
            file = segments.open_segment(self._path, self._number)
        except FileNotFoundError:
            raise ProtocolError(f"journal {name} is missing") from None
        except OSError as error:
            raise segments.unread(self._path, self._number, error) from error
        with file:
            for line in self._lines_from(file):
                self._offset, self._lines = self._offset + len(line), self._lines + 1
                row = self._chain.take(line, self._number, self._lines)
                self.is_closed |= row.kind is RowKind.CLOSED
                yield row
        if self._has_rest and is_done:
            raise ProtocolError(f"journal {name} ends within a row")

    def _lines_from(self, file: BinaryIO) -> Iterator[bytes]:
        """Whole ones, from where we are. Raises ProtocolError."""
        try:
            segments.skip(file, self._offset)
            while (line := file.readline(segments.LINE_BYTES_MAX)).endswith(b"\n"):
                yield line
        except (OSError, zstandard.ZstdError) as error:
            raise segments.unread(self._path, self._number, error) from error
        if len(line) == segments.LINE_BYTES_MAX:
            raise segments.too_long(self._path, self._number)
        self._has_rest = bool(line)
