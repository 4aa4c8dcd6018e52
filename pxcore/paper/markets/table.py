"""A market file as a table: its header, the format that this names, and rows with their lines."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pxcore.model import Misconfigured
from pxcore.paper.markets.formats import (
    MARKET_FORMATS,
    MINUTE_BARS,
    SEPARATORS,
    TRADES,
    MarketFormat,
)
from pxcore.paper.markets.lines import market_lines
from pxcore.text.plain import plain

_SHOWN_CHARS = 60
_BAR_NAMES = {"open", "high", "low", "close"}

Cells = tuple[str, ...]


def shown(text: str) -> str:
    """A cell in quotes, for an error: plain, and no longer than a person reads."""
    return repr(plain(text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"))


@dataclass(frozen=True, slots=True)
class Table:
    """An open file. `rows` may be asked for once."""

    path: str
    header: Cells
    header_line: int
    separator: str
    _lines: Iterator[str]

    @property
    def format(self) -> MarketFormat:
        """Raises Misconfigured when the header is of none that is read, saying what was found."""
        for one in MARKET_FORMATS:
            if set(one.columns) <= set(self.header):
                return one
        wanted = " or ".join(one.wanted for one in MARKET_FORMATS)
        raise self._refused(self._found(), wanted)

    def require(self, wanted: MarketFormat, advice: str) -> None:
        """Raises Misconfigured for a file of another format, which `advice` is for, or of none."""
        found = self.format
        if found is not wanted:
            raise self._refused(f"these are {found.name}", f"{wanted.wanted}; {advice}")

    def rows(self, columns: Cells) -> Iterator[tuple[int, Cells]]:
        """Line and these cells of every row that is not blank. Raises Misconfigured."""
        twice = next((name for name in columns if self.header.count(name) > 1), None)
        if twice is not None:
            raise self.wrong(self.header_line, f"the column {twice} is there twice")
        places = [self.header.index(name) for name in columns]
        width = len(self.header)
        reader = csv.reader(self._lines, delimiter=self.separator, strict=True)
        line = self.header_line
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise self.wrong(line + 1, f"its quotes do not fit: {error}") from None
            if row is None:
                return
            line += 1
            if self.header_line + reader.line_num != line:
                raise self.wrong(line, "a quoted cell does not end on its line")
            if not any(map(str.strip, row)):
                continue
            if len(row) != width and (len(row) < width or any(row[width:])):
                raise self.wrong(line, self._wrong_width(len(row)))
            yield line, tuple(row[place].strip() for place in places)

    def wrong(self, line: int, why: str) -> Misconfigured:
        """The error for this line."""
        return Misconfigured(f"{self.path} line {line}: {why}")

    def _wrong_width(self, columns: int) -> str:
        why = f"{columns} columns, the header has {len(self.header)}"
        if columns > len(self.header) and self.separator == ",":
            why += "; numbers with a decimal comma or with commas between thousands are not read"
        return why

    def _refused(self, found: str, wanted: str) -> Misconfigured:
        return self.wrong(self.header_line, f"{found}; wanted: {wanted}")

    def _found(self) -> str:
        names = [plain(name) for name in self.header]
        separator = SEPARATORS[self.separator]
        if all(name[:1].isdigit() or name[:1] in "+-." for name in names):
            if self.separator == ";" and names[0][:8].isdigit():
                return "this is no header; it looks like a NinjaTrader export, which has none"
            return "this is no header: it holds numbers and no names"
        text = ",".join(names)
        text = text if len(text) <= 2 * _SHOWN_CHARS else f"{text[: 2 * _SHOWN_CHARS]}…"
        if set(names) >= _BAR_NAMES:
            missing = [name for name in MINUTE_BARS.columns if name not in names]
            return (
                f"these look like bars, but there is no header column {', '.join(missing)} "
                f"(found {text}, with {separator} between them)"
            )
        near = min(MARKET_FORMATS, key=lambda one: len(set(one.columns) - set(names)))
        near = near if set(near.columns) & set(names) else TRADES
        missing = [name for name in near.columns if name not in names]
        return (
            f"no header column {', '.join(missing)} (found {text}, with {separator} between them)"
        )


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Its header is read. Raises Misconfigured, also while rows are read."""
    named = plain(str(path))
    with market_lines(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                separator, header = _header(named, number, line)
                yield Table(named, header, number, separator, lines)
                return
        raise Misconfigured(f"{named} is empty")


def _header(named: str, number: int, line: str) -> tuple[str, Cells]:
    """The separator whose columns are those of a format, or else the one that gives the most."""
    read: dict[str, Cells] = {}
    for separator in SEPARATORS:
        try:
            cells = next(csv.reader(chain([line]), delimiter=separator, strict=True))
        except csv.Error:
            continue
        read[separator] = tuple(cell.strip().lower() for cell in cells)
    if not read:
        raise Misconfigured(f"{named} line {number}: the quotes of its header do not fit")
    for separator, header in read.items():
        if any(set(one.columns) <= set(header) for one in MARKET_FORMATS):
            return separator, header
    return max(read.items(), key=lambda item: len(item[1]))
