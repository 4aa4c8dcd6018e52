"""The stop follows the market and never back; a position may not grow old."""

from datetime import timedelta

import pytest
from engine_scenes import Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import ClosePosition, Denied, Gate, MoveStop, PlaceEntry
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import MoveAnswered, SendOutcome
from pxcore.engine.exits import wanted_stop
from pxcore.engine.phase import Phase
from pxcore.model import OrderStatus, OrderType, Side

BREAK_EVEN = ExitTerms(break_even_ticks=10)
TRAIL = ExitTerms(trail_ticks=8)
BOTH = ExitTerms(break_even_ticks=10, trail_ticks=30)


@pytest.mark.parametrize(
    ("terms", "best", "market", "stop", "wanted"),
    [
        # Long from 1000, stop at 980.
        pytest.param(BREAK_EVEN, 1009, 1009, 980, None, id="a tick short of break-even"),
        pytest.param(BREAK_EVEN, 1010, 1010, 980, 1000, id="break-even"),
        pytest.param(BREAK_EVEN, 1010, 1001, 980, 1000, id="break-even, market just above"),
        pytest.param(BREAK_EVEN, 1010, 1000, 980, None, id="the market is there already"),
        pytest.param(BREAK_EVEN, 1040, 1040, 1000, None, id="at break-even already"),
        pytest.param(TRAIL, 1000, 1000, 980, 992, id="trails from the entry on"),
        pytest.param(TRAIL, 1020, 1016, 992, 1012, id="trails the best, not the last price"),
        pytest.param(TRAIL, 1000, 999, 995, None, id="is nearer already"),
        pytest.param(BOTH, 1012, 1012, 980, 1000, id="the nearer of the two"),
        pytest.param(BOTH, 1040, 1040, 1000, 1010, id="the other one nearer"),
        pytest.param(ExitTerms(), 1040, 1040, 980, None, id="no terms"),
    ],
)
def test_stop_is_wanted_nearer_never_farther_and_below_the_market(
    terms, best, market, stop, wanted
):
    long = wanted_stop(
        direction=1,
        entry_ticks=1000,
        stop_ticks=stop,
        best_ticks=best,
        market_ticks=market,
        terms=terms,
    )
    assert long == wanted
    short = wanted_stop(
        direction=-1,
        entry_ticks=-1000,
        stop_ticks=-stop,
        best_ticks=-best,
        market_ticks=-market,
        terms=terms,
    )
    assert short == (None if wanted is None else -wanted)


def held(terms: ExitTerms) -> Scene:
    """Long one from 100001, stop at 99981, target at 100031."""
    scene = Scene(exits=terms).connect()
    scene.hold()
    scene.now += timedelta(seconds=1)
    scene.said.clear()
    return scene


def moved(scene: Scene, ticks: int) -> None:
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.OPEN,
            tag="x",
            parent_id=1000,
            stop_ticks=ticks,
        )
    )


def test_stop_goes_to_break_even_once_and_the_position_stays_protected():
    scene = held(BREAK_EVEN)
    assert not kinds(scene.price(100_010, 100_011), MoveStop)
    (move,) = kinds(scene.price(100_011, 100_012), MoveStop)
    assert (move.order_id, move.stop_ticks) == (1001, 100_001)
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.DONE))
    moved(scene, 100_001)
    assert scene.engine.state.phase is Phase.PROTECTED
    scene.now += timedelta(seconds=5)
    assert not kinds(scene.price(100_012, 100_013), MoveStop)


def test_no_second_move_while_one_is_unanswered_and_one_a_second_at_most():
    scene = held(TRAIL)
    assert kinds(scene.price(100_005, 100_006), MoveStop)
    scene.now += timedelta(seconds=3)
    assert not kinds(scene.price(100_010, 100_011), MoveStop)  # unanswered
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.DONE))
    moved(scene, 99_997)
    (move,) = kinds(scene.price(100_010, 100_011), MoveStop)
    assert move.stop_ticks == 100_002
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.DONE))
    moved(scene, 100_002)
    assert not kinds(scene.price(100_020, 100_021), MoveStop)  # too soon
    scene.now += timedelta(seconds=1)
    assert kinds(scene.price(100_020, 100_021), MoveStop)


