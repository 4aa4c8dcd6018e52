"""What happens on one simulated day: drawn from a seed, and the same for the same seed.

A calm day is rare on purpose. Each kind of trouble is drawn by itself, so that days with several
at once come up, and each leaves the market time to hurt.
"""

import dataclasses
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from pxcore.calendar.hours import chicago
from pxcore.engine.config import EngineConfig, ExitTerms, Limits
from pxcore.model import Bracket, Contract, Foreign, Leftovers
from pxcore.paper.exchange import AccountSpec, ExchangeConfig
from pxcore.paper.faults.venue import (
    AsyncReject,
    FillDelayed,
    ForcedLiquidation,
    ForeignOrder,
    OrderPending,
    PartialFill,
    VenueFault,
)
from pxcore.paper.markets.catalogue import catalogue, find_contract
from pxcore.paper.markets.synthetic import MNQ_SHAPE, SyntheticShape
from pxcore.simulation.bracket_switch import BracketSwitch, draw_bracket_switch
from pxcore.simulation.clock_steps import SteppedClock, draw_clock
from pxcore.simulation.early_close import VenueFlat, draw_venue_flat, program_of
from pxcore.simulation.false_looks import Lies, draw_lies
from pxcore.simulation.false_prices import FalsePrice, draw_false_prices
from pxcore.simulation.mishaps import (
    WINDOW_S,
    Death,
    Outage,
    SimulatedWish,
    Wire,
    draw_deaths,
    draw_outages,
    draw_wire,
    draw_wishes,
)
from pxcore.simulation.standstill import EAGER_S, Standstill, draw_standstills
from pxcore.simulation.stranger import SYMBOL, Stranger, draw_stranger
from pxcore.simulation.venue_day import draw_exchange, draw_faults

DAY = date(2026, 11, 20)
OPEN = chicago(DAY, time(8, 30))
LEAD = timedelta(seconds=5)  # the market runs so long before the window
CONTRACT: Contract = find_contract(catalogue(DAY), "MNQ")
ELSEWHERE: Contract = find_contract(catalogue(DAY), SYMBOL)  # where a stranger trades
ACCOUNT_ID = 7
BALANCE_USD = Decimal(50_000)
GAPS_MOST = 4.5  # how many times its size the market may jump on a day that has gaps
_GAPS_PER_H = 120.0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """`gap_ticks` is how far the market jumps now and then, about; zero where it does not.
    `regret_s` after the day's first entry somebody asks for a flatten; None where nobody does.
    """

    seed: int
    config: EngineConfig
    every_s: float
    exchange: ExchangeConfig
    faults: tuple[VenueFault, ...]
    wire: Wire
    outages: tuple[Outage, ...]
    deaths: tuple[Death, ...]
    wishes: tuple[SimulatedWish, ...]
    leftovers: Leftovers
    false_prices: tuple[FalsePrice, ...]
    gap_ticks: float
    lies: Lies = Lies()
    regret_s: float | None = None
    clock: SteppedClock = SteppedClock()
    standstills: tuple[Standstill, ...] = ()
    venue_flat: VenueFlat | None = None
    bracket_switch: BracketSwitch | None = None
    stranger: Stranger | None = None

    @property
    def starts_at(self) -> datetime:
        """When the market begins."""
        return self.config.window_start - LEAD

    @property
    def account(self) -> AccountSpec:
        switch, flat = self.bracket_switch, self.venue_flat
        return AccountSpec(
            ACCOUNT_ID,
            "PRAC",
            BALANCE_USD,
            program=None if flat is None else program_of(BALANCE_USD),
            position_brackets=None if switch is None else switch.own,
        )

    @property
    def all_faults(self) -> tuple[VenueFault, ...]:
        """Of the venue, and of a stranger at the platform, from the market's start on."""
        return (*self.faults, *(() if self.stranger is None else self.stranger.orders))

    @property
    def is_rest_sound(self) -> bool:
        """What we ask and instruct is answered at once, and orders fill at once."""
        wire, lies = self.wire, self.lies
        chances = (
            *(wire.refused, wire.lost_before, wire.lost_after, wire.stray, wire.slow),
            *(lies.no_positions, lies.fills_late, lies.old, lies.not_done),
        )
        odd = (AsyncReject, FillDelayed, OrderPending, PartialFill)
        is_slow = self.exchange.latencies.market_fill_ms > 50 or self.exchange.clips is not None
        return not (any(chances) or is_slow or any(isinstance(f, odd) for f in self.faults))

    @property
    def has_strangers(self) -> bool:
        """Orders in our own contract that are not ours, or the venue closes it at any moment."""
        return any(isinstance(f, ForeignOrder | ForcedLiquidation) for f in self.faults)


