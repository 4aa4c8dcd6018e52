"""What happens on one simulated day: drawn from a seed, and the same for the same seed.

A calm day is rare on purpose. Each kind of trouble is drawn by itself, so that days with several
at once come up, and each leaves the market time to hurt.
"""

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from pxcore.backtest.false_looks import Lies, draw_lies
from pxcore.backtest.false_prices import FalsePrice, draw_false_prices
from pxcore.calendar import chicago
from pxcore.engine import EngineConfig, Limits
from pxcore.engine.config import ExitTerms
from pxcore.engine.events import Ask, Hub
from pxcore.model import Bracket, Foreign, Leftovers, Side
from pxcore.paper.catalogue import catalogue, find_contract
from pxcore.paper.exchange import Clips, ExchangeConfig, Latencies
from pxcore.paper.faults.venue import (
    AsyncReject,
    BracketsRefused,
    FillDelayed,
    ForcedLiquidation,
    ForeignOrder,
    LegMissing,
    LegRefused,
    OrderPending,
    PartialFill,
    SiblingSurvives,
    VenueFault,
)
from pxcore.paper.synthetic import MNQ_SHAPE, SyntheticShape

DAY = date(2026, 11, 20)
OPEN = chicago(DAY, time(8, 30))
LEAD = timedelta(seconds=5)  # the market runs so long before the window
ACCOUNT_ID = 7
BALANCE_USD = Decimal(50_000)
WINDOW_S = 40.0
GAPS_MOST = 4.5  # how many times its size the market may jump on a day that has gaps
_GAPS_PER_H = 120.0


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Chances, from 0 to 1, of what befalls one message between the venue and us.

    Of what a hub says: `late` by up to `late_ms`, said `twice`, `lost`. Of a request: `refused`
    and not taken, its answer lost before it was taken or after, gone `stray` (taken only after we
    had given up on an answer), or its answer `slow` by up to `slow_s`.
    """

    late: float = 0.0
    late_ms: float = 300.0
    twice: float = 0.0
    lost: float = 0.0
    refused: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    stray: float = 0.0
    slow: float = 0.0
    slow_s: float = 3.0


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """Between `start` and `end` a hub, or with None all of REST, is away.

    `is_silent`: the hub says nothing, and nobody notices that it has gone.
    """

    hub: Hub | None
    start: datetime
    end: datetime
    is_silent: bool = False


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """The session is killed at its `at_event`th event. `is_flow_alive`: its flow flattens for it,
    and otherwise the next start does, `until_restart_s` later.
    """

    at_event: int
    is_flow_alive: bool
    until_restart_s: float


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for something; `ask` of None is the kill switch."""

    at: datetime
    ask: Ask | None


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
    wishes: tuple[Wish, ...]
    leftovers: Leftovers
    false_prices: tuple[FalsePrice, ...]
    gap_ticks: float
    lies: Lies = Lies()
    regret_s: float | None = None

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
        """Orders that are not ours come to the account, or the venue closes it by itself."""
        return any(isinstance(f, ForeignOrder | ForcedLiquidation) for f in self.faults)


def draw(seed: int) -> Scenario:
    """The day of this seed."""
    rng = random.Random(f"simulation/{seed}")  # noqa: S311 - a day, no secret
    return Scenario(
        seed=seed,
        config=_config(rng, seed),
        every_s=rng.choice((0.5, 1.0, 2.0, 5.0)),
        exchange=_exchange(rng),
        faults=_faults(rng),
        wire=_wire(rng),
        outages=_outages(rng),
        deaths=_deaths(rng),
        wishes=_wishes(rng),
        leftovers=_terms(seed, "leftovers").choice(tuple(Leftovers)[:2]),
        false_prices=draw_false_prices(_terms(seed, "false prices"), OPEN),
        gap_ticks=_terms(seed, "gaps").choice((0.0, 0.0, 0.0, 60.0)),
        lies=draw_lies(_terms(seed, "lies")),
        regret_s=_terms(seed, "regret").choice((*[None] * 6, 0.02, 0.1, 0.4)),
    )


def shape_of(day: Scenario) -> SyntheticShape:
    """How the market of the day behaves: as it always did, but for the gaps."""
    if not day.gap_ticks:
        return MNQ_SHAPE
    return replace(MNQ_SHAPE, gaps_per_h=_GAPS_PER_H, gap_ticks=day.gap_ticks)


def _terms(seed: int, what: str) -> random.Random:
    """Drawn apart, so that what came later leaves the other days as they were."""
    return random.Random(f"{what}/{seed}")  # noqa: S311 - a day, no secret


