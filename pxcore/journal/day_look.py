"""One look at the journals of a trading day's sessions, whatever lies in the folder.

A journal may be damaged, a directory, a pipe, of any size, or the folder may not be listed: the
look goes on, in a bounded memory and where it is said in a bounded time, and has a sentence for
each that could not be read.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Generic, TypeVar

from pxcore.engine.commands import Command
from pxcore.journal.bulk import DAMAGED
from pxcore.journal.chain import decode_row
from pxcore.journal.reader import decode_command
from pxcore.journal.rows import Row, RowKind
from pxcore.journal.segments import blocks_of, last_touched, sessions_in
from pxcore.model import ProtocolError
from pxcore.text.plain import plain

T = TypeVar("T")
Take = Callable[[Path], None]
Miss = Callable[[str, datetime, str], None]  # a name, when it was touched last, and why


@dataclass(frozen=True, slots=True)
class DayOfJournals(Generic[T]):
    """What the day's journals say, as far as they can be read; and a sentence for each that
    cannot, which is for a person to read.
    """

    value: T
    unreadable: tuple[str, ...] = ()


class DayLook:
    """`take` sees one journal after the other; `miss` is told those that it could not read, and
    when they were touched last. With `within_s` the rest is missed when that time is over.
    """

    def __init__(self, folder: Path, trading_day: date, *, within_s: float | None = None) -> None:
        self.unreadable: list[str] = []
        self._folder = folder
        self._trading_day = trading_day
        self._within_s = within_s
        self._until = None if within_s is None else time.monotonic() + within_s

    def at_each(self, take: Take, miss: Miss = lambda name, touched, why: None) -> None:
        try:
            paths = sessions_in(self._folder, trading_day=self._trading_day)
        except ProtocolError as error:
            self._miss(miss, self._folder.name, datetime.now(UTC), str(error))
            return
        for path in paths:
            try:
                self.require_time()
                take(path)
            except DAMAGED as error:
                why = plain(str(error)) or type(error).__name__
                self._miss(miss, path.name, last_touched(path), why)

    def _miss(self, miss: Miss, name: str, touched: datetime, why: str) -> None:
        shown = plain(name)
        self.unreadable.append(why if shown in why else f"journal {shown}: {why}")
        miss(shown, touched, why)

    def require_time(self) -> None:
        """Raises ProtocolError when it is over."""
        if self._until is not None and time.monotonic() >= self._until:
            raise ProtocolError(f"there was no time to read it within {self._within_s:g} s")

    def rows_with(self, path: Path, *marks: bytes) -> Iterator[Row]:
        """Whole rows that hold one of the marks. The others are not even decoded: a dead session's
        journal may have millions, and somebody waits. The chain is for `read_rows` to check.
        """
        for _, _, lines in blocks_of(path):
            self.require_time()
            for line in lines:
                if line.endswith(b"\n") and any(mark in line for mark in marks):
                    yield decode_row(line)

    def commands_with(self, path: Path, *marks: bytes) -> Iterator[Command]:
        """The commands whose row holds one of the marks."""
        for row in self.rows_with(path, *marks):
            if row.kind is RowKind.COMMAND and any(mark in bytes(row.body) for mark in marks):
                yield decode_command(row)
