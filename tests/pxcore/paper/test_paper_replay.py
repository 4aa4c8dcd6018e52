"""Recorded markets: reading a file, choosing a stretch, playing it."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import wording
from paper_scenes import LISTED, OPEN

from pxcore.model import MarketTrade, Misconfigured, Quote, Side
from pxcore.paper.markets.catalogue import find_contract
from pxcore.paper.markets.recording import RecordedTrade, read_trades
from pxcore.paper.markets.replay import (
    RecordedStretch,
    choose_stretch,
    cut,
    replay,
    typical_move_ticks,
)

GC = find_contract(LISTED, "GC")  # tick 0.1
HEADER = "time_utc,price,size\n"
T0 = datetime(2013, 10, 7, 13, 40, tzinfo=UTC)
GOOD = "2013-10-07T13:40:00Z,1313.7,1\n"


def written(folder: Path, content: str | bytes, name: str = "trades.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def trade(second: float, ticks: int = 13_137, size: int = 1) -> RecordedTrade:
    return RecordedTrade(T0 + timedelta(seconds=second), ticks, size)


def test_plain_and_gzipped_files_read_the_same_whatever_their_name(tmp_path: Path) -> None:
    text = HEADER + GOOD + "2013-10-07T13:40:01.5Z,1313.8,2\n"
    plain = read_trades(written(tmp_path, text), GC)
    packed = read_trades(written(tmp_path, gzip.compress(text.encode()), "trades.csv.gz"), GC)
    disguised = read_trades(written(tmp_path, gzip.compress(text.encode()), "other.csv"), GC)
    assert plain == packed == disguised == (trade(0), trade(1.5, 13_138, 2))


def test_windows_line_ends_a_bom_blank_lines_and_other_columns_are_tolerated(
    tmp_path: Path,
) -> None:
    text = "\ufeffsize,venue,time_utc,price\r\n1,X,2013-10-07T13:40:00Z,1313.7\r\n\r\n\r\n"
    assert read_trades(written(tmp_path, text), GC) == (trade(0),)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2013-10-07T13:40:00", T0),
        ("2013-10-07 13:40:00+00:00", T0),
        ("2013-10-07T08:40:00-05:00", T0),
        ("2013-10-07T13:40:00.123456789Z", T0 + timedelta(microseconds=123_456)),
    ],
    ids=["naive is UTC", "blank for T", "offset", "nanoseconds"],
)
def test_times_are_read_as_utc(tmp_path: Path, text: str, at: datetime) -> None:
    (only,) = read_trades(written(tmp_path, f"{HEADER}{text},1313.7,1\n"), GC)
    assert only.at == at


def test_rows_of_size_zero_are_left_out(tmp_path: Path) -> None:
    rows = HEADER + "2013-10-07T13:40:00Z,1313.6,0\n" + GOOD
    assert read_trades(written(tmp_path, rows), GC) == (trade(0),)


BAD_ROWS = {
    "time": ("yesterday,1313.7,1", "time 'yesterday' is not an ISO time"),
    "price word": ("2013-10-07T13:40:01Z,gold,1", "price 'gold' is not a number"),
    "price missing": ("2013-10-07T13:40:01Z,,1", "price '' is not a number"),
    "price NaN": ("2013-10-07T13:40:01Z,NaN,1", "price 'NaN' is not a number"),
    "price infinite": ("2013-10-07T13:40:01Z,inf,1", "price 'inf' is not a number"),
    "price zero": ("2013-10-07T13:40:01Z,0,1", "price '0' is not above zero"),
    "price below zero": ("2013-10-07T13:40:01Z,-3.1,1", "price '-3.1' is not above zero"),
    "price absurd": ("2013-10-07T13:40:01Z,1e999999,1", "price '1e999999' is not above zero"),
    "price below the grid": (
        "2013-10-07T13:40:01Z,1e-99999999,1",
        "price '1e-99999999' is off the",
    ),
    "price off grid": (
        "2013-10-07T13:40:01Z,1313.75,1",
        "price '1313.75' is off the 0.1 tick grid of GCZ6; is --contract right?",
    ),
    "size below zero": ("2013-10-07T13:40:01Z,1313.7,-1", "size '-1' is not a positive whole"),
    "size a fraction": ("2013-10-07T13:40:01Z,1313.7,1.5", "size '1.5' is not a positive whole"),
    "time backwards": (
        "2013-10-07T13:39:59Z,1313.7,1",
        "time '2013-10-07T13:39:59Z' is before the row above it",
    ),
    "short row": ("2013-10-07T13:40:01Z,1313.7", "2 columns, the header has 3"),
}


@pytest.mark.parametrize(("row", "complaint"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_bad_row_is_named_by_file_line_and_value(tmp_path: Path, row: str, complaint: str) -> None:
    path = written(tmp_path, f"{HEADER}{GOOD}\n{GOOD}{row}\n")  # the bad row is line 5
    with pytest.raises(Misconfigured) as raised:
        read_trades(path, GC)
    assert str(raised.value).startswith(f"{path} line 5: {complaint}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", HEADER.encode(), "holds no trades"),
        ("t.csv", b"time_utc,last,size\n", "line 1: no header column price"),
        ("t.csv", b"\xff\xfe\x00", "is UTF-16 text: save it as UTF-8"),
        ("t.csv.gz", HEADER.encode(), "is named .gz and is not gzip"),
        ("t.csv.gz", gzip.compress(HEADER.encode() * 99)[:-9], "is a damaged gzip file"),
    ],
    ids=["empty", "header only", "column", "binary", "not gzip", "cut gzip"],
)
def test_unusable_file_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(Misconfigured) as raised:
        read_trades(path, GC)
    assert str(raised.value).startswith(f"{path} {complaint}")


def test_missing_file_or_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=wording.NO_FILE):
        read_trades(tmp_path / "none.csv", GC)
    with pytest.raises(Misconfigured, match="cannot be read: Is a directory"):
        read_trades(tmp_path, GC)


def test_long_recording_is_cut_to_its_busiest_window_at_twenty_times_the_speed() -> None:
    quiet = [trade(second) for second in range(0, 3600, 20)]
    busy = [trade(3600 + second / 2) for second in range(2 * 600)]
    late = [trade(4200 + second) for second in range(0, 3600, 20)]
    stretch = choose_stretch([*quiet, *busy, *late], wall_s=30)  # 600 market seconds
    assert T0 + timedelta(minutes=59) < stretch.start <= T0 + timedelta(minutes=60)
    assert timedelta(seconds=580) < stretch.end - stretch.start <= timedelta(seconds=600)
    assert 19 < stretch.speed <= 20


def test_short_recording_is_played_whole_and_slower() -> None:
    stretch = choose_stretch([trade(second) for second in range(0, 301, 5)], wall_s=60)
    assert (stretch.start, stretch.end) == (T0, T0 + timedelta(seconds=300))
    assert stretch.speed == 5.0


def test_very_short_recording_is_never_slower_than_life() -> None:
    assert choose_stretch([trade(0), trade(10)], wall_s=60).speed == 1.0


def test_stretch_avoids_a_long_silence_when_it_can() -> None:
    # Two minutes of trades, eighteen of silence, five of trades: 20 market minutes would hold all.
    early = [trade(second / 10) for second in range(1200)]
    late = [trade(1200 + second) for second in range(301)]
    stretch = choose_stretch([*early, *late], wall_s=60)
    assert stretch.start == T0 + timedelta(seconds=1200)
    assert stretch.speed == 5.0


def test_one_trade_is_not_a_market() -> None:
    with pytest.raises(Misconfigured, match="at least two trades"):
        choose_stretch([trade(0)], wall_s=60)


def test_cut_takes_both_ends_and_refuses_an_empty_stretch() -> None:
    trades = [trade(second) for second in range(10)]
    got = cut(trades, start=trades[2].at, end=trades[4].at, speed=3.0)
    assert got == RecordedStretch(tuple(trades[2:5]), 3.0)
    with pytest.raises(Misconfigured, match="no trades from"):
        cut(trades, start=T0 + timedelta(hours=1), end=T0 + timedelta(hours=2), speed=1.0)


def test_typical_move_is_the_median_change_over_the_horizon() -> None:
    # Two ticks up each second, and one mad print that a median shrugs off.
    trades = [trade(second, 13_000 + 2 * second) for second in range(61)]
    trades[30] = trade(30, 20_000)
    assert typical_move_ticks(RecordedStretch(tuple(trades), 1.0), over_s=10) == 20.0


def test_typical_move_of_a_stretch_shorter_than_the_horizon_is_its_range() -> None:
    stretch = RecordedStretch((trade(0, 13_000), trade(1, 13_007), trade(2, 13_003)), 1.0)
    assert typical_move_ticks(stretch, over_s=60) == 7.0


def test_replay_derives_quotes_by_the_tick_rule_and_moves_the_time() -> None:
    prices = [13_000, 13_001, 13_001, 12_999, 12_999]
    stretch = RecordedStretch(tuple(trade(s, p, s + 1) for s, p in enumerate(prices)), 1.0)
    steps = list(replay(stretch, GC, market_start=OPEN))
    quotes = [(s.bid_ticks, s.ask_ticks) for s in steps if isinstance(s, Quote)]
    prints = [(s.price_ticks, s.size, s.aggressor) for s in steps if isinstance(s, MarketTrade)]
    assert quotes == [
        (12_999, 13_000),
        (13_000, 13_001),
        (13_000, 13_001),
        (12_999, 13_000),
        (12_999, 13_000),
    ]
    assert prints == [
        (13_000, 1, Side.BUY),
        (13_001, 2, Side.BUY),
        (13_001, 3, Side.BUY),
        (12_999, 4, Side.SELL),
        (12_999, 5, Side.SELL),
    ]
    assert [type(s) for s in steps[:2]] == [Quote, MarketTrade]
    assert [s.at - OPEN for s in steps[::2]] == [timedelta(seconds=n) for n in range(5)]
