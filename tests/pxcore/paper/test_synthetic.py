"""The made-up market."""

import hashlib
from datetime import timedelta
from itertools import islice, pairwise, takewhile
from statistics import pstdev

import msgspec
import pytest
import wording
from paper_scenes import ES, MNQ, OPEN

from pxcore.model import MarketTrade, Misconfigured, Quote
from pxcore.paper.markets.market import MarketStep, TradingHalt, merged
from pxcore.paper.markets.synthetic import SHAPES, SyntheticShape, shape_named, synthetic

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


def test_calm_tape_of_a_seed_never_changes() -> None:
    # The demonstration's story, told in the README, hangs on it.
    tape = islice(synthetic(MNQ, start=OPEN, seed=7), 20_000)
    assert hashlib.sha256(msgspec.json.encode(list(tape))).hexdigest() == (
        "db1cb5fe72cb947f6b0acd9d9f537cc065bd5d94cf540b15e3dde13426a2c9c6"
    )


def minutes(shape: str, count: int = 10, seed: int = 3) -> list[MarketStep]:
    end = OPEN + timedelta(minutes=count)
    tape = synthetic(MNQ, start=OPEN, seed=seed, shape=shape_named(shape))
    return list(takewhile(lambda step: step.at < end, tape))


def jumps(steps: list[MarketStep]) -> int:
    """How many quotes are more than 25 ticks from the one before."""
    bids = [step.bid_ticks or 0 for step in steps if isinstance(step, Quote)]
    return sum(abs(b - a) > 25 for a, b in pairwise(bids))


def test_every_shape_is_seeded_and_in_time_order() -> None:
    for shape in SHAPES:
        steps = minutes(shape, 2)
        assert msgspec.json.encode(steps) == msgspec.json.encode(minutes(shape, 2))
        assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_open_is_ten_times_as_lively_as_the_average_from_its_moment_on() -> None:
    opens_at = OPEN + timedelta(seconds=60)
    tape = synthetic(MNQ, start=OPEN, seed=3, shape=shape_named("open"), opens_at=opens_at)
    steps = list(takewhile(lambda step: step.at < opens_at + timedelta(seconds=2), tape))
    before = sum(step.at < opens_at for step in steps) / 60
    after = (len(steps) - before * 60) / 2
    assert 55 < before < 70
    assert 9 < after / 62 < 11


def test_halts_last_two_to_ten_seconds_without_a_quote_or_print_and_end_in_a_gap() -> None:
    steps = minutes("halting", 60)
    halts = [index for index, step in enumerate(steps) if isinstance(step, TradingHalt)]
    assert 15 < len(halts) / 2 < 45
    for begin, end in zip(halts[::2], halts[1::2], strict=False):
        first, last = steps[begin], steps[end]
        assert isinstance(first, TradingHalt) and isinstance(last, TradingHalt)
        assert (first.is_halted, last.is_halted, end - begin) == (True, False, 1)
        assert 2 <= (last.at - first.at).total_seconds() <= 10


def test_gapping_market_jumps_and_a_calm_one_does_not() -> None:
    assert jumps(minutes("calm")) == 0
    assert 4 <= jumps(minutes("gapping")) <= 20


def test_trends_go_further_than_ranges() -> None:
    def travel(shape: str) -> float:
        ends = [[s for s in minutes(shape, 5, seed) if isinstance(s, Quote)] for seed in range(6)]
        return sum(abs((e[-1].bid_ticks or 0) - (e[0].bid_ticks or 0)) for e in ends) / len(ends)

    assert travel("trend") > travel("range")


def test_unknown_shape_is_a_clear_error() -> None:
    with pytest.raises(Misconfigured, match=wording.no_market("stormy")):
        shape_named("stormy")
