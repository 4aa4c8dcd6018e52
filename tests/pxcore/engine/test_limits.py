"""The limits on the day's money: what breaks them, and what a later session remembers of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from engine_scenes import LIMITS, OPEN, Scene, kinds
from msgspec.structs import replace

from pxcore.engine.commands import ClosePosition, Denied, Gate, Halt, PeakSeen, PlaceEntry
from pxcore.engine.config import Stretch
from pxcore.engine.events import ClockTick, OperatorSeen
from pxcore.engine.limits import DayMoney, Extremes, breach, losses_in_a_row, realised_extremes
from pxcore.engine.rounds import fold_rounds
from pxcore.model import Side

ALL = replace(
    LIMITS,
    drawdown_usd_max=Decimal(60),
    balance_usd_floor=Decimal(48000),
    profit_usd_lock=Decimal(200),
)


def money(day: str, peak: str = "0", equity: str | None = "50000") -> DayMoney:
    return DayMoney(
        day_usd=Decimal(day),
        peak_usd=Decimal(peak),
        equity_usd=None if equity is None else Decimal(equity),
    )


@pytest.mark.parametrize(
    ("state", "why"),
    [
        pytest.param(money("-100"), "daily loss", id="loss of just the limit"),
        pytest.param(money("-99.99", "0"), "drawdown", id="a cent less, but drawn down"),
        pytest.param(money("40", "100"), "drawdown", id="in profit, 60 below the peak"),
        pytest.param(money("40.01", "100"), None, id="59.99 below the peak"),
        pytest.param(money("0", equity="48000"), "loss floor", id="at the floor"),
        pytest.param(money("0", equity="48000.01"), None, id="a cent above the floor"),
        pytest.param(money("0", equity=None), None, id="worth not known"),
        pytest.param(money("200", "200"), "profit lock", id="profit locked"),
        pytest.param(money("199.99", "199.99"), None, id="a cent below the lock"),
    ],
)
def test_limit_is_broken_at_its_very_figure(state, why):
    broken = breach(state, ALL)
    assert broken is None if why is None else broken is not None and broken.startswith(why)


def test_limits_that_are_not_set_are_never_broken():
    assert breach(money("5000", "50000", "1"), LIMITS) is None


def test_headroom_is_that_of_the_nearest_limit():
    assert money("0").headroom_usd(LIMITS) == 100
    assert money("-10", "20").headroom_usd(ALL) == 30  # 60 - 30 of drawdown
    assert money("0", equity="48012").headroom_usd(ALL) == 12


def closed(scene: Scene, *results: str):
    """Fills of one trade after another, each a gross result in USD; costs are 1.22 a trade."""
    made = []
    for number, result in enumerate(results):
        scene.now += timedelta(seconds=120)
        made.append(scene.fill(10 * number, 1, Side.BUY, 100_000).fill)
        scene.now += timedelta(seconds=1)
        made.append(scene.fill(10 * number + 1, 2, Side.SELL, 100_000, pnl=result).fill)
    return tuple(made)


def test_realised_extremes_are_the_days_highest_point_and_deepest_fall():
    fills = closed(Scene(), "10", "20", "-25", "3")
    # Each costs 0.61 a side. 10 - 1.22 = 8.78, 28.78 - 1.22 = 27.56 is the peak; then -26.22, and
    # 0.61 more when the last one opens.
    assert realised_extremes(fills) == Extremes(
        peak_usd=Decimal("27.56"), fall_usd=Decimal("26.83")
    )
    assert realised_extremes(()) == Extremes()
    lost = realised_extremes(closed(Scene(), "-5"))
    assert lost == Extremes(fall_usd=Decimal("6.22"))


@pytest.mark.parametrize(
    ("results", "count"),
    [((), 0), (("-1",), 1), (("-1", "-1"), 2), (("-1", "-1", "9"), 0), (("9", "-1", "0"), 2)],
)
def test_losses_in_a_row_end_with_a_trade_that_did_not_lose(results, count):
    # The last one breaks even gross, and so loses its costs.
    assert losses_in_a_row(fold_rounds(closed(Scene(), *results))) == count


def test_drawdown_from_an_open_profit_flattens_and_halts():
    scene = Scene(drawdown_usd_max=Decimal(20)).connect()
    scene.hold()  # long at 100001; a tick is 0.50 USD, the entry cost 0.61
    scene.price(100_021, 100_022)  # +10 open: 9.39 is the peak
    assert [p.peak_usd for p in kinds(scene.said, PeakSeen)] == [Decimal("9.39")]
    assert not kinds(scene.price(99_982, 99_983), Halt)  # -9.50 - 0.61 = -10.11: 19.50 below
    commands = scene.price(99_981, 99_982)  # -10.61: 20.00 below
    assert [h.reason for h in kinds(commands, Halt)] == [
        "drawdown: 20.00 USD below the day's peak of 9.39, limit is 20"
    ]
    assert kinds(commands, ClosePosition)


def test_peak_of_an_earlier_session_counts_once_the_days_fills_are_known():
    scene = Scene(drawdown_usd_max=Decimal(10), peak_usd=Decimal(50))
    fills = closed(scene, "45")  # 43.78: 6.22 below the peak
    scene.connect(scene.snapshot(fills=fills))
    assert not kinds(scene.said, Halt)
    scene.pass_time(120)
    scene.price(100_000, 100_001)
    denied = next(c for c in scene.signal() if isinstance(c, Denied))
    assert (denied.gate, denied.limit) == (Gate.DRAWDOWN, "3.78")


def test_floor_counts_what_is_open():
    scene = Scene(balance_usd_floor=Decimal(49985)).connect()  # balance 50000
    scene.hold()  # costs 0.61
    assert not kinds(scene.price(99_973, 99_974), Halt)  # -14.00 - 0.61: 49985.39
    assert kinds(scene.price(99_972, 99_973), Halt)  # -14.50 - 0.61: 49984.89


def test_profit_lock_takes_the_profit_and_ends_the_day():
    scene = Scene(profit_usd_lock=Decimal(5)).connect()
    scene.hold()
    assert not kinds(scene.price(100_012, 100_013), Halt)  # 5.50 - 0.61 = 4.89
    assert kinds(scene.price(100_013, 100_014), Halt, ClosePosition)


def test_no_entry_in_a_stretch_of_news():
    stretch = Stretch(start=OPEN, end=OPEN + timedelta(minutes=2))
    scene = Scene(no_entry=(stretch,)).connect()
    assert [d.gate for d in kinds(scene.signal(), Denied)] == [Gate.NO_ENTRY]
    scene.pass_time(119)
    scene.price(100_000, 100_001)
    assert kinds(scene.signal(), PlaceEntry)


def test_no_more_entries_a_minute_than_allowed():
    scene = Scene(entries_per_minute_max=1, cooldown_s=0).connect()
    scene.engine.state.note_entry(scene.now)
    assert [d.gate for d in kinds(scene.signal(), Denied)] == [Gate.ENTRY_RATE]
    scene.pass_time(60)
    scene.price(100_000, 100_001)
    assert kinds(scene.signal(), PlaceEntry)


def test_operator_must_be_there_and_a_position_left_alone_is_flattened():
    scene = Scene(presence_s=30.0).connect()
    assert [d.gate for d in kinds(scene.signal(), Denied)] == [Gate.PRESENCE]
    scene.tell(OperatorSeen(at=scene.now, seen_at=scene.now))
    scene.hold()
    for _ in range(60):
        scene.now += timedelta(seconds=1)
        scene.price(100_000, 100_001)
        assert not kinds(scene.tell(ClockTick(at=scene.now)), ClosePosition)
    scene.now += timedelta(seconds=1)
    scene.price(100_000, 100_001)
    assert kinds(scene.tell(ClockTick(at=scene.now)), ClosePosition)
