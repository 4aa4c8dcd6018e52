"""The market of a round: so much a second, evenly, and a session that has bought finds its target
after each trigger and not before.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from latency.market import RATES, TARGET_TICKS, make_market
from latency.task import TRIGGER_SIZE

from pxcore.model import MarketTrade, Quote
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.market import MarketStep
from pxcore.paper.markets.script import read_script, scripted

START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
MNQ = find_contract(catalogue(START.date()), "MNQ")
LATENESS = timedelta(milliseconds=100)  # of an order that still finds its target
TRIGGERS = {"60": 6, "1000": 6, "5000": 3, "burst": 2}


def played(name: str, folder: Path) -> list[MarketStep]:
    """As the paper gateway reads it."""
    market = make_market(RATES[name], TRIGGERS[name], folder)
    return list(scripted(read_script(market.script), [MNQ], start=START))


def is_trigger(step: MarketStep) -> bool:
    return isinstance(step, MarketTrade) and step.size == TRIGGER_SIZE


@pytest.mark.parametrize("name", RATES)
def test_market_has_as_many_triggers_as_asked_and_two_quotes_to_a_print(name, tmp_path) -> None:
    steps = played(name, tmp_path)
    assert sum(map(is_trigger, steps)) == TRIGGERS[name]
    quotes = sum(isinstance(step, Quote) for step in steps)
    assert quotes == pytest.approx(2 * len(steps) / 3, abs=2)


@pytest.mark.parametrize(("name", "per_s"), [("60", 60), ("1000", 1_000), ("5000", 5_000)])
def test_messages_of_a_rate_come_evenly(name, per_s, tmp_path) -> None:
    steps = played(name, tmp_path)
    seconds = Counter((step.at - START).seconds for step in steps)
    assert {seconds[n] for n in range(max(seconds))} == {per_s}
    within = Counter(step.at for step in steps)
    assert set(within.values()) == {max(1, per_s // 1_000)}


def test_trigger_of_a_burst_is_amid_twenty_thousand_in_a_second_and_it_is_quiet_between(
    tmp_path,
) -> None:
    steps = played("burst", tmp_path)
    for trigger in filter(is_trigger, steps):
        near = [s for s in steps if abs(s.at - trigger.at) <= timedelta(seconds=0.35)]
        assert len(near) == pytest.approx(14_000, rel=0.01)
    assert len(steps) == pytest.approx(2 * 20_000, rel=0.02)


@pytest.mark.parametrize("name", RATES)
def test_target_is_reached_soon_after_a_trigger_and_never_before(name, tmp_path) -> None:
    """Bought at any ask from the trigger to `LATENESS` after it; sold when a bid is that high."""
    steps = played(name, tmp_path)
    quotes = [step for step in steps if isinstance(step, Quote)]
    triggers = [step.at for step in steps if is_trigger(step)]
    ends = [*triggers[1:], steps[-1].at]
    assert triggers
    for at, end in zip(triggers, ends, strict=True):
        asks = [q.ask_ticks or 0 for q in quotes if at <= q.at < at + LATENESS]
        bids_then = [q.bid_ticks or 0 for q in quotes if at <= q.at < at + LATENESS]
        bids_after = [q.bid_ticks or 0 for q in quotes if at + LATENESS <= q.at < end]
        assert max(bids_then) < min(asks) + TARGET_TICKS
        assert max(bids_after) >= max(asks) + TARGET_TICKS


def test_same_round_has_the_same_market(tmp_path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    first, second = (make_market(RATES["60"], 3, folder).script for folder in folders)
    assert first.read_bytes() == second.read_bytes()
