"""What a hostile reader of the engine found: each of these once failed."""

from decimal import Decimal

import pytest
from engine_scenes import MNQ, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.book import Holding
from pxcore.engine.commands import (
    CancelOrder,
    ClosePosition,
    FlatProven,
    Halt,
    MoveStop,
    PeakSeen,
    PlaceEntry,
    PlaceStop,
)
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import (
    Ask,
    Asked,
    CancelAnswered,
    CloseAnswered,
    PlaceAccepted,
    SendOutcome,
)
from pxcore.engine.phase import Phase
from pxcore.model import Foreign, OrderStatus, OrderType, Side

OTHER = "CON.F.US.MES.Z26"
AVERAGE = Decimal("25000.25")


def strangers_position(scene, n):
    scene.tell(scene.fill(10 * n, 70 + n, Side.BUY, 100_001))
    scene.tell(scene.order(70 + n, OrderType.MARKET, Side.BUY, OrderStatus.FILLED, filled_size=1))
    scene.tell(scene.position(1))
    scene.pass_time(4)
    scene.price(100_000, 100_001)
    return kinds(scene.pass_time(1.5), PlaceStop)


def test_second_adopted_position_has_an_own_stop_with_a_tag_of_its_own():
    scene = Scene(foreign=Foreign.ADOPT, places_stops=True).connect()
    (first,) = strangers_position(scene, 1)
    scene.tell(PlaceAccepted(at=scene.now, tag=first.tag, order_id=2000))
    own = dict(tag=first.tag, stop_ticks=first.stop_ticks)
    scene.tell(scene.order(2000, OrderType.STOP, Side.SELL, OrderStatus.OPEN, **own))
    assert scene.engine.state.phase is Phase.PROTECTED
    gone = scene.order(
        2000,
        OrderType.STOP,
        Side.SELL,
        OrderStatus.FILLED,
        filled_size=1,
        filled_ticks=first.stop_ticks,
        **own,
    )
    scene.tell(gone)
    scene.tell(scene.fill(99, 2000, Side.SELL, first.stop_ticks, pnl="-10"))
    scene.tell(scene.position(0))
    assert scene.engine.state.phase is Phase.FLAT
    (second,) = strangers_position(scene, 2)
    assert second.tag != first.tag


def flattened_beside_strangers() -> list[FlatProven]:
    scene = Scene(foreign=Foreign.IGNORE).connect()
    scene.hold()
    scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="x"))
    for close in kinds(scene.said, ClosePosition):
        scene.tell(
            CloseAnswered(at=scene.now, contract_id=close.contract_id, answer=SendOutcome.DONE)
        )
    for cancel in kinds(scene.said, CancelOrder):
        scene.tell(CancelAnswered(at=scene.now, order_id=cancel.order_id, answer=SendOutcome.DONE))
    for n in range(10):
        scene.pass_time(1.0)
        other = scene.fill(500 + n, 900 + n, Side.BUY if n % 2 else Side.SELL, 24_000)
        scene.tell(replace(other, fill=replace(other.fill, contract_id=OTHER)))
        scene.answer_snapshot(scene.snapshot())
    return kinds(scene.said, FlatProven)


def test_flatten_is_proven_though_other_contracts_trade_that_are_ignored():
    assert flattened_beside_strangers()


