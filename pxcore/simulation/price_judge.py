"""Whether what a session did can be explained by prices that the market really had.

The market's truth is the exchange's; what was said instead of it is known. The engine is asked for
one thing only: at which prices it believes the market to be.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from pxcore.engine.belief import REACH_TICKS_MIN
from pxcore.engine.commands import Command, FallSeen, Halt, MoveStop, PeakSeen, PlaceEntry
from pxcore.engine.engine import Engine
from pxcore.engine.events import Event, Hub, HubDown
from pxcore.model import MarketTrade, Quote
from pxcore.paper.exchange import Exchange, VenueEvent
from pxcore.simulation.scenario import ACCOUNT_ID, BALANCE_USD, Scenario
from pxcore.simulation.violations import Invariant, Violation

_CLAIM = re.compile(r"(daily loss|drawdown|loss floor|profit lock)\D*?(-?\d+\.\d\d) USD")
_TRAIL_TICKS = 10  # no stop follows farther away
_SECOND = timedelta(seconds=1)


class PriceJudge:
    """Hears the exchange's truth with `see`, and a session's events and commands with `learned`."""

    def __init__(
        self,
        scenario: Scenario,
        exchange: Exchange,
        is_false: Callable[[Quote | MarketTrade], bool],
    ) -> None:
        self._contract = scenario.config.contract
        self._exchange = exchange
        self._is_false = is_false
        self._low: int | None = None
        self._high: int | None = None
        self._held_most = 0
        self._newest: Quote | None = None
        self._sides: dict[str, tuple[int, datetime]] = {}  # said last, and since when

    def start_over(self) -> None:
        """Nothing was heard by whoever listens now."""
        self._newest = None
        self._sides = {}

    def note_held(self, held: int) -> None:
        self._held_most = max(self._held_most, abs(held))

    def see(self, happened: VenueEvent) -> None:
        prices: tuple[int | None, ...] = ()
        if isinstance(happened, Quote):
            prices = happened.bid_ticks, happened.ask_ticks
        elif isinstance(happened, MarketTrade):
            prices = (happened.price_ticks,)
        for ticks in prices:
            if ticks is not None:
                self._low = ticks if self._low is None else min(self._low, ticks)
                self._high = ticks if self._high is None else max(self._high, ticks)

    def learned(self, engine: Engine, event: Event, commands: tuple[Command, ...]) -> None:
        if isinstance(event, Quote):
            self._judge_following(engine, event)
            self._newest = event
        elif isinstance(event, HubDown) and event.hub is Hub.MARKET:
            self.start_over()
        for command in commands:
            self._judge(command, event.at)

    def _judge(self, command: Command, now: datetime) -> None:
        match command:
            case PlaceEntry(tag=tag):
                self._judge_entry(tag, now)
            case PeakSeen(peak_usd=peak_usd):
                self._require_true(peak_usd, f"a peak of {peak_usd:.2f} USD at {now}")
            case FallSeen(fall_usd=fall_usd):
                self._require_true(-fall_usd, f"a fall of {fall_usd:.2f} USD at {now}")
            case Halt(reason=reason):
                self._judge_halt(reason, now)
            case MoveStop(stop_ticks=ticks) if self._low is not None and self._high is not None:
                if not self._low - _TRAIL_TICKS <= ticks <= self._high + _TRAIL_TICKS:
                    what = f"a stop moved to {ticks} at {now}"
                    raise Violation(Invariant.CONFIRMED, what)
            case _:
                pass

    def _judge_entry(self, tag: str, now: datetime) -> None:
        newest = self._newest
        sides = () if newest is None else (newest.bid_ticks, newest.ask_ticks)
        if not sides or not all(sides):
            raise Violation(Invariant.TWO_SIDES, f"entry {tag} at {now}")
        if newest is not None and self._is_false(newest):
            raise Violation(Invariant.CONFIRMED, f"entry {tag} at {now}")

    def _judge_halt(self, reason: str, now: datetime) -> None:
        claim = _CLAIM.match(reason)
        if claim is None:
            return
        kind, usd = claim[1], Decimal(claim[2])
        if kind == "loss floor":
            usd -= BALANCE_USD
        self._require_true(-usd if kind == "drawdown" else usd, f"{reason}, at {now}")

    def _require_true(self, usd: Decimal, what: str) -> None:
        """The day's money, or the way between two moments of it, by prices that there were."""
        if self._low is None or self._high is None:
            return
        way = self._contract.usd(self._high - self._low, self._held_most)
        nets = [fill.net_usd for fill in self._exchange.fills(ACCOUNT_ID)]
        most = way + sum((max(net, Decimal(0)) for net in nets), Decimal(0))
        least = sum((min(net, Decimal(0)) for net in nets), Decimal(0)) - way
        if not least - most <= usd <= most:
            raise Violation(Invariant.CONFIRMED, what)

    def _judge_following(self, engine: Engine, quote: Quote) -> None:
        """Two quotes within a second that differ and are near each other: that is where it is."""
        if self._is_false(quote):
            self._sides = {}
            return
        market = engine.state.market
        sides = (
            ("bid", quote.bid_ticks, market.bid_ticks),
            ("ask", quote.ask_ticks, market.ask_ticks),
        )
        for name, said, believed in sides:
            before, since = self._sides.get(name, (None, quote.at))
            if said is None or said == before:
                continue
            self._sides[name] = said, quote.at
            is_step = before is not None and abs(said - before) <= REACH_TICKS_MIN
            if is_step and quote.at - since <= _SECOND and believed != said:
                what = f"the {name} is {said}, believed {believed}, at {quote.at}"
                raise Violation(Invariant.FOLLOWED, what)
