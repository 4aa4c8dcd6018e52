"""From the gateway's frames to the engine's limits: a price that cannot be moves neither."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import wording
from engine_scenes import Scene, kinds
from gateway_listener import Listener
from gateway_samples import MNQ_ID, FixedClock
from raw_hub import RawHubs, invocation

from pxcore.engine.commands import ClosePosition, Command, Halt, Notice, PeakSeen
from pxcore.engine.events import Hub, RecordSkipped
from pxcore.model import MarketTrade, Quote, Side


class Line:
    """An engine that holds one contract from 25000.25, at the other end of the market hub."""

    def __init__(self, listener: Listener, hubs: RawHubs, clock: FixedClock, side: Side) -> None:
        self.scene = Scene(profit_usd_lock=Decimal(50)).connect()
        self.scene.hold(side)
        self.scene.said.clear()
        self._clock = clock
        self._clock.moment = self.scene.now
        self._listener = listener
        listener.start()
        self._peer = hubs.peer("market")
        listener.wait_up(Hub.MARKET)

    def quote(self, **fields: Any) -> list[Command]:
        stamp = self._later()
        self._peer.text(invocation("GatewayQuote", MNQ_ID, {"timestamp": stamp} | fields))
        return self._pass_on(self._listener.next(Quote))

    def trade(self, price: float) -> list[Command]:
        row = {"price": price, "timestamp": self._later(), "type": 0, "volume": 1}
        self._peer.event("GatewayTrade", MNQ_ID, [row])
        return self._pass_on(self._listener.next(MarketTrade))

    def _later(self) -> str:
        self._clock.moment += timedelta(milliseconds=20)
        return self._clock.moment.isoformat()

    def _pass_on(self, event: Any) -> list[Command]:
        """With what was told before it."""
        while self._listener.count(RecordSkipped):
            self.scene.tell(self._listener.next(RecordSkipped))
        return self.scene.tell(event)

    @property
    def open_usd(self) -> Decimal:
        day_usd = self.scene.engine.state.day_usd()
        assert day_usd is not None
        return day_usd - self.scene.engine.state.book.realised_usd


@pytest.fixture
def line(hubs: RawHubs, new_listener: Any, clock: FixedClock, side: Side) -> Line:
    return Line(new_listener(hubs.url), hubs, clock, side)


@pytest.mark.parametrize("side", Side)
def test_price_limit_is_judged_by_the_last_good_price_and_told_twice(
    line: Line, side: Side
) -> None:
    line.quote(bestBid=25000, bestAsk=25000.25)
    gone = {"bestAsk": 0} if side is Side.SELL else {"bestBid": 0}
    for _ in range(50):
        line.quote(**gone)
        assert line.open_usd == (Decimal("-0.50") if side is Side.BUY else Decimal(0))
    line.quote(bestBid=25000, bestAsk=25000.25)
    assert not kinds(line.scene.said, Halt, ClosePosition, PeakSeen)
    told = [n.text for n in kinds(line.scene.said, Notice) if n.code == "hub.record_skipped"]
    what = "ask" if side is Side.SELL else "bid"
    assert told == [
        f"market hub: {wording.price_gone(what)}",
        f"market hub: {wording.price_back(what, 50)}",
    ]


@pytest.mark.parametrize("side", [Side.BUY])
def test_absurd_bid_is_not_confirmed_by_the_partial_quotes_that_carry_it_on(line: Line) -> None:
    line.quote(bestBid=25000, bestAsk=25000.25)
    line.quote(bestBid=2500)
    for price in (25000.5, 25000.25, 25000.5):
        line.quote(bestAsk=price)
        line.trade(price)
    assert line.open_usd == Decimal("-0.50")
    line.quote(bestBid=25000)
    assert not kinds(line.scene.said, Halt, ClosePosition)
    assert [n.code for n in kinds(line.scene.said, Notice)] == ["price.dropped"]


@pytest.mark.parametrize("side", [Side.BUY])
def test_crash_halts_with_its_second_frame(line: Line) -> None:
    line.quote(bestBid=25000, bestAsk=25000.25)
    assert not kinds(line.quote(bestBid=24850), Halt)
    (halt,) = kinds(line.trade(24850.25), Halt)
    assert halt.reason == "daily loss: -301.11 USD of 100"
