"""A price that cannot be, or that nothing confirms, moves nothing; one that is confirmed does."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from engine_scenes import MNQ, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.belief import REACH_TICKS_MAX
from pxcore.engine.commands import (
    ClosePosition,
    Denied,
    Gate,
    Halt,
    MoveStop,
    Notice,
    PeakSeen,
    PlaceStop,
)
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.engine.phase import Phase
from pxcore.engine.strategy import Exit, MarketView, Signal
from pxcore.model import MarketTrade, OrderStatus, OrderType, Quote, Side

CRUDE = replace(MNQ, symbol_id="F.US.CLE", name="CLZ6")
LOST = Decimal(-300)  # a long from 100001 at a bid of 99401: 600 ticks of 0.50


def quote(scene: Scene, bid: int | None, ask: int | None, after_s: float = 0.0) -> list[Any]:
    scene.now += timedelta(seconds=after_s)
    return scene.tell(
        Quote(at=scene.now, happened_at=scene.now, contract_id=MNQ.id, bid_ticks=bid, ask_ticks=ask)
    )


def trade(scene: Scene, ticks: int, after_s: float = 0.0) -> list[Any]:
    scene.now += timedelta(seconds=after_s)
    return scene.tell(
        MarketTrade(
            at=scene.now, happened_at=scene.now, contract_id=MNQ.id, price_ticks=ticks, size=1
        )
    )


def holding(side: Side = Side.BUY, **changes: Any) -> Scene:
    """One contract held from 100001 and protected; the market is at 100000 / 100001."""
    scene = Scene(**changes).connect()
    scene.hold(side)
    scene.now += timedelta(seconds=1)
    scene.price(100_000, 100_001)
    scene.said.clear()
    return scene


def money(scene: Scene) -> Decimal | None:
    """Open profit and loss alone: nothing is realised in these scenes but the entry's costs."""
    day_usd = scene.engine.state.day_usd()
    return None if day_usd is None else day_usd + Decimal("0.61")


def codes(scene: Scene) -> list[str]:
    return [n.code for n in kinds(scene.said, Notice) if n.code.startswith("price.")]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("bid", "ask"), [(0, 100_001), (100_000, 0), (0, 0), (-4, 100_001)])
def test_price_that_the_contract_cannot_have_halts_nobody_and_makes_no_peak(side, bid, ask):
    scene = holding(side)
    worth = money(scene)
    for _ in range(3):
        quote(scene, bid, ask, 0.1)
        assert money(scene) == worth
    assert not kinds(scene.said, Halt, ClosePosition, PeakSeen)
    assert scene.engine.state.phase is Phase.PROTECTED


def test_profit_lock_is_not_tripped_by_a_price_of_zero():
    scene = holding(Side.SELL, profit_usd_lock=Decimal(50))
    quote(scene, 100_000, 0)
    scene.pass_time(0.1)
    assert not kinds(scene.said, Halt, PeakSeen)


def test_thousands_of_prices_that_cannot_be_are_one_notice_a_minute():
    scene = holding()
    for _ in range(2000):
        quote(scene, 0, 100_001)
    assert codes(scene) == ["price.impossible"]
    quote(scene, 0, 100_001, 61.0)
    texts = [n.text for n in kinds(scene.said, Notice) if n.code == "price.impossible"]
    assert texts[1].endswith("(2001 so far)")
    assert texts[0].startswith("bid of 0.00 is no price of MNQZ6")


@pytest.mark.parametrize(
    ("bid", "ask", "problem"),
    [
        pytest.param(0, 100_001, "no bid", id="bid of zero"),
        pytest.param(100_000, 0, "no ask", id="ask of zero"),
        pytest.param(None, 100_001, "no bid", id="bid not there"),
        pytest.param(50_000, 100_001, "bid 12500.00 is not confirmed", id="bid not confirmed"),
        pytest.param(100_001, 100_001, "bid and ask are crossed", id="crossed"),
    ],
)
def test_entry_is_refused_in_plain_words_while_one_side_is_not_known(bid, ask, problem):
    scene = Scene().connect()
    quote(scene, bid, ask)
    (denied,) = kinds(scene.signal(), Denied)
    assert (denied.gate, denied.detail) == (Gate.STALE_DATA, problem)
    quote(scene, 100_000, 100_001)
    assert not kinds(scene.signal(), Denied)


def test_side_that_stays_away_is_blindness_as_ever():
    scene = holding()
    for _ in range(290):
        quote(scene, 0, 100_001)
        scene.pass_time(0.1)
    assert not kinds(scene.said, ClosePosition)
    for _ in range(30):
        quote(scene, 0, 100_001)
        scene.pass_time(0.1)
    assert kinds(scene.said, ClosePosition)
    (overdue,) = [n.text for n in kinds(scene.said, Notice) if n.code == "overdue"]
    assert overdue == "blind for 30 s with a position: no bid"