def test_trailing_of_a_new_position_does_not_begin_with_the_best_price_of_the_last():
    scene = Scene(exits=ExitTerms(break_even_ticks=15)).connect()
    entry = scene.hold()
    scene.pass_time(1)
    scene.price(100_014, 100_015)
    # target fills; the strategy enters again on the very report that makes us flat
    scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            filled_size=1,
            filled_ticks=100_031,
            limit_ticks=100_031,
            parent_id=1000,
            tag=f"{entry.tag}-TP",
        )
    )
    scene.tell(
        scene.order(
            1001,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.CANCELLED,
            parent_id=1000,
            stop_ticks=99_981,
            tag=f"{entry.tag}-SL",
        )
    )
    scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15"))
    scene.strategy.side = Side.BUY
    said = scene.tell(scene.position(0))
    (second,) = kinds(said, PlaceEntry)
    scene.tell(PlaceAccepted(at=scene.now, tag=second.tag, order_id=1100))
    scene.tell(
        scene.order(
            1100,
            OrderType.MARKET,
            Side.BUY,
            OrderStatus.FILLED,
            tag=second.tag,
            filled_size=1,
            filled_ticks=99_990,
        )
    )
    scene.tell(scene.fill(3, 1100, Side.BUY, 99_990))
    scene.tell(scene.position(1, 99_990))
    scene.tell(
        scene.order(
            1101, OrderType.STOP, Side.SELL, OrderStatus.OPEN, parent_id=1100, stop_ticks=99_970
        )
    )
    scene.tell(
        scene.order(
            1102, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, parent_id=1100, limit_ticks=100_020
        )
    )
    scene.pass_time(2)
    scene.price(99_992, 99_993)
    assert scene.engine.state.phase is Phase.PROTECTED
    assert not kinds(scene.said, MoveStop)


def test_opening_that_turned_round_since_the_look_is_not_adopted():
    scene = Scene(adopts_opening=1, places_stops=True)  # what recovery decided on a +1
    opened = scene.fill(1, 70, Side.SELL, 100_001, size=2).fill
    scene.connect(scene.snapshot(positions=(scene.position(-2).position,), fills=(opened,)))
    scene.pass_time(4)
    scene.price(100_000, 100_001)
    scene.pass_time(1.5)
    assert not kinds(scene.said, PlaceStop)


def test_own_stop_that_has_long_worked_does_not_cut_the_patience_with_a_flicker():
    scene = Scene(places_stops=True, contracts_max=2, size=2).connect()
    entry = scene.enter()
    scene.fill_entry(entry)
    target = dict(tag=f"{entry.tag}-TP", parent_id=1000, limit_ticks=100_031, size=2)
    scene.tell(scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, **target))
    scene.pass_time(4.9)
    scene.price(100_000, 100_001)
    (stop,) = kinds(scene.pass_time(0.2), PlaceStop)
    scene.tell(PlaceAccepted(at=scene.now, tag=stop.tag, order_id=2000))
    scene.tell(
        scene.order(
            2000,
            OrderType.STOP,
            Side.SELL,
            OrderStatus.OPEN,
            tag=stop.tag,
            stop_ticks=stop.stop_ticks,
            size=2,
        )
    )
    assert scene.engine.state.phase is Phase.PROTECTED
    scene.pass_time(9)
    scene.price(100_000, 100_001)
    said = scene.tell(
        scene.order(
            1002,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.OPEN,
            filled_size=1,
            filled_ticks=100_031,
            **target,
        )
    )
    assert not kinds(said, ClosePosition)


def test_own_stop_of_a_dead_session_is_swept_with_the_adopted_position():
    scene = Scene(adopts_opening=1)
    opened = scene.fill(1, 70, Side.BUY, 100_001).fill
    stop = scene.order(
        71,
        OrderType.STOP,
        Side.SELL,
        OrderStatus.OPEN,
        tag="px-20261120-143000-ab12-0001-OS",
        stop_ticks=99_981,
    ).order
    t = dict(tag="px-20261120-143000-ab12-0001-TP", limit_ticks=100_031)
    target = scene.order(72, OrderType.LIMIT, Side.SELL, OrderStatus.OPEN, **t).order
    scene.connect(
        scene.snapshot(
            positions=(scene.position(1).position,), orders=(stop, target), fills=(opened,)
        )
    )
    assert scene.engine.state.phase is Phase.PROTECTED
    scene.tell(
        scene.order(
            72,
            OrderType.LIMIT,
            Side.SELL,
            OrderStatus.FILLED,
            filled_size=1,
            filled_ticks=100_031,
            **t,
        )
    )
    scene.tell(scene.fill(2, 72, Side.SELL, 100_031, pnl="15"))
    scene.tell(scene.position(0))
    assert [c.order_id for c in kinds(scene.said, CancelOrder)] == [71]


