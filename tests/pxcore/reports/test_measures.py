"""Excursions, slippage, latencies and gaps, each worked out by hand."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from engine_scenes import CONFIG, MNQ, OPEN, Scene

from pxcore.engine.commands import PlaceEntry
from pxcore.engine.events import FillSeen
from pxcore.journal.rows import Answer, Outcome, Request, Timing
from pxcore.model import MarketTrade, OrderStatus, OrderType, Quote, Side
from pxcore.reports.measures import Meter

TAG = "px-test-0001"


class Day:
    """A meter fed by hand. `at` is seconds after the open, walls an hour later.

    At the open there was a quote, and a print that confirmed it.
    """

    def __init__(self) -> None:
        self.meter = Meter(MNQ, stale_s=10)
        self.scene = Scene()
        self.quote(0, 100_000)
        self.trade(0, 100_000)

    def time(self, seconds: float) -> datetime:
        return OPEN + timedelta(seconds=seconds)

    def wall(self, seconds: float) -> datetime:
        return self.time(seconds + 3600)

    def quote(self, seconds: float, bid: int, ask: int | None = None) -> None:
        at, ask = self.time(seconds), bid + 1 if ask is None else ask
        quote = Quote(at=at, happened_at=at, contract_id=MNQ.id, bid_ticks=bid, ask_ticks=ask)
        self.meter.see_event(quote, self.wall(seconds))

    def trade(self, seconds: float, ticks: int) -> None:
        at = self.time(seconds)
        trade = MarketTrade(at=at, happened_at=at, contract_id=MNQ.id, price_ticks=ticks, size=1)
        self.meter.see_market([trade], self.wall(seconds))

    def entry(self, seconds: float, side: Side = Side.BUY) -> None:
        command = PlaceEntry(
            tag=TAG, contract_id=MNQ.id, side=side, size=1, bracket=CONFIG.bracket, reason="r"
        )
        self.meter.see_command(command, self.wall(seconds))

    def filled(self, seconds: float, side: Side = Side.BUY) -> None:
        self.scene.now = self.time(seconds)
        seen = self.scene.order(
            11, OrderType.MARKET, side, OrderStatus.FILLED, tag=TAG, filled_size=1
        )
        self.meter.see_event(seen, self.wall(seconds))

    def fill(self, seconds: float, number: int, order: int, side: Side, ticks: int, **more) -> None:
        self.scene.now = self.time(seconds)
        seen: FillSeen = self.scene.fill(number, order, side, ticks, **more)
        self.meter.see_event(seen, self.wall(seconds))


def long_trade() -> Day:
    """Decided at an ask of 100001, filled a tick worse, down to 99990, up to 100030, out there."""
    day = Day()
    day.quote(1, 100_000)
    day.entry(1)
    day.filled(1.02)
    day.fill(1.02, 1, 11, Side.BUY, 100_002)
    day.quote(2, 99_990)
    day.quote(3, 100_020)
    day.fill(4, 2, 13, Side.SELL, 100_030, pnl="14")
    return day


def test_excursions_are_measured_from_the_fill_at_the_price_of_an_exit():
    found = long_trade().meter.measures().excursions[11]

    assert found.adverse_ticks == 12  # 100002 to a bid of 99990
    assert found.favourable_ticks == 28  # its own exit at 100030


@pytest.mark.parametrize("side", Side)
def test_price_that_is_not_believed_is_in_no_figure_and_no_curve(side):
    day = Day()
    day.quote(1, 100_001)
    day.quote(1.015, 0, 1)  # at the decision, too
    day.entry(1.016, side)
    day.filled(1.02, side)
    day.fill(1.02, 1, 11, side, 100_002)
    day.quote(1.9, 100_000)
    for second, (bid, ask) in enumerate([(0, 100_001), (100_000, 0), (50_000, 50_001)], start=2):
        day.quote(second, bid, ask)
        day.trade(second + 0.05, 60_000 + 50_000 * second)
        day.quote(second + 0.1, 100_000)
    day.fill(6, 2, 13, side.opposite, 100_002, pnl="0")

    measured = day.meter.measures()

    found = measured.excursions[11]
    assert max(found.adverse_ticks, found.favourable_ticks) <= 2
    assert found.entry_slip_ticks == (0 if side is Side.BUY else -1)
    assert {point.value for point in measured.prices} <= {100_000.5, 100_001.5}
    assert all(abs(point.value) < 5 for point in measured.equity)


def test_crash_is_in_the_figures_with_the_event_that_confirms_it():
    day = Day()
    day.fill(1, 1, 11, Side.BUY, 100_001)
    day.quote(2, 99_500)
    day.trade(2.01, 99_500)
    day.fill(2.02, 2, 13, Side.SELL, 99_600, pnl="-200.50")

    assert day.meter.measures().excursions[11].adverse_ticks == 501


def test_entry_slips_by_what_it_filled_worse_than_the_price_at_decision():
    assert long_trade().meter.measures().excursions[11].entry_slip_ticks == 1


def test_short_trade_is_measured_the_other_way_round():
    day = Day()
    day.quote(1, 100_000)
    day.entry(1, Side.SELL)
    day.filled(1.02, Side.SELL)
    day.fill(1.02, 1, 11, Side.SELL, 99_999)
    day.quote(2, 100_004)  # out at the ask, 100005
    day.quote(3, 99_980)
    day.fill(4, 2, 13, Side.BUY, 99_985, pnl="7")

    found = day.meter.measures().excursions[11]

    assert (found.adverse_ticks, found.favourable_ticks) == (6, 18)
    assert found.entry_slip_ticks == 1


def test_equity_is_realised_and_open_at_the_price_of_an_exit():
    day = long_trade()
    equity = day.meter.measures().equity
    # After the entry's costs of 0.61: 99990 is 12 ticks of 0.50 below the fill.
    at_low = next(p for p in equity if p.at == day.time(2))
    assert at_low.value == pytest.approx(-0.61 - 6.0)
    assert equity[-1].value == pytest.approx(14 - 1.22)


def test_fill_that_crosses_zero_ends_one_trade_and_begins_the_next():
    day = Day()
    day.quote(1, 100_000)
    day.fill(1, 1, 11, Side.BUY, 100_001)
    day.fill(2, 2, 12, Side.SELL, 100_005, size=2, pnl="2")
    day.quote(3, 100_000)

    found = day.meter.measures().excursions

    assert found[11].favourable_ticks == 4
    assert found[12].favourable_ticks == 4  # short from 100005, the ask is 100001


def timing(sent_us: float | None) -> Timing:
    return Timing(
        command="place_entry",
        tag=TAG,
        is_at_once=sent_us is not None,
        decoded_us=50.0,
        queued_us=100.0,
        decided_us=300.0,
        dispatched_us=310.0,
        ready_us=400.0,
        written_us=500.0,
        sent_us=sent_us,
        answered_us=5600.0,
    )


@pytest.mark.parametrize(
    ("sent_us", "sent_ms", "answered_ms"),
    [(600.0, 0.6, 5.0), (None, 3.3, 11.0)],
    ids=["at once", "by the worker"],
)
def test_latencies_are_real_time_from_the_price_at_our_socket_to_the_fill(
    sent_us, sent_ms, answered_ms
):
    day = Day()
    day.quote(1, 100_000)
    day.entry(1.002)
    called_off = Request(number=6, method="POST", path="/api/Order/place", body={"customTag": TAG})
    day.meter.see_request(called_off, day.wall(1.003))
    request = Request(number=7, method="POST", path="/api/Order/place", body={"customTag": TAG})
    day.meter.see_request(request, day.wall(1.005))
    day.filled(1.021)
    answer = Answer(
        number=7,
        path="/api/Order/place",
        outcome=Outcome.ANSWERED,
        status=200,
        took_ms=11.0,
        body=None,
        body_bytes=0,
        why=None,
    )
    day.meter.see_answer(answer)
    day.meter.see_timing(timing(sent_us))

    found = {one.stretch: one.p50_ms for one in day.meter.measures().latencies}

    assert found == {
        "price to decision": pytest.approx(0.3),
        "price to order sent": pytest.approx(sent_ms),
        "order sent to answer": pytest.approx(answered_ms),
        "order sent to fill": pytest.approx(16.0),
    }


def test_silence_longer_than_an_entry_accepts_is_a_gap():
    day = Day()
    day.quote(1, 100_000)
    day.quote(11, 100_000)
    day.quote(22, 100_000)

    (gap,) = day.meter.measures().gaps

    assert (gap.since, gap.until) == (day.time(11), day.time(22))


def test_fill_that_only_rest_showed_counts_once():
    day = Day()
    day.quote(1, 100_000)
    seen = day.scene.fill(1, 11, Side.BUY, 100_001).fill
    snapshot = day.scene.snapshot(fills=(seen,))
    from pxcore.engine.events import SnapshotTaken

    for number in (1, 2):
        day.meter.see_event(
            SnapshotTaken(at=day.time(2), request=number, snapshot=snapshot), day.wall(2)
        )
    day.quote(3, 100_011)

    assert day.meter.measures().excursions[11].favourable_ticks == Decimal(10)