@pytest.mark.parametrize(
    ("side", "gone", "below"),
    [
        pytest.param(Side.BUY, "bid", -1, id="long, no bid under a falling ask"),
        pytest.param(Side.SELL, "ask", 1, id="short, no ask over a rising bid"),
    ],
)
def test_money_is_no_better_than_the_side_that_is_left_allows(side, gone, below):
    scene = holding(side)
    worth = money(scene)
    for step in range(1, 9):
        there = 100_000 + below * 30 * step
        bid, ask = (0, there) if gone == "bid" else (there, 0)
        quote(scene, bid, ask, 0.1)
    assert money(scene) < worth - 100
    assert kinds(scene.said, Halt)


def test_price_that_is_never_confirmed_is_blindness_too():
    scene = holding()
    for step in range(320):
        quote(scene, 50_000, 100_001 + step % 2)
        scene.pass_time(0.1)
    assert kinds(scene.said, ClosePosition)
    assert not kinds(scene.said, Halt)


# -- a jump ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("far", [50_000, 99_401, 150_000, 400_000])
def test_one_absurd_quote_moves_nothing_and_is_dropped_by_the_next(far):
    scene = holding(profit_usd_lock=Decimal(50))
    worth = money(scene)
    quote(scene, far, far + 1)
    assert money(scene) == worth
    scene.pass_time(0.1)
    quote(scene, 100_000, 100_001, 0.1)
    assert money(scene) == worth
    assert not kinds(scene.said, Halt, PeakSeen, ClosePosition)
    assert codes(scene) == ["price.dropped"]


def test_absurd_side_that_the_next_quotes_only_repeat_is_not_confirmed_by_them():
    scene = holding()
    worth = money(scene)
    for step in range(20):  # the venue sends what changed: the bid is the same one
        quote(scene, 50_000, 100_001 + step % 3, 0.05)
    assert money(scene) == worth
    assert not kinds(scene.said, Halt)


@pytest.mark.parametrize("confirm", ["bid", "ask", "print"])
def test_crash_is_acted_upon_with_the_second_event_whichever_it_is(confirm):
    scene = holding()
    quote(scene, 99_401, 100_001)
    assert not kinds(scene.said, Halt)
    match confirm:
        case "bid":
            said = quote(scene, 99_400, 100_001, 0.02)
        case "ask":
            said = quote(scene, 99_401, 99_405, 0.02)
        case _:
            said = trade(scene, 99_405, 0.02)
    assert kinds(said, Halt)
    assert money(scene) in (LOST, LOST - Decimal("0.50"))


def test_print_that_jumps_is_confirmed_by_the_quote_that_follows():
    scene = holding()
    trade(scene, 99_401)
    assert money(scene) == Decimal("-0.50")
    assert kinds(quote(scene, 99_401, 99_405, 0.02), Halt)


def test_crash_with_growing_gaps_is_believed_one_event_behind():
    scene = holding(loss_usd_max=Decimal(100_000))
    seen = []
    for bid in (99_901, 99_601, 98_701, 95_701, 95_702):
        quote(scene, bid, bid + 1, 0.02)
        seen.append(money(scene))
    below = [Decimal(-50), Decimal(-200), Decimal(-650), Decimal("-2149.50")]
    assert seen == [Decimal("-0.50"), *below]


def test_of_two_events_that_jump_the_same_way_the_smaller_move_is_proven():
    scene = holding(loss_usd_max=Decimal(10_000))
    quote(scene, 50_000, 50_001, 0.02)
    quote(scene, 99_801, 99_802, 0.02)
    assert money(scene) == Decimal(-100)


def test_jumps_in_opposite_directions_confirm_nothing():
    scene = holding()
    worth = money(scene)
    for far in (50_000, 150_000, 50_004, 150_004):
        quote(scene, far, far + 1, 0.02)
        assert money(scene) == worth


def test_quiet_market_is_believed_with_the_third_event_however_late():
    scene = holding(loss_usd_max=Decimal(10_000), stale_data_s=60, blind_limit_s=600)
    quote(scene, 99_401, 99_402, 5.0)
    quote(scene, 99_403, 99_404, 5.0)
    assert money(scene) == Decimal("-0.50")
    quote(scene, 99_401, 99_402, 5.0)
    assert money(scene) == LOST


def test_second_of_a_paper_clock_that_runs_faster_is_as_much_longer():
    scene = holding(loss_usd_max=Decimal(10_000), time_scale=10.0)
    quote(scene, 99_403, 99_404, 5.0)
    quote(scene, 99_401, 99_402, 9.0)
    assert money(scene) == LOST


def test_same_row_sent_twice_is_one_event():
    scene = holding()
    quote(scene, 99_401, 99_402)
    quote(scene, 99_401, 99_402)
    assert money(scene) == Decimal("-0.50")
    trade(scene, 50_000, 0.01)  # of the same way, but farther: it proves the quote
    assert money(scene) == LOST


def test_prints_of_one_moment_of_the_venue_are_one_event():
    scene = holding()
    for ticks in (99_401, 99_400, 99_399):  # one order that took three levels
        trade(scene, ticks)
    assert scene.engine.state.market.last_ticks == 100_000
    trade(scene, 99_399, 0.01)
    assert scene.engine.state.market.last_ticks == 99_399