def test_stop_that_has_moved_away_is_no_protection():
    scene = held(TRAIL)
    moved(scene, 99_980)  # a tick looser than agreed
    assert scene.engine.state.phase is Phase.UNPROTECTED


def test_move_whose_answer_was_lost_is_settled_by_rest_and_keeps_entries_out():
    scene = held(TRAIL)
    scene.price(100_005, 100_006)
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.UNKNOWN))
    assert denied_because(scene) is Gate.STATE_UNKNOWN


def test_nothing_is_moved_while_a_move_whose_answer_was_lost_may_still_arrive():
    scene = held(TRAIL)
    scene.price(100_005, 100_006)
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.UNKNOWN))
    for _ in range(2):
        scene.now += timedelta(seconds=9.9)
        assert not kinds(scene.price(100_010, 100_011), MoveStop)
    scene.now += timedelta(seconds=0.5)
    assert kinds(scene.price(100_010, 100_011), MoveStop)


def test_move_whose_answer_was_lost_is_over_when_the_stop_is_seen_where_it_was_to_go():
    scene = held(TRAIL)
    (lost,) = kinds(scene.price(100_005, 100_006), MoveStop)
    scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.UNKNOWN))
    moved(scene, lost.stop_ticks)
    scene.now += timedelta(seconds=1)
    assert kinds(scene.price(100_010, 100_011), MoveStop)


def denied_because(scene: Scene) -> Gate:
    return kinds(scene.signal(), Denied)[0].gate


def test_stop_that_the_venue_will_not_move_is_left_where_it_is():
    scene = held(TRAIL)
    asked = 0
    for step in range(10):
        scene.now += timedelta(seconds=2)
        for _ in kinds(scene.price(100_005 + step, 100_006 + step), MoveStop):
            asked += 1
            scene.tell(MoveAnswered(at=scene.now, order_id=1001, answer=SendOutcome.REFUSED))
    assert asked == 3
    assert scene.engine.state.phase is Phase.PROTECTED
    assert not kinds(scene.said, ClosePosition)


def test_position_that_grew_old_is_closed_and_the_session_goes_on():
    scene = held(ExitTerms(time_stop_s=30.0))  # held for a second already
    scene.now += timedelta(seconds=28)
    assert not kinds(scene.price(100_005, 100_006), ClosePosition)
    scene.now += timedelta(seconds=1)
    assert kinds(scene.price(100_005, 100_006), ClosePosition)
    assert scene.engine.ending is None


def other_round(scene: Scene, *, is_closed: bool, ago_s: float = 0.0) -> None:
    """In another contract, begun so long ago."""
    for number, side in enumerate((Side.BUY, Side.SELL)[: 1 + is_closed], 70):
        seen = scene.fill(number, number, side, 5_000, pnl="1" if number > 70 else None)
        at = seen.fill.happened_at - timedelta(seconds=ago_s)
        other = replace(seen.fill, contract_id="CON.F.US.MES.Z26", happened_at=at)
        scene.tell(replace(seen, fill=other))


@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
def test_position_grows_old_by_its_own_round_whatever_another_contract_does(is_closed):
    scene = held(ExitTerms(time_stop_s=30.0))  # held for a second already
    scene.now += timedelta(seconds=20)
    other_round(scene, is_closed=is_closed)
    scene.now += timedelta(seconds=9)
    assert kinds(scene.price(100_005, 100_006), ClosePosition)


def test_old_round_of_another_contract_closes_no_young_position():
    scene = held(ExitTerms(time_stop_s=30.0))
    other_round(scene, is_closed=False, ago_s=60)
    scene.now += timedelta(seconds=9)
    assert not kinds(scene.price(100_005, 100_006), ClosePosition)


def test_without_terms_the_stop_stays():
    scene = held(ExitTerms())
    scene.price(100_030, 100_031)
    assert not kinds(scene.said, MoveStop, ClosePosition, PlaceEntry)
