"""The made-up market."""

from datetime import timedelta
from itertools import islice, pairwise, takewhile
from statistics import pstdev

import msgspec
from paper_scenes import ES, MNQ, OPEN

from pxcore.model import MarketTrade, Quote
from pxcore.paper.market import merged
from pxcore.paper.synthetic import SyntheticShape, synthetic

MINUTES_10 = list(
    takewhile(
        lambda step: step.at < OPEN + timedelta(minutes=10), synthetic(MNQ, start=OPEN, seed=3)
    )
)
QUOTES = [step for step in MINUTES_10 if isinstance(step, Quote)]
PRINTS = [step for step in MINUTES_10 if isinstance(step, MarketTrade)]


def test_same_seed_gives_the_same_tape_to_the_byte() -> None:
    again = islice(synthetic(MNQ, start=OPEN, seed=3), 5000)
    assert msgspec.json.encode(list(again)) == msgspec.json.encode(MINUTES_10[:5000])


def test_tape_is_a_function_of_the_time_since_its_start() -> None:
    later = islice(synthetic(MNQ, start=OPEN + timedelta(days=3), seed=3), 500)
    assert [step.at - timedelta(days=3) for step in later] == [s.at for s in MINUTES_10[:500]]


def test_other_seed_or_contract_gives_another_tape() -> None:
    def waits(contract_seed: int) -> list[timedelta]:
        tape = islice(synthetic(MNQ, start=OPEN, seed=contract_seed), 20)
        return [step.at - OPEN for step in tape]

    assert waits(3) != waits(4)
    es = [step.at for step in islice(synthetic(ES, start=OPEN, seed=3), 20)]
    assert es != [step.at for step in MINUTES_10[:20]]


def test_rates_are_those_recorded_for_mnq() -> None:
    assert 40 < len(QUOTES) / 600 < 45
    assert 19 < len(PRINTS) / 600 < 22


def test_market_begins_with_a_burst() -> None:
    first_2_s = sum(step.at < OPEN + timedelta(seconds=2) for step in MINUTES_10)
    assert first_2_s / 2 > 3 * 62


def test_spread_is_one_tick_nine_times_in_ten_and_at_most_three() -> None:
    spreads = [(q.ask_ticks or 0) - (q.bid_ticks or 0) for q in QUOTES]
    assert set(spreads) == {1, 2, 3}
    assert 0.88 < spreads.count(1) / len(spreads) < 0.92


def test_prints_are_at_the_bid_or_the_ask_with_the_side_that_took_it() -> None:
    top = QUOTES[0]
    for step in MINUTES_10:
        if isinstance(step, Quote):
            top = step
        else:
            assert step.aggressor is not None and step.size > 0
            paid = top.ask_ticks if step.aggressor.sign > 0 else top.bid_ticks
            assert step.price_ticks == paid


def test_price_moves_about_as_much_as_asked() -> None:
    shape = SyntheticShape(volatility_ticks=2.0)
    tape = takewhile(
        lambda s: s.at < OPEN + timedelta(minutes=5),
        synthetic(MNQ, start=OPEN, seed=1, shape=shape, start_ticks=100_000),
    )
    by_second = {int((s.at - OPEN).total_seconds()): s for s in tape if isinstance(s, Quote)}
    mids = [((q.bid_ticks or 0) + (q.ask_ticks or 0)) / 2 for q in by_second.values()]
    assert abs(mids[0] - 100_000) < 40
    assert 1.6 < pstdev(b - a for a, b in pairwise(mids)) < 2.6


def test_merged_tapes_are_in_time_order() -> None:
    both = list(
        islice(merged(synthetic(MNQ, start=OPEN, seed=1), synthetic(ES, start=OPEN, seed=1)), 500)
    )
    assert [step.at for step in both] == sorted(step.at for step in both)
    assert {step.contract_id for step in both} == {MNQ.id, ES.id}
