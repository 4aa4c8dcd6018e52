"""Files of recorded markets as people have them: read as they are meant, or refused in words."""

import gzip
import json
import struct
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import needs
import pytest
import zstandard
from paper_scenes import ES, MNQ

from pxcore.model import Contract, Misconfigured
from pxcore.paper.markets import formats, lines, recorded_bars
from pxcore.paper.markets.formats import LINE_CHARS_MAX, MARKET_FORMATS, MINUTE_BARS, TRADES
from pxcore.paper.markets.recorded_bars import read_recording
from pxcore.paper.markets.recording import RecordedTrade, read_trades

T0 = datetime(2024, 5, 6, 13, 30, tzinfo=UTC)
TRADE_ROWS = (("2024-05-06T13:30:00Z", "18000.25", "3"), ("2024-05-06T13:30:01Z", "18000.5", "1"))
GOOD_TRADES = (RecordedTrade(T0, 72_001, 3), RecordedTrade(T0 + timedelta(seconds=1), 72_002, 1))
BAR_ROWS = (
    ("2024-05-06T13:30:00+00:00", "18000.00", "18001.50", "17997.25", "17997.25", "257"),
    ("2024-05-06T13:31:00+00:00", "17997.25", "17998.50", "17996.75", "17997.25", "108"),
)


def table(rows: tuple[tuple[str, ...], ...], columns: tuple[str, ...], separator: str = ",") -> str:
    return "".join(f"{separator.join(row)}\n" for row in (columns, *rows))


TRADES_TEXT = table(TRADE_ROWS, TRADES.columns)
BARS_TEXT = table(BAR_ROWS, MINUTE_BARS.columns)


def written(folder: Path, content: str | bytes, name: str = "market.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, contract: Contract = MNQ) -> str:
    with pytest.raises(Misconfigured) as raised:
        read_recording(path, contract)
    said = str(raised.value)
    assert said.startswith(str(path)) and "\n" not in said and len(said) < 500 + len(str(path))
    return said.removeprefix(str(path)).strip()


def quoted(text: str) -> str:
    return "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in text.splitlines()
    )


GOOD_FORMS: dict[str, str | bytes] = {
    "plain": TRADES_TEXT,
    "quoted": quoted(TRADES_TEXT),
    "a mark at its beginning": "\ufeff" + TRADES_TEXT,
    "a mark, and quoted": "\ufeff" + quoted(TRADES_TEXT),
    "Windows line ends": TRADES_TEXT.replace("\n", "\r\n"),
    "old Macintosh line ends": TRADES_TEXT.replace("\n", "\r"),
    "no line end at the end": TRADES_TEXT.rstrip("\n"),
    "blank lines": "\n \n" + TRADES_TEXT.replace("\n", "\n\n") + "\n\r\n ,,\n\n",
    "upper case": "Time_UTC, PRICE ,Size\n" + TRADES_TEXT.partition("\n")[2],
    "another order": table(tuple(row[::-1] for row in TRADE_ROWS), TRADES.columns[::-1]),
    "tabs": TRADES_TEXT.replace(",", "\t"),
    "semicolons": TRADES_TEXT.replace(",", ";"),
    "a comma at each end": TRADES_TEXT.replace("\n", ",\n").replace("size,", "size", 1),
    "gzip": gzip.compress(TRADES_TEXT.encode()),
    "gzip in parts": gzip.compress(TRADES_TEXT[:30].encode())
    + gzip.compress(TRADES_TEXT[30:].encode()),
    "Zstandard": zstandard.compress(TRADES_TEXT.encode()),
    "Zstandard in parts": zstandard.compress(TRADES_TEXT[:30].encode())
    + zstandard.compress(TRADES_TEXT[30:].encode()),
}


@pytest.mark.parametrize("content", GOOD_FORMS.values(), ids=GOOD_FORMS.keys())
def test_good_file_is_read_in_whatever_form_it_was_saved(
    tmp_path: Path, content: str | bytes
) -> None:
    path = written(tmp_path, content)
    assert read_recording(path, MNQ) == read_trades(path, MNQ) == GOOD_TRADES


@pytest.mark.parametrize("shape", [str, quoted, lambda text: text.replace(",", "\t")])
def test_bars_are_bars_in_every_form(tmp_path: Path, shape: type) -> None:
    trades = read_recording(written(tmp_path, shape(BARS_TEXT)), MNQ)
    assert (len(trades), sum(trade.size for trade in trades)) == (120, 257 + 108)


