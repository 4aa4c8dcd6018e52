"""Market depth: a book that any client can rebuild, and that follows the quotes."""

from datetime import timedelta
from itertools import islice, takewhile

import msgspec
import pytest
from paper_scenes import MNQ, OPEN, printed, quote
from paper_server import lively_tape, serving

from pxcore.model import DepthKind
from pxcore.paper.markets.depth import LEVELS, Depth
from pxcore.paper.markets.market import BookRow, DepthPush, MarketStep
from pxcore.paper.markets.synthetic import synthetic

Levels = dict[tuple[str, int], int]


def deep(*steps: MarketStep) -> list[DepthPush]:
    depth = Depth(seed=1)
    return [push for step in steps if (push := depth.follow(step))]


def rebuilt(levels: Levels, rows: tuple[BookRow, ...]) -> Levels:
    """A client's book after these rows."""
    after = dict(levels)
    for row in rows:
        if row.kind in (DepthKind.ASK, DepthKind.BID):
            after[row.kind, row.price_ticks] = row.size
    return {level: size for level, size in after.items() if size}


def test_first_push_is_a_whole_book_of_fifty_levels_a_side() -> None:
    (push,) = deep(quote(0, 100, 101))
    levels = rebuilt({}, push.rows)
    assert [price for kind, price in levels if kind == DepthKind.BID] == list(range(100, 50, -1))
    assert [price for kind, price in levels if kind == DepthKind.ASK] == list(range(101, 151))


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(100, 101), (103, 104), (98, 100), (400, 401), (20_000, 20_002)],
    ids=["still", "up", "down and wide", "gap", "far gap"],
)
def test_book_stays_whole_when_the_quote_moves(bid: int, ask: int) -> None:
    pushes = deep(quote(0, 100, 101), quote(1, bid, ask))
    levels: Levels = {}
    for push in pushes:
        levels = rebuilt(levels, push.rows)
    bids = {price for kind, price in levels if kind == DepthKind.BID}
    asks = {price for kind, price in levels if kind == DepthKind.ASK}
    assert bids == set(range(bid - LEVELS + 1, bid + 1))
    assert asks == set(range(ask, ask + LEVELS))


def test_best_rows_name_the_top_of_the_book_and_its_size() -> None:
    levels: Levels = {}
    for push in deep(*islice(synthetic(MNQ, start=OPEN, seed=2), 2000)):
        levels = rebuilt(levels, push.rows)
        for row in push.rows:
            if row.kind is DepthKind.BEST_BID:
                assert row.price_ticks == max(p for k, p in levels if k == DepthKind.BID)
                assert row.size == levels[DepthKind.BID, row.price_ticks]


def test_print_is_told_in_the_depth_and_takes_from_its_level() -> None:
    first, second = deep(quote(0, 100, 101), printed(1, 101, 2))
    before = rebuilt({}, first.rows)[DepthKind.ASK, 101]
    trade, level, top = second.rows
    assert (trade.kind, trade.price_ticks, trade.size) == (DepthKind.TRADE, 101, 2)
    assert level.size == top.size == max(1, before - 2)
    assert top.kind is DepthKind.BEST_ASK


def test_same_seed_gives_the_same_depth_to_the_byte() -> None:
    def taped(seed: int) -> bytes:
        depth = Depth(seed)
        tape = islice(synthetic(MNQ, start=OPEN, seed=3), 1000)
        return msgspec.json.encode([depth.follow(step) for step in tape])

    assert taped(3) == taped(3)
    assert taped(3) != taped(4)


def test_rate_is_that_recorded_for_mnq() -> None:
    # 62 a second on average; the first half minute of a market is its burst.
    tape = synthetic(MNQ, start=OPEN, seed=3)
    pushes = deep(*takewhile(lambda step: step.at < OPEN + timedelta(seconds=330), tape))
    steady = [push for push in pushes if push.at >= OPEN + timedelta(seconds=30)]
    assert 59 < len(steady) / 300 < 65


def test_subscriber_gets_the_whole_book_in_one_batch_and_then_the_changes() -> None:
    with serving(lively_tape()) as gateway:
        hub = gateway.log_in().hub("market")
        assert hub.call("SubscribeContractMarketDepth", MNQ.id)["result"] == 0
        contract_id, rows = hub.event("GatewayDepth")
        assert contract_id == MNQ.id
        assert len(rows) == 2 * LEVELS + 2
        assert set(rows[0]) == {"timestamp", "type", "price", "volume", "currentVolume"}
        best = {row["type"]: row for row in rows[-2:]}
        bids = [row["price"] for row in rows if row["type"] == 2]
        assert best[4]["price"] == max(bids) and best[4]["currentVolume"] == 0
        changes = [hub.event("GatewayDepth")[1] for _ in range(20)]
        assert all(isinstance(change, list) and 0 < len(change) < 60 for change in changes)
        hub.socket.close()