def test_move_that_the_day_has_seen_half_of_is_believed_at_once():
    scene = holding(loss_usd_max=Decimal(10_000))
    scene.price(99_801, 99_802)  # 199 ticks, confirmed by the print
    quote(scene, 99_403, 99_404, 0.02)
    assert money(scene) == Decimal(-299)


def test_reach_has_an_end_however_wild_the_day_was():
    scene = holding(loss_usd_max=Decimal(100_000))
    scene.price(80_000, 80_001)
    worth = money(scene)
    quote(scene, 80_000 - REACH_TICKS_MAX - 1, 80_001, 0.02)
    assert money(scene) == worth


def test_quote_where_the_market_has_just_traded_is_no_jump():
    scene = holding(loss_usd_max=Decimal(10_000))
    trade(scene, 99_401, 0.02)
    trade(scene, 99_401, 0.02)
    assert money(scene) == Decimal("-0.50")  # nobody could close there before a bid was
    quote(scene, 99_401, 99_402, 0.02)
    assert money(scene) == LOST


def test_print_at_the_far_side_of_a_wide_market_is_no_jump():
    scene = Scene().connect()
    quote(scene, 100_000, 105_000)
    quote(scene, 100_000, 105_001)
    trade(scene, 105_001, 0.02)
    assert scene.engine.state.market.last_ticks == 105_001
    trade(scene, 100_000, 0.02)
    assert scene.engine.state.market.last_ticks == 100_000
    assert codes(scene) == ["price.confirmed"]


# -- the first price ------------------------------------------------------------------------------


def lose_hub(scene: Scene) -> None:
    scene.tell(HubDown(at=scene.now, hub=Hub.MARKET, reason="test"))
    scene.tell(HubUp(at=scene.now, hub=Hub.MARKET))


def test_first_price_after_the_market_was_away_needs_a_second_one_near_it():
    scene = holding()
    lose_hub(scene)
    assert money(scene) is None
    quote(scene, 50_000, 50_001, 0.1)
    assert money(scene) is None
    quote(scene, 99_999, 100_000, 0.1)
    assert money(scene) is None
    quote(scene, 99_998, 99_999, 0.1)
    assert money(scene) == Decimal("-1.50")
    assert not kinds(scene.said, Halt)


def test_market_that_moved_while_it_was_away_is_believed_where_it_is():
    scene = holding()
    lose_hub(scene)
    quote(scene, 99_401, 99_402, 0.1)
    assert kinds(trade(scene, 99_402, 0.1), Halt)


# -- exits, stops and the strategy ----------------------------------------------------------------


def test_stop_follows_no_price_that_is_not_confirmed():
    scene = holding(exits=ExitTerms(break_even_ticks=500))
    quote(scene, 100_700, 100_701, 2.0)
    scene.pass_time(0.1)
    assert not kinds(scene.said, MoveStop)
    (move,) = kinds(trade(scene, 100_700, 0.02), MoveStop)
    assert move.stop_ticks == 100_001


def test_stop_of_our_own_is_placed_by_the_last_price_that_was_believed():
    scene = Scene(places_stops=True).connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    target = {"tag": f"{entry.tag}-TP", "parent_id": 1000, "limit_ticks": 100_031}
    scene.tell(scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, **target))
    quote(scene, 50_000, 50_001, 0.1)
    (stop,) = kinds(scene.pass_time(5.1), PlaceStop)
    assert stop.stop_ticks == 99_981


class Listening:
    """Keeps what it is told, and leaves at a print below 100."""

    name = "listening"

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.bids: list[int | None] = []

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        self.heard.append(event)
        self.bids.append(view.bid_ticks)
        is_low = isinstance(event, MarketTrade) and event.price_ticks < 60_000
        return Exit(reason="low") if is_low else None


def test_strategy_is_told_what_is_believed_and_nothing_else():
    scene = holding()
    ear = Listening()
    scene.strategy.follow(ear)
    trade(scene, 50_000)
    assert ear.heard == [] and not kinds(scene.said, ClosePosition)
    quote(scene, 50_004, 100_001, 2.0)
    assert ear.heard[-1].bid_ticks is None and ear.heard[-1].ask_ticks == 100_001
    quote(scene, 0, 100_001, 0.1)
    assert ear.heard[-1].bid_ticks is None
    quote(scene, 100_000, 100_001, 0.1)
    assert ear.bids == [None, None, 100_000]


# -- below zero -----------------------------------------------------------------------------------


def test_crude_below_zero_is_a_market_like_any_other():
    scene = Scene(contract=CRUDE, loss_usd_max=Decimal(10**6)).connect()
    scene.hold()
    for bid in (99_900, 50_000, 100, -1000, -3763, -3764):
        quote(scene, bid, bid + 1, 0.02)
    assert scene.engine.state.market.bid_ticks == -3764
    assert money(scene) == Decimal(-3764 - 100_001) / 2
    assert "price.impossible" not in codes(scene)