def test_peak_is_recorded_though_no_drawdown_limit_is_set_yet():
    scene = Scene().connect()
    scene.hold()
    scene.price(100_021, 100_022)
    assert kinds(scene.said, PeakSeen)


def test_closing_fill_is_not_counted_beside_the_position_that_it_closed():
    """The position's report comes milliseconds later: no limit may act on both meanwhile."""
    scene = Scene(profit_usd_lock=Decimal(20)).connect()
    scene.hold()
    scene.price(100_031, 100_032)  # 30 ticks of 0.50 USD above the entry
    state = scene.engine.state
    assert state.day_usd() == Decimal("15.00") + state.book.realised_usd
    target = scene.order(1002, OrderType.LIMIT, Side.SELL, OrderStatus.FILLED, filled_size=1)
    commands = scene.tell(target)  # in the venue's order: order, fill, position
    commands += scene.tell(scene.fill(2, 1002, Side.SELL, 100_031, pnl="15.00"))
    commands += scene.price(100_031, 100_032)
    assert state.day_usd() == state.book.realised_usd < 15
    assert state.extremes.peak_usd < 15 and not kinds(commands, Halt)
    scene.tell(scene.position(0))
    assert state.day_usd() == state.book.realised_usd


def test_position_that_is_reported_before_its_fill_counts_with_what_it_may_lose():
    scene = Scene().connect()
    entry = scene.enter()
    scene.tell(scene.position(entry.size, 100_001))
    scene.price(99_991, 99_992)
    assert scene.engine.state.day_usd() == Decimal("-5.00")


HELD_2 = (  # what fills and position say after both said 2, and what of it is open
    pytest.param(2, 2, (2, AVERAGE), id="both agree"),
    pytest.param(0, 2, (0, AVERAGE), id="closed by fills"),
    pytest.param(1, 2, (1, AVERAGE), id="one closed by a fill"),
    pytest.param(3, 2, (2, AVERAGE), id="one added by a fill: it has no gain yet"),
    pytest.param(-1, 2, (2, None), id="turned round by fills"),
    pytest.param(2, 1, (1, None), id="one closed, its fill not seen"),
    pytest.param(2, 0, (2, None), id="closed, its fill not seen"),
    pytest.param(2, -1, (-1, None), id="turned round, its fill not seen"),
    pytest.param(2, 3, (3, AVERAGE), id="one added, its fill not seen"),
)


@pytest.mark.parametrize(("fills", "position", "open_part"), HELD_2)
def test_gain_is_open_or_realised_and_never_both(fills, position, open_part):
    holding = Holding(2, AVERAGE)
    holding.by_fills, holding.by_position = fills, position
    if not position:
        holding.average_price = None
    holding.note_agreement()
    assert holding.open_part() == open_part


def test_entry_counts_as_soon_as_its_average_is_known():
    holding = Holding()
    holding.by_fills = 1
    holding.note_agreement()
    assert holding.open_part() == (1, None)
    holding.by_position, holding.average_price = 1, AVERAGE
    holding.note_agreement()
    assert holding.open_part() == (1, AVERAGE)


def test_answer_to_a_close_of_the_flatten_before_is_none_of_this_flatten():
    """It comes late, and this one has sent no close: nothing is to be subtracted from that."""
    scene = Scene().connect()
    scene.hold()
    scene.tell(Asked(at=scene.now, ask=Ask.FLATTEN, why="by hand"))
    scene.pass_time(12.0)  # longer than a round: its answer is slow
    bought = scene.fill(1, 1000, Side.BUY, 100_001).fill
    fills = (bought, scene.fill(2, 1002, Side.SELL, 100_031).fill)  # its target took it
    while scene.engine.flattener is not None:
        scene.answer_snapshot(scene.snapshot(fills=fills))
        scene.pass_time(3.0)
    scene.tell(Asked(at=scene.now, ask=Ask.STOP, why="stop"))
    scene.tell(CloseAnswered(at=scene.now, contract_id=MNQ.id, answer=SendOutcome.GONE))
    while scene.engine.flattener is not None:
        scene.answer_snapshot(scene.snapshot(fills=fills))
        scene.pass_time(3.0)
    assert scene.engine.is_over
