"""Each built-in strategy: on a scripted market where every entry is known, and on made-up ones."""

import pytest
from replaying import replay
from seeds import seeds
from strategy_scenes import commands, denials, entries, fills, journal_of, run, script

from pxcore.engine.commands import FlatProven, Notice, PlaceEntry
from pxcore.model import Side
from pxcore.strategies import BUILT_IN

BUY, SELL = Side.BUY, Side.SELL
CALM = (100_000,) * 70

# -- trade-on-start ---------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "price"), [("buy", 100_001), ("sell", 100_000)])
def test_one_trade_is_made_as_the_window_opens_and_held_to_its_end(side, price):
    finished = run("trade-on-start", {"side": side}, tape=script(*CALM))
    assert entries(finished) == [(0.0, Side(side))]
    back = 100_000 if side == "buy" else 100_001
    assert fills(finished) == [(Side(side), price), (Side(side).opposite, back)]
    assert denials(finished) == []


def test_no_second_trade_follows_when_the_first_is_stopped_out():
    falls = (100_000,) * 10 + (99_980,) * 60  # the stop is 16 ticks below the fill
    finished = run("trade-on-start", {}, tape=script(*falls))
    assert entries(finished) == [(0.0, BUY)]
    assert len(fills(finished)) == 2


def test_one_trade_waits_for_prices_and_for_the_gates():
    late = script(*(100_000,) * 40, start_s=7)
    finished = run("trade-on-start", {}, tape=late)
    assert entries(finished) == [(7.0, BUY)]  # with the first print, 1 ms after its quote


def test_refused_entry_is_asked_again_every_so_many_seconds():
    finished = run("trade-on-start", {"retry_s": 5}, tape=script(*CALM), trades_max=0)
    assert entries(finished) == []
    assert denials(finished) == ["trades_max"] * 12  # at 0, 5, ... 55 s


def test_session_started_in_the_middle_trades_at_once():
    finished = run("trade-on-start", {}, tape=script(*CALM), start_s=20.5)
    assert entries(finished) == [(21.0, BUY)]


def test_session_started_again_in_the_window_makes_no_second_trade():
    first = run("trade-on-start", {}, tape=script(*CALM), window_s=20.0)
    assert len(fills(first)) == 2
    second = run("trade-on-start", {}, tape=script(*CALM), start_s=30.0, exchange=first.exchange)
    assert entries(second) == []
    assert len(fills(second)) == 2


@pytest.mark.parametrize("gap", [(5.0, 9.0), (-1.0, 4.0), (-2.5, 0.5)])
def test_one_trade_stays_one_when_the_market_hub_is_lost(gap):
    finished = run("trade-on-start", {}, tape=script(*CALM), gaps=(gap,))
    assert len(entries(finished)) == 1


# -- timed-entry ------------------------------------------------------------------------------


def test_entry_follows_the_move_since_the_last_beat():
    # A tick up a second from second 5 on: at the beat of second 10 the quote of second 9 is known.
    prices = [100_000] * 7 + [100_000 + n for n in range(1, 11)] + [100_010] * 50
    finished = run("timed-entry", {"every_s": 10}, tape=script(*prices), bracket=(40, 60))
    (sent,) = commands(finished, PlaceEntry)
    assert entries(finished) == [(10.0, BUY)]
    assert sent.reason == "moved +5 ticks since the last beat"


def test_move_over_a_gap_says_nothing():
    prices = [100_000] * 12 + [100_050] * 60
    finished = run("timed-entry", {"every_s": 10}, tape=script(*prices), gaps=((8.0, 15.0),))
    assert entries(finished) == []


# -- opening-range-breakout -------------------------------------------------------------------

TEN_SECONDS = {"range_minutes": 1 / 6, "buffer_ticks": 2, "chase_ticks_max": 3}
LEAD = (100_000, 100_000)
# Seconds 0 to 9: high 100004, low 99996. Buy zone 100006 to 100009, sell zone 99994 to 99991.
RANGE = (100_000, 100_004, 100_002, 99_996, 99_998, 100_001, 100_000, 100_003, 100_000, 100_000)


def breakout(*after_range: int, **more):
    params = TEN_SECONDS | more.pop("params", {})
    calm = (after_range[-1],) * (60 - 10 - len(after_range))
    tape = script(*LEAD, *RANGE, *after_range, *calm)
    return run("opening-range-breakout", params, tape=tape, **more)


def test_breakout_upwards_is_bought_and_runs_to_its_target():
    finished = breakout(100_004, 100_005, 100_006, 100_010, 100_020, 100_030)
    assert entries(finished) == [(12.0, BUY)]
    assert fills(finished) == [(BUY, 100_007), (SELL, 100_027)]  # the target is 20 ticks above


def test_breakout_downwards_is_sold_and_stopped():
    finished = breakout(99_995, 99_994, 99_998, 100_009, 100_010, 100_010)
    assert entries(finished) == [(11.0, SELL)]
    # The stop is 16 ticks above the fill, at 100010, and takes the ask of that moment.
    assert fills(finished) == [(SELL, 99_994), (BUY, 100_011)]