def _config(rng: random.Random, seed: int) -> EngineConfig:
    size = rng.choice((1, 1, 2, 3))
    return EngineConfig(
        places_stops=_terms(seed, "own stop").random() < 0.5,
        foreign=_terms(seed, "foreign").choice((Foreign.REFUSE, Foreign.REFUSE, Foreign.ADOPT)),
        session_id=f"px-sim-{seed}-0",
        account_id=ACCOUNT_ID,
        contract=find_contract(catalogue(DAY), "MNQ"),
        trading_day=DAY,
        window_start=OPEN,
        window_end=OPEN + timedelta(seconds=WINDOW_S),
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


def _exchange(rng: random.Random) -> ExchangeConfig:
    slow = rng.choice((1.0, 1.0, 10.0, 100.0))
    latencies = Latencies(
        market_fill_ms=3.0 * slow,
        bracketed_fill_ms=7.0 * slow,
        target_ms=18.0 * slow,
        stop_loss_ms=19.0 * slow,
        position_ms=4.0 * slow,
        cancel_ms=3.0 * slow,
    )
    clips = Clips(size=1, gap_ms=rng.choice((5.0, 200.0))) if rng.random() < 0.2 else None
    return ExchangeConfig(
        latencies=latencies, clips=clips, stop_slippage_ticks_max=rng.choice((0, 0, 2))
    )


def _faults(rng: random.Random) -> tuple[VenueFault, ...]:
    if rng.random() < 0.2:
        return ()
    made: list[VenueFault] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        made.append(_fault(rng, from_s=rng.uniform(0.0, 15.0), chance=rng.choice((0.4, 1.0, 1.0))))
    return tuple(made)


def _fault(rng: random.Random, *, from_s: float, chance: float) -> VenueFault:
    often = rng.choice((1, 2, None))
    match rng.randrange(11):
        case 0:
            few = rng.choice((1, 2, 3))
            on = rng.choice(("place", "cancel", "close"))
            took = rng.random() < 0.5
            return OrderPending(
                on=on,  # type: ignore[arg-type]
                took_effect=took,
                from_s=from_s,
                chance=chance,
                count=few,
            )
        case 1:
            few = rng.choice((1, 2, 3))  # who rejects every close cannot be flattened
            return AsyncReject(from_s=from_s, chance=chance, count=few)
        case 2:
            rest_ms = rng.choice((50.0, 2000.0))
            return PartialFill(
                size=1, rest_after_ms=rest_ms, from_s=from_s, chance=chance, count=often
            )
        case 3:
            return FillDelayed(ms=rng.choice((300.0, 3000.0)), from_s=from_s, count=often)
        case 4:
            return BracketsRefused(from_s=from_s, chance=chance, count=often)
        case 5 | 6:
            leg = rng.choice(("stop_loss", "take_profit"))
            return LegMissing(leg=leg, from_s=from_s, chance=chance, count=often)  # type: ignore[arg-type]
        case 7:
            leg = rng.choice(("stop_loss", "take_profit"))
            return LegRefused(leg=leg, from_s=from_s, chance=chance, count=often)  # type: ignore[arg-type]
        case 8:
            return SiblingSurvives(from_s=from_s, chance=chance, count=often)
        case 9:
            return ForcedLiquidation(from_s=from_s)
        case _:
            return ForeignOrder(
                from_s=from_s, side=rng.choice(tuple(Side)), size=rng.choice((1, 2))
            )


def _wire(rng: random.Random) -> Wire:
    if rng.random() < 0.45:
        return Wire()

    def maybe(*values: float) -> float:
        return rng.choice((0.0, 0.0, *values))

    return Wire(
        late=maybe(0.1, 0.5),
        late_ms=rng.choice((50.0, 300.0, 1500.0)),
        twice=maybe(0.1, 0.4),
        lost=maybe(0.02, 0.1),
        refused=maybe(0.05, 0.2),
        lost_before=maybe(0.03, 0.1),
        lost_after=maybe(0.03, 0.1),
        stray=maybe(0.03, 0.1),
        slow=maybe(0.1, 0.3),
        slow_s=rng.choice((0.5, 3.0)),
    )


def _outages(rng: random.Random) -> tuple[Outage, ...]:
    made: list[Outage] = []
    for place in (Hub.USER, Hub.MARKET, None):
        if rng.random() < 0.2:
            start = OPEN + timedelta(seconds=rng.uniform(0.0, WINDOW_S))
            lasts = timedelta(seconds=rng.choice((0.3, 3.0, 15.0)))
            is_silent = place is not None and rng.random() < 0.3
            made.append(Outage(hub=place, start=start, end=start + lasts, is_silent=is_silent))
    return tuple(made)


def _deaths(rng: random.Random) -> tuple[Death, ...]:
    if rng.random() < 0.6:
        return ()
    return tuple(
        Death(
            at_event=rng.randrange(10, 6000),
            is_flow_alive=rng.random() < 0.7,
            until_restart_s=rng.choice((1.0, 5.0)),
        )
        for _ in range(rng.choice((1, 1, 2)))
    )


def _wishes(rng: random.Random) -> tuple[Wish, ...]:
    if rng.random() < 0.75:
        return ()
    at = OPEN + timedelta(seconds=rng.uniform(0.0, WINDOW_S))
    return (Wish(at=at, ask=rng.choice((None, *Ask))),)