def draw(seed: int) -> Scenario:
    """The day of this seed."""
    flat = draw_venue_flat(_terms(seed, "venue flat"), regular=DAY, contract_id=CONTRACT.id)
    opens_at = OPEN if flat is None else flat.opens_at
    day = replace(
        draw_untroubled(seed, opens_at),
        clock=draw_clock(_terms(seed, "clock"), opens_at),
        standstills=draw_standstills(_terms(seed, "standstill"), opens_at),
        venue_flat=flat,
        bracket_switch=draw_bracket_switch(_terms(seed, "bracket mode")),
        stranger=draw_stranger(_terms(seed, "stranger"), ELSEWHERE.id),
    )
    if day.standstills and _terms(seed, "eager").random() < 0.5:
        day = replace(day, every_s=EAGER_S)
    day = day if day.stranger is None else _with_policy(day, day.stranger.foreign)
    return day if flat is None else _until_flat(day, flat)


def draw_untroubled(seed: int, opens_at: datetime = OPEN) -> Scenario:
    """The same day with the right time, which nobody else ends, and on which nobody else trades."""
    rng = random.Random(f"simulation/{seed}")  # noqa: S311 - a day, no secret
    return Scenario(
        seed=seed,
        config=_config(rng, seed, opens_at),
        every_s=rng.choice((0.5, 1.0, 2.0, 5.0)),
        exchange=draw_exchange(rng),
        faults=draw_faults(rng),
        wire=draw_wire(rng),
        outages=draw_outages(rng, opens_at),
        deaths=draw_deaths(rng),
        wishes=draw_wishes(rng, opens_at),
        leftovers=_terms(seed, "leftovers").choice(tuple(Leftovers)[:2]),
        false_prices=draw_false_prices(_terms(seed, "false prices"), opens_at),
        gap_ticks=_terms(seed, "gaps").choice((0.0, 0.0, 0.0, 60.0)),
        lies=draw_lies(_terms(seed, "lies")),
        regret_s=_terms(seed, "regret").choice((*[None] * 6, 0.02, 0.1, 0.4)),
    )


def _with_policy(day: Scenario, foreign: Foreign) -> Scenario:
    return replace(day, config=replace(day.config, foreign=foreign))


def _until_flat(day: Scenario, flat: VenueFlat) -> Scenario:
    """Nobody opens anything once the venue takes nothing more, and it closes what is held."""
    last_s = (flat.at - day.starts_at).total_seconds()

    def is_possible(fault: VenueFault) -> bool:
        is_late = isinstance(fault, ForeignOrder) and fault.from_s >= last_s
        return not is_late and not isinstance(fault, AsyncReject)

    stranger = day.stranger
    if stranger is not None:
        stranger = replace(stranger, orders=tuple(filter(is_possible, stranger.orders)))
    return replace(
        day,
        config=replace(day.config, trading_day=flat.day),
        faults=tuple(filter(is_possible, day.faults)),
        stranger=stranger,
    )


def shape_of(day: Scenario) -> SyntheticShape:
    """How the market of the day behaves: as it always did, but for the gaps."""
    if not day.gap_ticks:
        return MNQ_SHAPE
    return dataclasses.replace(MNQ_SHAPE, gaps_per_h=_GAPS_PER_H, gap_ticks=day.gap_ticks)


def _terms(seed: int, what: str) -> random.Random:
    """Drawn apart, so that what came later leaves the other days as they were."""
    return random.Random(f"{what}/{seed}")  # noqa: S311 - a day, no secret


def _config(rng: random.Random, seed: int, opens_at: datetime) -> EngineConfig:
    size = rng.choice((1, 1, 2, 3))
    return EngineConfig(
        fall_usd=Decimal(0),
        places_stops=_terms(seed, "own stop").random() < 0.5,
        foreign=_terms(seed, "foreign").choice((Foreign.REFUSE, Foreign.REFUSE, Foreign.ADOPT)),
        session_id=f"px-sim-{seed}-0",
        account_id=ACCOUNT_ID,
        contract=CONTRACT,
        trading_day=DAY,
        window_start=opens_at,
        window_end=opens_at + timedelta(seconds=WINDOW_S),
        size=size,
        bracket=Bracket(
            stop_loss_ticks=rng.choice((8, 16, 40)), take_profit_ticks=rng.choice((8, 20, 60))
        ),
        exits=ExitTerms(
            break_even_ticks=rng.choice((None, None, 4)),
            trail_ticks=rng.choice((None, None, 6)),
            time_stop_s=rng.choice((None, None, 5.0)),
        ),
        limits=Limits(
            loss_usd_max=Decimal(rng.choice((40, 100, 1000))),
            trades_max=rng.choice((2, 5, 20)),
            contracts_max=5,
            cooldown_s=rng.choice((0.0, 0.0, 3.0)),
            stale_data_s=3.0,
            entry_deadline_s=5.0,
            unknown_grace_s=12.0,
            protection_deadline_s=3.0,
            settle_deadline_s=2.0,
            blind_limit_s=8.0,
            flatten_round_s=16.0,
            slippage_ticks=4,
            costs_usd_per_side=Decimal("0.61"),
            drawdown_usd_max=rng.choice((None, Decimal(60))),
            balance_usd_floor=rng.choice((None, BALANCE_USD - 70)),
            profit_usd_lock=rng.choice((None, None, Decimal(30))),
            losses_in_a_row_max=rng.choice((None, 3)),
            entries_per_minute_max=rng.choice((None, 6)),
            spread_ticks_max=rng.choice((None, 2)),
        ),
    )
