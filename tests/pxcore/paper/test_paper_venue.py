"""The running venue: what it does when it falls behind, and when its market breaks."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from paper_scenes import ACCOUNT, ES, LISTED, MNQ, OPEN, START_USD, after, buy, printed, quote, run
from paper_scenes import market as quoted
from patience import patience

from pxcore.clock.clocks import ShiftedClock
from pxcore.paper.exchange import AccountSpec, Exchange, VenueEvent
from pxcore.paper.markets.market import DepthPush, MarketStep
from pxcore.paper.server.market_time import LAG_S_MAX, MarketTime
from pxcore.paper.server.venue import PaperVenue, conflated


def test_old_quotes_are_conflated_to_the_newest_of_their_contract_and_nothing_else_is() -> None:
    exchange = quoted()
    exchange.place(OPEN, ACCOUNT, buy())
    orders = run(exchange, 10)
    events: list[VenueEvent | DepthPush] = [
        quote(11, 1, 2),
        quote(12, 3, 4, ES.id),
        printed(13, 2),
        *orders,
        quote(14, 5, 6),
        printed(15, 6),
    ]
    assert conflated(events, after(5000)) == events[1:]


def test_fresh_quotes_are_not_conflated() -> None:
    events: list[VenueEvent | DepthPush] = [quote(1, 1, 2), quote(2, 2, 3), quote(3, 3, 4)]
    assert conflated(events, after(2)) == events[1:]
    assert conflated(events, after(0)) == events


def test_venue_that_is_far_behind_plays_in_order_and_its_clock_is_slowed_not_chased() -> None:
    class Ahead:
        """A clock that is an hour further than the market's start, and runs on."""

        speed = 2.0
        ms = 3_600_000

        def now(self) -> datetime:
            return after(self.ms)

    exchange = Exchange(contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "A", START_USD),), seed=1)
    tape = (quote(n, 100_000 + n, 100_001 + n) for n in range(12_000))
    clock = Ahead()
    market_time = MarketTime(clock, start=OPEN, waits=False)
    clock.ms *= 2
    venue = PaperVenue(exchange=exchange, tape=tape, clock=market_time)
    venue.stop()  # no alarm: it plays when the test says so
    moments = [exchange.now]
    while exchange.top(MNQ.id).bid != 111_999:
        venue.settle()
        moments.append(exchange.now)
        assert market_time.lag.total_seconds() <= LAG_S_MAX
        behind = market_time.speed * (market_time.lag + market_time.slowed)
        assert exchange.now + behind == after(clock.ms - 3_600_000), "no time is lost or made up"
        clock.ms += 1000
    assert moments == sorted(moments)
    assert market_time.slowed.total_seconds() > 1700, "it went on from where it was"


def test_error_in_the_market_stops_it_and_is_reported() -> None:
    def breaking() -> Iterator[MarketStep]:
        yield quote(0, 100_000, 100_001)
        raise RuntimeError("torn tape")

    async def live() -> bool:
        fault = asyncio.Event()
        exchange = Exchange(
            contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "A", START_USD),), seed=1
        )
        clock = ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=1)
        PaperVenue(exchange=exchange, tape=breaking(), clock=clock, on_fault=fault.set).start()
        await asyncio.wait_for(fault.wait(), patience(5))
        return exchange.contract(MNQ.id) is not None

    assert asyncio.run(live())
