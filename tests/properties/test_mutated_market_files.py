"""Whatever becomes of a market file, it is read as what stands in it, or refused by its name."""

import gzip
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper_scenes import MNQ
from seeds import is_night

from pxcore.model import Misconfigured
from pxcore.paper.markets.formats import SEPARATORS, TRADES
from pxcore.paper.markets.recorded_bars import read_recording
from pxcore.paper.markets.recording import RecordedTrade

_ROWS = [f"2024-05-06T13:30:{second:02}Z,{18_000 + second}.25,{second + 1}" for second in range(9)]
_TRADES = "\n".join(["time_utc,price,size", *_ROWS, ""])
_BARS = (
    "start_utc,open,high,low,close,volume\n"
    "2024-05-06T13:30:00Z,18000.00,18001.50,17997.25,17997.25,257\n"
    "2024-05-06T13:31:00Z,17997.25,17998.50,17996.75,17997.25,108\n"
)
_ODD = [
    "1e99999999", "1e-99999999", "-1e99999999", "9" * 5000, "0." + "0" * 5000 + "1", "NaN", "-inf",
    "1_000", "１８０００", "17999,75", "17.999,75", '"17,999.75"', "", " ", "0x10", "\x00",
    '"', "1\n2", "18000.2500000000000000000000000000000000001", "2024-05-06",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "20131007113", "=1+1",
    "\u2028", "\ufeff",
]  # fmt: skip
_ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp037", "utf-7"]


def packed(text: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(text)
    return zstandard.ZstdCompressor(write_checksum=True).compress(text)


def cut(data: bytes, where: float) -> bytes:
    return data[: int(where * len(data))]


def flipped(data: bytes, where: float, bits: int) -> bytes:
    place = min(int(where * len(data)), len(data) - 1)
    return data[:place] + bytes((data[place] ^ bits,)) + data[place + 1 :]


def changed_cell(text: str, row: int, column: int, cell: str, separator: str) -> str:
    lines = [line.split(",") for line in text.splitlines()]
    lines[row % len(lines)][column % len(lines[0])] = cell
    return "\n".join(separator.join(line) for line in lines) + "\n"


where = st.floats(0, 1)
texts = st.sampled_from([_TRADES, _BARS])
whole = texts.map(str.encode)
mutated = st.one_of(
    st.builds(cut, whole, where),
    st.builds(flipped, whole, where, st.integers(1, 255)),
    st.builds(lambda text, name: text.encode(name), texts, st.sampled_from(_ENCODINGS)),
    st.builds(
        lambda *of: changed_cell(*of).encode(),
        texts,
        st.integers(0, 9),
        st.integers(0, 5),
        st.sampled_from(_ODD) | st.text(max_size=30).filter(str.isprintable),
        st.sampled_from(list(SEPARATORS)),
    ),
    st.binary(max_size=300),
)


def read(path: Path, data: bytes) -> tuple[RecordedTrade, ...] | None:
    """None for what was refused as it should be."""
    path.write_bytes(data)
    try:
        return read_recording(path, MNQ)
    except Misconfigured as error:
        said = str(error)
        assert said.startswith(str(path)) and said.isprintable() and len(said) < 600
        return None


def in_other_words(data: bytes) -> tuple[RecordedTrade, ...] | None:
    """What an unpacked file of trades says, read by the plainest means; None for other files."""
    lines = [line for line in re.split(r"\r\n|\r|\n", data.decode("utf-8-sig")) if line.strip()]
    separator = next(one for one in SEPARATORS if set(TRADES.columns) <= names(lines[0], one))
    header = [name.strip().lower() for name in lines[0].split(separator)]
    trades = []
    for line in lines[1:]:
        cells = dict(zip(header, map(str.strip, line.split(separator)), strict=False))
        if any(cells.values()) and int(cells["size"]):
            ticks = Decimal(cells["price"]) / MNQ.tick_size
            assert ticks == int(ticks)
            at = datetime.fromisoformat(cells["time_utc"])
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            trades.append(RecordedTrade(at.astimezone(UTC), int(ticks), int(cells["size"])))
    return tuple(trades)


def names(line: str, separator: str) -> set[str]:
    return {name.strip().lower() for name in line.split(separator)}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markets") / "market.csv"


patient = settings(
    max_examples=3000 if is_night() else 300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@patient
@given(data=mutated)
def test_mutated_file_says_what_stands_in_it_or_is_refused(path: Path, data: bytes) -> None:
    trades = read(path, data)
    if trades is not None and b'"' not in data and b"start_utc" not in data.lower():
        assert trades == in_other_words(data)


@patient
@given(text=texts, how=st.sampled_from(["gzip", "zstd"]), where=where, bits=st.integers(1, 255))
def test_packed_file_that_is_damaged_is_never_another_market(
    path: Path, text: str, how: str, where: float, bits: int
) -> None:
    good, data = read(path, text.encode()), packed(text.encode(), how)
    assert read(path, data) == good is not None
    assert read(path, flipped(data, where, bits)) in (good, None)
    if len(shorter := cut(data, where)) < len(data):
        assert read(path, shorter) is None


@patient
@given(rows=st.permutations(range(6)), columns=st.permutations(range(3)))
def test_order_of_columns_does_not_matter_and_that_of_rows_does(
    path: Path, rows: list[int], columns: list[int]
) -> None:
    lines = [_TRADES.splitlines()[0], *(_ROWS[row] for row in rows)]
    text = "\n".join(",".join(line.split(",")[column] for column in columns) for line in lines)
    trades = read(path, text.encode())
    assert (trades is None) == (list(rows) != sorted(rows))
    if trades is not None:
        assert [trade.size for trade in trades] == [1, 2, 3, 4, 5, 6]