ADVICE = "save it as CSV with the columns of trades (time_utc,price,size) or one-minute bars"
OTHER_KINDS: dict[str, tuple[bytes, str]] = {
    "Parquet": (b"PAR1\x15\x04", f"is a Parquet file: {ADVICE}"),
    "Feather": (b"ARROW1\x00\x00", "is a Feather file"),
    "DBN": (b"DBN\x02" + bytes(60), f"is a Databento DBN file: {ADVICE}"),
    "DBN in Zstandard": (
        zstandard.compress(b"DBN\x02" + bytes(60)),
        "(Zstandard) is a Databento DBN file",
    ),
    "DBN in gzip": (gzip.compress(b"DBN\x01" + bytes(60)), "(gzip) is a Databento DBN file"),
    "Sierra Chart": (b"SCID8\x00\x00\x00" + bytes(60), "is a Sierra Chart file"),
    "JSON": (b'{"steps": []}', f"is JSON: {ADVICE}"),
    "JSON in lines": (b'\n [{"t": 1}]', "is JSON"),
    "web page": (b"<!DOCTYPE html><html>", "is a web page"),
    "web page with a mark": (b"\xef\xbb\xbf\r\n<HTML>", "is a web page"),
    "web page in gzip": (gzip.compress(b"<html>"), "(gzip) is a web page"),
    "XML": (b"<?xml version='1.0'?>", "is XML"),
    "UTF-16": (TRADES_TEXT.encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
    "UTF-16 without a mark": (TRADES_TEXT.encode("utf-16-le"), "is no text: it holds zero bytes"),
    "UTF-32": (TRADES_TEXT.encode("utf-32"), "is UTF-32 text"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + bytes(9), "is an Excel workbook"),
    "gzip twice": (gzip.compress(gzip.compress(b"a")), "(gzip) is a gzip file: unpack it first"),
    "bzip2": (b"BZh91AY&SY", "is a bzip2 file: unpack it first"),
    "xz": (b"\xfd7zXZ\x00\x00", "is an xz file: unpack it first"),
    "cut gzip": (gzip.compress(TRADES_TEXT.encode())[:-9], "is a damaged gzip file"),
    "gzip and more": (gzip.compress(TRADES_TEXT.encode()) + b"more", "is a damaged gzip file"),
    "cut Zstandard": (zstandard.compress(TRADES_TEXT.encode())[:-3], "is a damaged Zstandard"),
    "Zstandard and more": (zstandard.compress(b"time") + b"more", "is a damaged Zstandard"),
    "empty": (b"", "is empty"),
    "a mark alone": (b"\xef\xbb\xbf", "is empty"),
    "blank": (b"\n\r\n \n", "is empty"),
    "empty gzip": (gzip.compress(b""), "is empty"),
}


@pytest.mark.parametrize(("content", "said"), OTHER_KINDS.values(), ids=OTHER_KINDS.keys())
def test_file_of_another_kind_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, said: str
) -> None:
    assert refusal(written(tmp_path, content)).startswith(said)


def test_zip_file_and_folder_are_named(tmp_path: Path) -> None:
    path = tmp_path / "market.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("trades.csv", TRADES_TEXT)
    assert refusal(path).startswith("is a zip file or an Excel workbook: unpack it first")
    assert refusal(tmp_path).startswith("cannot be read: ")


def test_name_that_promises_what_is_not_in_it_is_told(tmp_path: Path) -> None:
    assert (
        refusal(written(tmp_path, TRADES_TEXT, "a.csv.zst")) == "is named .zst and is not Zstandard"
    )


COLUMNS = "trades (time_utc,price,size) or one-minute bars (start_utc,open,high,low,close,volume)"
HEADERS: dict[str, tuple[str, str]] = {
    "another name": (
        "time,price,size\n",
        "line 1: no header column time_utc (found time,price,size, with commas between them); "
        f"wanted: {COLUMNS}",
    ),
    "a chart's bars": (
        "time;Open;High;Low;Close\n",
        "line 1: these look like bars, but there is no header column start_utc, volume (found "
        "time,open,high,low,close, with semicolons between them)",
    ),
    "no header": ("2024-05-06T13:30:00Z,18000,1\n", "line 1: this is no header: it holds numbers"),
    "NinjaTrader": (
        "20240506 133000;18000;18001;17999;18000;5\n",
        "line 1: this is no header; it looks like a NinjaTrader export",
    ),
    "a column twice": ("time_utc,price,price,size\n", "line 1: the column price is there twice"),
    "open quotes": ('"time_utc,price,size\n', "line 1: "),
    "a text": ("Dear Sir,\n", "line 1: no header column time_utc, price, size (found dear sir,"),
}


