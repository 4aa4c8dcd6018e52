"""A journal that is being written, read as it grows: no row is read twice."""

from collections.abc import Iterator
from pathlib import Path

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
        with file:
            segments.skip(file, self._offset)
            while (line := file.readline()).endswith(b"\n"):
                self._offset, self._lines = self._offset + len(line), self._lines + 1
                row = self._chain.take(line, self._number, self._lines)
                self.is_closed |= row.kind is RowKind.CLOSED
                yield row
        if line and is_done:
            raise ProtocolError(f"journal {name} ends within a row")
