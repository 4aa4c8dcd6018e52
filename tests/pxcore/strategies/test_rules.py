"""The rules of the strategies that read the market, held against slow ways to the same answer."""

import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from strategy_scenes import MNQ, at

from pxcore.engine.events import Event, Hub, HubUp
from pxcore.engine.strategy import Enter, Exit, MarketView, Wait
from pxcore.model import MarketTrade, Side
from pxcore.strategies import make_strategy

# Moves of a tick or a few, now and then a jump.
WALKS = st.lists(
    st.one_of(st.integers(-2, 2), st.integers(-2, 2), st.integers(-12, 12)),
    min_size=20,
    max_size=120,
).map(lambda moves: [100_000 + sum(moves[:n]) for n in range(len(moves))])


def answers(name, params, prices, exposure_at=lambda second: 0):
    """What it says to a print a second from the window's start on, with what it is fed by."""
    strategy = make_strategy(name, params)

    def ask(event: Event, seconds: int, ticks: int | None):
        view = MarketView(
            now=event.at,
            contract=MNQ,
            bid_ticks=ticks,
            ask_ticks=ticks,
            last_ticks=ticks,
            exposure=exposure_at(seconds),
            average_price=None,
            window_start=at(0),
            window_end=at(3600),
        )
        said = strategy.on_event(event, view)
        return None if isinstance(said, Wait) else said

    ask(HubUp(at=at(-1), hub=Hub.MARKET), -1, None)
    for second, ticks in enumerate(prices):
        moment = at(second)
        trade = MarketTrade(
            at=moment, happened_at=moment, contract_id=MNQ.id, price_ticks=ticks, size=1
        )
        yield second, ticks, ask(trade, second, ticks)


@settings(max_examples=150)
@given(WALKS, st.integers(1, 4), st.integers(0, 4))
def test_breakout_is_always_just_outside_the_range_and_the_first_since_it_was_inside(
    prices, buffer, chase
):
    params = {"range_minutes": 1 / 6, "buffer_ticks": buffer, "chase_ticks_max": chase}
    low, high = min(prices[:10]), max(prices[:10])
    is_missed = dict.fromkeys(Side, False)
    for second, ticks, said in answers("opening-range-breakout", params, prices):
        beyond = {Side.BUY: ticks - high, Side.SELL: low - ticks}
        expected = None
        for side in Side:
            if second < 10 or beyond[side] <= 0:
                is_missed[side] = False
            elif beyond[side] > buffer + chase:
                is_missed[side] = True
            elif beyond[side] >= buffer and not is_missed[side]:
                expected = side
        assert (said.side if said else None) == expected


@settings(max_examples=150)
@given(WALKS, st.sampled_from((1.0, 1.5, 2.5)), st.integers(1, 6))
def test_reversion_is_entered_outside_the_bands_after_a_print_inside_them(
    prices, deviations, distance
):
    params = {
        "warmup_minutes": 1 / 6,
        "entry_deviations": deviations,
        "distance_ticks_min": distance,
    }
    was_inside = False
    for second, ticks, said in answers("vwap-reversion", params, prices):
        seen = prices[: second + 1]
        mean = Fraction(sum(seen), len(seen))
        variance = sum((p - mean) ** 2 for p in seen) / len(seen)
        away = abs(ticks - mean)
        is_outside = away >= distance and away**2 >= Fraction(deviations) ** 2 * variance
        was_inside |= not is_outside
        is_expected = is_outside and was_inside and second >= 10
        assert isinstance(said, Enter) is is_expected, (second, float(mean), math.sqrt(variance))
        if said:
            assert said.side is (Side.SELL if ticks > mean else Side.BUY)


@settings(max_examples=100)
@given(WALKS, st.sampled_from((1, -1)))
def test_position_is_left_on_every_print_at_or_past_the_average_and_on_no_other(prices, held):
    for second, ticks, said in answers("vwap-reversion", {}, prices, lambda _: held):
        seen = prices[: second + 1]
        is_back = held * (ticks - Fraction(sum(seen), len(seen))) >= 0
        assert isinstance(said, Exit) is is_back