BREAKOUTS = [
    pytest.param((100_005, 100_005), {}, [], id="one tick beyond is none"),
    pytest.param((100_009, 100_009), {}, [(10.0, BUY)], id="at the end of the zone"),
    pytest.param((100_010, 100_010), {}, [], id="beyond the zone is not chased"),
    pytest.param((100_010, 100_008, 100_008), {}, [], id="nor on its way back"),
    pytest.param(
        (100_010, 100_004, 100_006, 100_006), {}, [(12.0, BUY)], id="but after it was back"
    ),
    pytest.param((100_006, 100_006), {"direction": "short"}, [], id="long, when short is wanted"),
    pytest.param((99_994, 99_994), {"direction": "long"}, [], id="short, when long is wanted"),
    pytest.param((99_994, 99_994), {"direction": "short"}, [(10.0, SELL)], id="short alone"),
    pytest.param((100_006, 100_006), {"buffer_ticks": 3}, [], id="nearer than the buffer"),
]


@pytest.mark.parametrize(("prices", "params", "expected"), BREAKOUTS)
def test_print_is_a_breakout_or_not(prices, params, expected):
    assert entries(breakout(*prices, params=params)) == expected


# Bought at 12 s for 100007, stopped out below 99991; back in the range; out of it again at 20 s.
TWICE = (100_004, 100_005, 100_006, 100_006, 99_991, 100_000, 100_000, 100_000)
AGAIN = (100_004, 100_004, 100_006, 100_006)


def test_breakout_is_tried_again_only_after_the_market_came_back():
    down = {"direction": "long"}
    finished = breakout(*TWICE, *AGAIN, params=down)
    assert entries(finished) == [(12.0, BUY), (20.0, BUY)]
    stopped_above = (100_006, 100_020, 100_030, 100_008, 100_008)  # target hit, then in the zone
    assert entries(breakout(*stopped_above, params=down)) == [(10.0, BUY)]


def test_no_more_entries_follow_than_are_allowed():
    finished = breakout(*TWICE, *AGAIN, params={"entries_max": 1, "direction": "long"})
    assert entries(finished) == [(12.0, BUY)]


BLIND = [
    pytest.param({"start_s": 2.0}, [], id="started in the middle of the range"),
    pytest.param({"start_s": 30.0}, [], id="started after it"),
    pytest.param({"gaps": ((3.0, 5.0),)}, [], id="gap in the range"),
    pytest.param({"gaps": ((20.0, 25.0),)}, [(12.0, BUY)], id="gap after the entry"),
    pytest.param({"gaps": ((10.5, 13.5),)}, [(14.0, BUY)], id="gap over the breakout"),
]


@pytest.mark.parametrize(("when", "expected"), BLIND)
def test_nothing_is_entered_on_a_range_that_was_not_watched(when, expected):
    finished = breakout(
        100_004, 100_005, 100_006, 100_006, 100_007, params={"gap_s_max": 1}, **when
    )
    assert entries(finished) == expected


def test_short_gap_leaves_the_range_known():
    finished = breakout(100_006, 100_006, params={"gap_s_max": 2}, gaps=((3.5, 5.0),))
    assert entries(finished) == [(10.0, BUY)]


# -- vwap-reversion ---------------------------------------------------------------------------

WARM = {
    "warmup_minutes": 1 / 6,
    "entry_deviations": 2.0,
    "distance_ticks_min": 4,
    "gap_s_max": 4,
}
# Seconds 0 to 10: average 100001, deviation a little below 1, warm at 10.001.
AROUND = (100_000, 100_002) * 5 + (100_001,)


def reversion(*after_warmup: int, **more):
    params = WARM | more.pop("params", {})
    calm = (after_warmup[-1],) * (60 - 11 - len(after_warmup))
    tape = script(100_050, 100_050, *AROUND, *after_warmup, *calm)
    more = {"bracket": (40, 60)} | more
    return run("vwap-reversion", params, tape=tape, **more)


def test_far_below_the_average_is_bought_and_left_at_the_average():
    # 99995 at 11 s: 12 prints, average 100000.5, deviation 1.89, so 5.5 ticks are 2.9 of them.
    # Then the average sinks slowly; 100001 at 14 s is above it.
    finished = reversion(99_995, 99_996, 99_997, 100_001)
    assert entries(finished) == [(11.0, BUY)]
    assert fills(finished) == [(BUY, 99_996), (SELL, 100_001)]
    (left,) = [c.text for c in commands(finished, Notice) if c.code == "exit"]
    # 15 prints: 11 times 100001, then 6, 5, 4 and 0 ticks less: 100000 ticks of 0.25.
    assert left == "back at the average 25000.0000"


