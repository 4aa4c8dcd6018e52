"""A paper gateway that holds nine days of minutes and gives as many at once as it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from paper_scenes import ACCOUNT, LISTED, MNQ, OPEN, START_USD
from paper_server import Gateway, serving

from pxcore.calendar.hours import trading_day
from pxcore.clock.clocks import ShiftedClock
from pxcore.model import Bar
from pxcore.paper.exchange import AccountSpec, Exchange
from pxcore.paper.markets.bars import BarStore
from pxcore.paper.server.app import ServerConfig
from pxcore.paper.server.dialect import Dialect
from pxcore.paper.server.venue import PaperVenue

FIRST, LAST = date(2026, 11, 9), date(2026, 11, 19)  # nine trading days, a weekend among them
MINUTE = timedelta(minutes=1)


def minutes() -> list[Bar]:
    made = []
    day = FIRST
    while day <= LAST:
        one = trading_day(day)
        at = one.opens_at
        while one.is_tradable and at < one.closes_at:
            made.append(
                Bar(opened_at=at, open_ticks=9, high_ticks=9, low_ticks=9, close_ticks=9, volume=1)
            )
            at += MINUTE
        day += timedelta(days=1)
    return made


MINUTES = minutes()


@contextmanager
def capped(**dialect: object) -> Iterator[Gateway]:
    """It holds all of `MINUTES`. What is too many requests is for the client to know: its clock is
    a test's, and the gateway's would be real seconds.
    """
    form = Dialect(**dialect)  # type: ignore[arg-type]
    bars = BarStore()
    bars.remember(MNQ.id, MINUTES)
    venue = PaperVenue(
        exchange=Exchange(
            contracts=LISTED, accounts=(AccountSpec(ACCOUNT, "A", START_USD),), seed=7
        ),
        tape=iter(()),
        bars=bars,
        clock=ShiftedClock(market=OPEN, wall=datetime.now(UTC), speed=1.0),
        dialect=form,
    )
    config = ServerConfig(rest_limit=None, bars_limit=None, dialect=form)
    with serving(iter(()), config=config, venue=venue) as gateway:
        yield gateway
