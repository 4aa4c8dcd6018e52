"""One-minute bars from a file, played as trades."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paper_scenes import ES, MNQ

from pxcore.model import BarUnit, Misconfigured
from pxcore.paper.assembly import build_market, while_open
from pxcore.paper.config import PaperConfig, Recording
from pxcore.paper.exchange.order_desk import always_open
from pxcore.paper.hours import is_exchange_open
from pxcore.paper.markets.bars import BarStore
from pxcore.paper.markets.recorded_bars import read_recording
from pxcore.paper.markets.synthetic import synthetic

HEADER = "start_utc,open,high,low,close,volume,close_bid,close_ask\n"
ROWS = (
    "2013-10-06T22:00:00Z,1676.75,1677.25,1673.5,1675.25,1884,1675.25,1675.5\n"
    "2013-10-06T22:01:00Z,1675.5,1675.75,1674,1674.25,753,1674.25,1674.5\n"
    "2013-10-06T22:03:00Z,1674.25,1676,1674,1675.75,61,1675.5,1675.75\n"
)
START = datetime(2013, 10, 6, 22, tzinfo=UTC)


def written(tmp_path: Path, rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(header + rows)
    return path


def test_trades_make_the_recorded_bars_again(tmp_path: Path) -> None:
    config = PaperConfig(
        symbols=("ES",), recording=Recording(path=str(written(tmp_path, ROWS))), market_start=START
    )
    store = BarStore()
    for step in build_market(config, datetime(2026, 11, 20, 14, 30, tzinfo=UTC)).tape:
        if hasattr(step, "price_ticks"):
            store.see(step)
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    bars = store.bars(
        ES.id, unit=BarUnit.MINUTE, number=1, start=begin, end=begin + timedelta(days=1),
        limit=9, finished_by=None,
    )  # fmt: skip
    assert [
        (b.open_ticks / 4, b.high_ticks / 4, b.low_ticks / 4, b.close_ticks / 4, b.volume)
        for b in bars
    ] == [
        (1674.25, 1676, 1674, 1675.75, 61),
        (1675.5, 1675.75, 1674, 1674.25, 753),
        (1676.75, 1677.25, 1673.5, 1675.25, 1884),
    ]


def test_down_minute_sees_its_high_first_and_an_up_minute_its_low(tmp_path: Path) -> None:
    trades = read_recording(written(tmp_path, ROWS), ES)
    down, up = trades[:60], trades[-60:]
    prices = [trade.price_ticks for trade in down]
    assert prices.index(max(prices)) < prices.index(min(prices))
    prices = [trade.price_ticks for trade in up]
    assert prices.index(min(prices)) < prices.index(max(prices))


@pytest.mark.parametrize("volume", [0, 1, 2, 3, 4, 5, 59, 60, 61])
def test_minute_has_as_many_trades_as_its_volume_allows(tmp_path: Path, volume: int) -> None:
    row = f"2013-10-06T22:00:00Z,1676.75,1677.25,1673.5,1675.25,{volume},0,0\n"
    if not volume:
        with pytest.raises(Misconfigured, match="holds no trades"):
            read_recording(written(tmp_path, row), ES)
        return
    trades = read_recording(written(tmp_path, row), ES)
    assert len(trades) == min(60, volume)
    assert sum(trade.size for trade in trades) == volume
    assert trades[-1].price_ticks == 1675.25 * 4


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("noon,1,2,1,2,5,0,0\n", "line 2: time 'noon' is not an ISO time"),
        ("2013-10-06T22:00:00Z,3,2,1,2,5,0,0\n", "do not hold open and close"),
        ("2013-10-06T22:00:00Z,1,2,1,1.1,5,0,0\n", "is off the 0.25 tick grid"),
        (ROWS + "2013-10-06T22:00:00Z,1,2,1,2,5,0,0\n", "before the end of the row above"),
    ],
)
def test_bad_row_is_named_with_its_line(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(Misconfigured, match=complaint):
        read_recording(written(tmp_path, row), ES)


def test_header_tells_trades_from_bars(tmp_path: Path) -> None:
    assert len(read_recording(written(tmp_path, ROWS), ES)) == 180
    trades = written(tmp_path, "2013-10-07T13:40:00Z,1313.75,2\n", "time_utc,price,size\n")
    assert [trade.size for trade in read_recording(trades, ES)] == [2]


def test_made_up_market_is_silent_while_the_exchange_is_closed() -> None:
    start = datetime(2026, 11, 20, 21, 59, 30, tzinfo=UTC)  # Friday, half a minute before 16:00
    tape = while_open(synthetic(MNQ, start=start, seed=1), [MNQ], is_exchange_open)
    moments = []
    for step in synthetic(MNQ, start=start, seed=1):
        moments.append(step.at)
        if step.at > start + timedelta(seconds=40):
            break
    kept = [next(tape).at for _ in range(sum(at < start + timedelta(seconds=30) for at in moments))]
    assert kept == [at for at in moments if at < start + timedelta(seconds=30)]
    assert while_open(tape, [MNQ], always_open) is tape


def test_file_that_has_a_header_alone_holds_no_bars(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="holds no bars"):
        read_recording(written(tmp_path, ""), ES)