@pytest.mark.parametrize(("text", "said"), HEADERS.values(), ids=HEADERS.keys())
def test_header_says_what_was_found_and_what_is_wanted(
    tmp_path: Path, text: str, said: str
) -> None:
    assert refusal(written(tmp_path, text)).startswith(said)


def test_bars_in_place_of_trades_are_named_as_bars(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="line 1: these are one-minute bars; wanted: trades"):
        read_trades(written(tmp_path, quoted(BARS_TEXT)), MNQ)


AT = "2024-05-06T13:30:00Z"
ROWS: dict[str, tuple[str, str]] = {
    "decimal comma in semicolons": (
        f"time_utc;price;size\n{AT};17999,75;9\n",
        "line 2: price '17999,75' has a comma, a decimal comma it seems, and the file has "
        "semicolons between its columns: save the file with decimal points",
    ),
    "decimal comma in quotes": (
        f'time_utc,price,size\n{AT},"17999,75",9\n',
        "line 2: price '17999,75' has a comma",
    ),
    "decimal comma among commas": (
        f"time_utc,price,size\n{AT},17999,75,9\n",
        "line 2: 4 columns, the header has 3; numbers with a decimal comma",
    ),
    "commas between thousands": (
        f'time_utc,price,size\n{AT},"17,999.75",9\n',
        "line 2: price '17,999.75' has a comma",
    ),
    "exponent without end": (
        f"time_utc,price,size\n{AT},1e99999999,9\n",
        "line 2: price '1e99999999' is not above zero and below 1,000,000,000",
    ),
    "exponent below zero": (f"time_utc,price,size\n{AT},1e-99999999,9\n", "line 2: price '1e-9"),
    "digits without end": (
        f"time_utc,price,size\n{AT},{'9' * 9000},9\n",
        f"line 2: price '{'9' * 59}…' is not a number",
    ),
    "size without end": (
        f"time_utc,price,size\n{AT},18000,{'9' * 9000}\n",
        f"line 2: size '{'9' * 59}…' is above 1,000,000,000",
    ),
    "digits of another script": (f"time_utc,price,size\n{AT},１８０００,9\n", "line 2: price"),
    "digits with underscores": (f"time_utc,price,size\n{AT},1_8000,9\n", "line 2: price"),
    "line without end": (
        "time_utc,price,size\n" + "9" * (LINE_CHARS_MAX + 1),
        "line 2: longer than 10,000 characters",
    ),
    "day alone": (
        "time_utc,price,size\n2024-05-06,18000,9\n",
        "line 2: time '2024-05-06' is not an ISO time with date and time of day",
    ),
    "time as a number": ("time_utc,price,size\n20131007113,18000,9\n", "line 2: time '2013"),
    "year of no market": (
        "time_utc,price,size\n0001-01-01T00:00:00+23:00,18000,9\n",
        "line 2: time '0001-01-01T00:00:00+23:00' is not in the years 1970 to 2099",
    ),
    "hour that is none": ("time_utc,price,size\n2024-05-06T25:00:00Z,1,9\n", "line 2: time '2024"),
    "quotes that do not end": (
        f'time_utc,price,size\n{AT},18000,9\n{AT},"18000,9\n{AT},18000,9\n',
        "line 3: ",
    ),
    "older Windows text": ("", "line 3: the byte 0xe9 is not UTF-8 text"),
    "a zero byte": (f"time_utc,price,size\n{AT},18000,9\n{'x' * 600},\x00\n", "line 3: it holds"),
}


@pytest.mark.parametrize(("text", "said"), ROWS.values(), ids=ROWS.keys())
def test_bad_row_is_named_by_its_line_and_never_guessed(
    tmp_path: Path, text: str, said: str
) -> None:
    content = text or f"time_utc,price,size,note\n{AT},18000,9,ok\n{AT},18000,9,caf\xe9\n"
    path = written(tmp_path, content if text else content.encode("cp1252"))
    assert refusal(path).startswith(said)


