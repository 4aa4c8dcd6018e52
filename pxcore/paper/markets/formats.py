"""Which files of recorded markets are read, within which bounds, and what other files are called.

The one place that knows it: the readers, their errors and the table of inputs go by what stands
here. A file is told by what is in it, never by its name.
"""

from dataclasses import dataclass
from typing import Final

UNPACKED_BYTES_MAX: Final = 256 << 20
"""Bytes of one file at the most, counted as they are unpacked."""

LINE_CHARS_MAX: Final = 10_000
"""Characters of one line at the most."""

ROWS_MAX: Final = 2_000_000
"""Lines of one file at the most, its header and blank ones among them."""

MINUTES_MAX: Final = 70_000
"""One-minute bars of one file at the most: the 63 days that the venue keeps fit in it. Each is
played as up to 60 trades.
"""

SIZE_MAX: Final = 1_000_000_000
"""Contracts of one trade, or of one bar's volume, at the most."""

PRICE_MAX: Final = 1_000_000_000
"""A price is below it."""


@dataclass(frozen=True, slots=True)
class MarketFormat:
    """What a file holds: `name` for a person, and the columns that its header must name, in any
    order and among others.
    """

    name: str
    columns: tuple[str, ...]

    @property
    def wanted(self) -> str:
        return f"{self.name} ({','.join(self.columns)})"


TRADES: Final = MarketFormat("trades", ("time_utc", "price", "size"))
MINUTE_BARS: Final = MarketFormat(
    "one-minute bars", ("start_utc", "open", "high", "low", "close", "volume")
)
MARKET_FORMATS: Final = (TRADES, MINUTE_BARS)
"""All that is read. Times are ISO, UTC unless they name a zone; a bar is stamped at its start."""

ENCODING: Final = "UTF-8"
SEPARATORS: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
"""What may stand between columns, and what it is called. The header decides."""

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PACKINGS: Final = {"gzip": GZIP, "Zstandard": ZSTANDARD}
"""What a file may be packed with, and how its bytes begin."""

_CSV_ADVICE: Final = f"save it as CSV with the columns of {TRADES.wanted} or {MINUTE_BARS.wanted}"
_UNPACK: Final = "unpack it first, and give the file that was in it"
_UNZIP: Final = f"{_UNPACK}; of a workbook, save the sheet as CSV"
_DBN: Final = f"{_CSV_ADVICE} (Databento's own tools write CSV; its columns must be renamed so)"
_KINDS: Final = (
    (b"PK\x03\x04", "a zip file or an Excel workbook", _UNZIP),
    (b"PK\x05\x06", "a zip file with nothing in it", _UNZIP),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (GZIP, "a gzip file", _UNPACK),
    (ZSTANDARD, "a Zstandard file", "unpack it first with `zstd -d`"),
    *((b"DBN" + bytes((version,)), "a Databento DBN file", _DBN) for version in range(1, 10)),
    (b"PAR1", "a Parquet file", _CSV_ADVICE),
    (b"ARROW1", "a Feather file", _CSV_ADVICE),
    (b"SCID\x38\x00\x00\x00", "a Sierra Chart file", _CSV_ADVICE),
    (b"SQLite format 3\x00", "a SQLite database", _CSV_ADVICE),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", _CSV_ADVICE),
    (b"%PDF", "a PDF file", _CSV_ADVICE),
    (b"\xff\xfe\x00\x00", "UTF-32 text", "save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text", "save it as UTF-8"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8 (a spreadsheet calls it CSV UTF-8)"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8 (a spreadsheet calls it CSV UTF-8)"),
)
_BOM: Final = b"\xef\xbb\xbf"


def other_kind(start: bytes) -> str | None:
    """What a file that begins so is, where it is none of ours, and what to do; None when it may be.

    "a Parquet file: save it as ...": for a sentence that begins with the file's name and "is".
    """
    for magic, what, advice in _KINDS:
        if start.startswith(magic):
            return f"{what}: {advice}"
    text = start.removeprefix(_BOM).lstrip().lower()
    if text.startswith((b"{", b"[")):
        return f"JSON: {_CSV_ADVICE} (a script of a market is named FILE.json)"
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<script")):
        return "a web page: what was downloaded is no market data, download it again"
    if text.startswith(b"<"):
        return f"XML: {_CSV_ADVICE}"
    if b"\x00" in start:
        return f"no text: it holds zero bytes, as UTF-16 and binary files do; {_CSV_ADVICE}"
    return None