def test_far_above_the_average_is_sold_and_left_at_the_average():
    finished = reversion(100_007, 100_007, 100_000)
    assert entries(finished) == [(11.0, SELL)]
    assert fills(finished) == [(SELL, 100_007), (BUY, 100_001)]


def test_bracket_guards_an_entry_that_does_not_come_back():
    finished = reversion(99_995, 99_990, 99_970, 99_960, bracket=(16, 60))
    assert fills(finished) == [(BUY, 99_996), (SELL, 99_970)]
    assert entries(finished) == [(11.0, BUY)]  # none while it stays outside the bands


REVERSIONS = [
    pytest.param((99_998, 99_998), {}, [], id="outside the bands but too near in ticks"),
    pytest.param((99_997, 99_997), {"distance_ticks_min": 3}, [(11.0, BUY)], id="near allowed"),
    pytest.param((99_995, 99_995), {"entry_deviations": 3.0}, [], id="inside wider bands"),
    pytest.param((99_995, 99_995), {"warmup_minutes": 0.5}, [], id="average not warm yet"),
]


@pytest.mark.parametrize(("prices", "params", "expected"), REVERSIONS)
def test_print_is_far_from_the_average_or_not(prices, params, expected):
    assert entries(reversion(*prices, params=params)) == expected


def test_no_more_reversions_follow_than_are_allowed():
    there_and_back = (99_995, 100_002, 100_001, 100_001) * 3
    assert len(entries(reversion(*there_and_back))) == 3
    assert len(entries(reversion(*there_and_back, params={"entries_max": 2}))) == 2


def test_prints_before_the_window_are_not_in_the_average():
    finished = reversion(99_995, 99_995)  # two at 100050 before it would keep the bands wide
    assert entries(finished) == [(11.0, BUY)]


def test_average_begins_anew_after_a_long_gap_and_not_after_a_short_one():
    prices = (100_001,) * 4 + (99_995,) * 2
    assert entries(reversion(*prices, gaps=((11.5, 13.5),))) == [(15.0, BUY)]
    assert entries(reversion(*prices, gaps=((8.5, 13.5),))) == []


def test_position_held_over_a_long_gap_is_left_at_the_average_of_before():
    # The bracket of 40 holds; at 20 s the market is back above the average that was known.
    prices = (99_995, 99_995, *(99_996,) * 7, 100_001)
    finished = reversion(*prices, gaps=((12.5, 18.5),))
    assert entries(finished) == [(11.0, BUY)]
    assert fills(finished) == [(BUY, 99_996), (SELL, 100_001)]


def test_average_of_a_session_started_in_the_middle_has_its_own_warmup():
    steady = (100_000, 100_002) * 12 + (100_001, 99_994, 99_994)
    tape = script(*LEAD, *(100_001,) * 15, *steady, *(99_994,) * 20)
    finished = run("vwap-reversion", WARM, tape=tape, start_s=20.0, bracket=(40, 60))
    assert entries(finished) == [(40.0, BUY)]


# -- all of them ------------------------------------------------------------------------------

QUICK = {
    "hold": {},
    "timed-entry": {"every_s": 4.0},
    "trade-on-start": {"side": "sell"},
    "opening-range-breakout": {"range_minutes": 0.1, "buffer_ticks": 1, "entries_max": 5},
    "vwap-reversion": {"warmup_minutes": 0.1, "entry_deviations": 1.0, "distance_ticks_min": 4},
}
SEEDS = seeds(push=4, nightly=100)  # each with every strategy


@pytest.fixture(scope="module", params=[(n, s) for n in QUICK for s in SEEDS], ids=str)
def made_up(request):
    strategy, seed = request.param
    return strategy, run_made_up(strategy, seed)


def run_made_up(strategy, seed):
    return run(strategy, QUICK[strategy], seed=seed, gaps=((30.0, 32.0),))


def test_every_built_in_strategy_is_tried_here():
    assert QUICK.keys() == BUILT_IN.keys()


def test_day_of_every_strategy_ends_flat_without_an_error_of_its_own(made_up):
    _, finished = made_up
    assert finished.exchange.is_flat and commands(finished, FlatProven)
    assert not [c for c in commands(finished, Notice) if c.code == "strategy.error"]


@pytest.mark.parametrize("strategy", QUICK)
def test_every_strategy_but_hold_trades_on_this_day(strategy):
    assert bool(fills(run_made_up(strategy, seed=0))) is (strategy != "hold")


def test_journal_of_every_strategy_replays_to_the_same_commands(made_up, tmp_path):
    strategy, finished = made_up
    path = journal_of(finished, tmp_path / "day.jsonl", strategy, QUICK[strategy])
    events, divergence = replay(path)
    assert divergence is None and events > 1000


def test_strategy_with_other_parameters_decides_otherwise(tmp_path):
    finished = run("timed-entry", {"every_s": 4.0})
    path = journal_of(finished, tmp_path / "day.jsonl", "timed-entry", {"every_s": 5.0})
    _, divergence = replay(path)
    assert divergence is not None
