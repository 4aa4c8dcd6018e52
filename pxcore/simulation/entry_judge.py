"""Whether what a session sent to open, or to guard, was allowed by all that it had been told."""

from collections import Counter
from datetime import datetime, timedelta

from pxcore.engine.commands import Command, Halt, PlaceEntry, PlaceStop
from pxcore.engine.events import Event, Hub, HubDown, HubUp, RecordSkipped, SnapshotTaken
from pxcore.model import MarketTrade, OrderType, Quote
from pxcore.paper.exchange import Exchange
from pxcore.simulation.scenario import ACCOUNT_ID, Scenario
from pxcore.simulation.told import ToldFills
from pxcore.simulation.violations import Invariant, Violation


class EntryJudge:
    """`tags` are those of every order of ours; `told` is what the living session was told."""

    def __init__(self, scenario: Scenario, exchange: Exchange, told: ToldFills) -> None:
        self.tags: Counter[str] = Counter()
        self._scenario = scenario
        self._exchange = exchange
        self._told = told
        self._quote_at: datetime | None = None
        self._print_at: datetime | None = None
        self._up: set[Hub] = set()
        self._is_known = False
        self._is_halted = False

    @property
    def is_hub_away(self) -> bool:
        return len(self._up) < len(Hub)

    def hear(self, event: Event) -> None:
        match event:
            case Quote():
                self._quote_at = event.at
            case MarketTrade():
                self._print_at = event.at
            case HubUp(hub=hub):
                self._up.add(hub)
                self._is_known = False
            case HubDown(hub=hub):
                self._up.discard(hub)
                self._is_known = False
            case RecordSkipped(hub=Hub.USER):
                self._is_known = False
            case SnapshotTaken():
                self._is_known = True
            case _:
                pass

    def judge(self, command: Command, event: Event, now: datetime, *, is_alive: bool) -> None:
        match command:
            case PlaceEntry():
                self._judge_entry(command, event, now, is_alive=is_alive)
            case PlaceStop():
                self._judge_own_stop(command, now, is_alive=is_alive)
            case Halt():
                self._is_halted = True
            case _:
                pass

    def _judge_entry(
        self, entry: PlaceEntry, event: Event, now: datetime, *, is_alive: bool
    ) -> None:
        config, before = self._scenario.config, self._entries_told()
        self.tags[entry.tag] += 1
        stale = timedelta(seconds=config.limits.stale_data_s)
        _require(
            f"entry {entry.tag}",
            now,
            {
                Invariant.ONE_ORDER: self.tags[entry.tag] == 1,
                Invariant.HALT: not self._is_halted,
                Invariant.WINDOW: config.window_start <= event.at < config.window_end,
                Invariant.FRESH_DATA: all(
                    seen is not None and event.at - seen <= stale
                    for seen in (self._quote_at, self._print_at)
                ),
                Invariant.HUBS_UP: not self.is_hub_away,
                Invariant.ACCOUNT_KNOWN: self._is_known,
                Invariant.ORDER_SIZE: entry.size <= config.limits.contracts_max,
                Invariant.TRADES_MAX: before < config.limits.trades_max,
                Invariant.LIVING_SESSION: is_alive,
            },
        )

    def _entries_told(self) -> int:
        """Entries of the day that this session knows to have filled."""
        orders = self._exchange.orders(ACCOUNT_ID)
        ours = {o.id for o in orders if o.type is OrderType.MARKET and o.tag in self.tags}
        return self._told.filled_among(ours)

    def _judge_own_stop(self, stop: PlaceStop, now: datetime, *, is_alive: bool) -> None:
        """Sent once, by a living session, and only where stops of our own are allowed."""
        self.tags[stop.tag] += 1
        config, has_strangers = self._scenario.config, self._scenario.has_strangers
        _require(
            f"stop {stop.tag}",
            now,
            {
                Invariant.ONE_ORDER: self.tags[stop.tag] == 1,
                Invariant.OWN_STOP: config.places_stops,
                Invariant.ORDER_SIZE: stop.size <= config.size or has_strangers,
                Invariant.LIVING_SESSION: is_alive,
            },
        )


def _require(what: str, now: datetime, holds: dict[Invariant, bool]) -> None:
    for invariant, is_so in holds.items():
        if not is_so:
            raise Violation(invariant, f"{what} at {now}")