BARS_HEADER = f"{','.join(MINUTE_BARS.columns)}\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(
            "2024-05-06T13:30:00Z,4,4,4,4,1\n" * 2,
            "line 3: time '2024-05-06T13:30:00Z' is before the end",
            id="the same minute twice",
        ),
        pytest.param(
            "2024-05-06T13:30:59Z,4,4,4,4,1\n",
            "line 2: time '2024-05-06T13:30:59Z' is not the start of a minute",
            id="stamped at its end",
        ),
        pytest.param(
            "2024-05-06T13:31:00Z,4,4,4,4,0\n2024-05-06T13:30:00Z,4,4,4,4,1\n",
            "line 3: time '2024-05-06T13:30:00Z' is before the end",
            id="back in time",
        ),
    ],
)
def test_bar_that_cannot_follow_is_named(tmp_path: Path, rows: str, said: str) -> None:
    assert refusal(written(tmp_path, BARS_HEADER + rows), ES).startswith(said)


# -- bounds ---------------------------------------------------------------------------------------


def test_more_bars_than_are_read_are_refused_with_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_bars, "MINUTES_MAX", 1)
    assert refusal(written(tmp_path, BARS_TEXT)).startswith("has more than 1 bars, the most")


def test_more_lines_than_are_read_are_refused_with_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "ROWS_MAX", 3)
    assert len(read_recording(written(tmp_path, TRADES_TEXT), MNQ)) == 2
    assert refusal(written(tmp_path, TRADES_TEXT + "\n")).startswith("has more than 3 lines")


def test_more_bytes_than_are_read_are_refused_with_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "UNPACKED_BYTES_MAX", 1 << 20)
    text = TRADES_TEXT + "2024-05-06T13:30:01Z,18000.5,1\n" * 40_000
    for content in (text.encode(), gzip.compress(text.encode()), zstandard.compress(text.encode())):
        assert "more than 1 MiB, the most that is read" in refusal(written(tmp_path, content))


def gzip_of(piece: bytes, times: int) -> bytes:
    """Members of the same few bytes: many gigabytes would come of it."""
    return (
        gzip.compress(TRADES_TEXT.encode())
        + gzip.compress(piece * ((1 << 22) // len(piece))) * times
    )


def zstd_of(piece: bytes, times: int) -> bytes:
    return zstandard.compress(TRADES_TEXT.encode()) + zstandard.compress(piece * (1 << 24)) * times


BOMBS = {
    "one line, gzip": (lambda: gzip_of(b"9", 2000), "line 4: longer than 10,000 characters"),
    "one line, Zstandard": (lambda: zstd_of(b"9", 2000), "line 4: longer than 10,000 characters"),
    "blank lines": (lambda: gzip_of(b"\n", 2000), "has more than 200,000 lines"),
    "one block": (
        lambda: zstd_block(b"9", 4_000_000),
        "line 4: longer than 10,000 characters",
    ),
    "good rows": (
        lambda: gzip_of(b"2024-05-06T13:30:01Z,18000.5,1\n", 200),
        "has more than 200,000 lines",
    ),
    "header alone": (lambda: gzip.compress(b"9" * (1 << 22)) * 2000, "line 1: longer than 10,000"),
}


def zstd_block(byte: bytes, blocks: int) -> bytes:
    """A frame of blocks of four bytes each, that stand for 128 KiB: half a terabyte in 16 MB."""
    start = zstandard.compress(TRADES_TEXT.encode())
    block = struct.pack("<I", (1 << 17) << 3 | 1 << 1)[:3] + byte  # repeated byte, not the last
    return start + b"\x28\xb5\x2f\xfd\x00\x38" + block * blocks


_LOOK = """
import resource, sys
from pathlib import Path
from datetime import date
from pxcore.model import Misconfigured
from pxcore.paper.markets import lines
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.recorded_bars import read_recording
contract = find_contract(catalogue(date(2026, 11, 20)), "MNQ")
lines.ROWS_MAX = 200_000  # a tenth: what is read before is read in a second
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_recording(Path(sys.argv[1]), contract)
except Misconfigured as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@needs.posix
@pytest.mark.parametrize(("make", "said"), BOMBS.values(), ids=BOMBS.keys())
def test_file_that_unpacks_without_end_is_refused_and_fills_no_memory(
    tmp_path: Path, make: object, said: str
) -> None:
    path = written(tmp_path, make())  # type: ignore[operator]
    assert path.stat().st_size < 40 << 20
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(path)], capture_output=True, text=True, check=True
    )
    told, grown_kib = done.stdout.splitlines()
    assert said in told
    assert int(grown_kib) < 64 << 10


def test_list_of_formats_is_what_the_readers_go_by() -> None:
    assert json.loads(json.dumps([one.columns for one in MARKET_FORMATS])) == [
        ["time_utc", "price", "size"],
        ["start_utc", "open", "high", "low", "close", "volume"],
    ]
    assert set(formats.PACKINGS) == {"gzip", "Zstandard"}
