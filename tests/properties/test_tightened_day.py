"""A limit that is tightened at the beginning of a day is the limit of that day, for every reader.

The day is one of the simulation, played with the tight limit. An engine that begins with the
loose one is told to tighten it, lives through the same events, and must say the same; one that
is not told must not, or the day would prove nothing.
"""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from pxcore.engine.commands import Command
from pxcore.engine.config import EngineConfig
from pxcore.engine.engine import Engine
from pxcore.engine.events import Event, LimitsTightened
from pxcore.engine.limit_table import LIMITS
from pxcore.engine.tightening import Bounds
from pxcore.simulation.scenario import draw_untroubled
from pxcore.simulation.simulation import Simulation
from pxcore.strategies import make_strategy

# Limit, tight, loose, and the seed of a day on which it matters.
CASES: list[tuple[str, Any, Any, int]] = [
    ("loss_usd_max", Decimal(20), Decimal(1000), 0),
    ("drawdown_usd_max", Decimal(15), None, 0),
    ("balance_usd_floor", Decimal(49980), None, 0),
    ("profit_usd_lock", Decimal(5), None, 5),
    ("trades_max", 1, 20, 2),
    ("losses_in_a_row_max", 1, None, 2),
    ("entries_per_minute_max", 1, None, 2),
    ("contracts_max", 1, 5, 0),
    ("spread_ticks_max", 1, None, 2),
    ("presence_s", 10.0, None, 0),
    ("cooldown_s", 10.0, 0.0, 2),
    ("slippage_ticks", 60, 4, 1),
    ("costs_usd_per_side", Decimal(30), Decimal("0.61"), 0),
    ("stale_data_s", 0.05, 3.0, 2),
    ("entry_deadline_s", 0.2, 5.0, 2),
    ("unknown_grace_s", 25.0, 12.0, 163),
    ("protection_deadline_s", 0.02, 3.0, 2),
    ("settle_deadline_s", 0.3, 2.0, 2),
    ("blind_limit_s", 1.0, 8.0, 28),
    ("venue_refusals_max", 1, 3, 0),
]
NO_SUCH_DAY = {"strategy_errors_max"}  # the strategy of the simulation does not fail


def test_every_limit_has_its_day():
    assert {name for name, *_ in CASES} | NO_SUCH_DAY == set(LIMITS)


@pytest.mark.parametrize(("name", "tight", "loose", "seed"), CASES, ids=[c[0] for c in CASES])
def test_limit_tightened_at_once_is_as_if_the_session_had_begun_with_it(name, tight, loose, seed):
    day = draw_untroubled(seed)
    by_risk = Decimal(150) if name == "contracts_max" else None  # the risk manager reads it too
    limits = replace(day.config.limits, **{name: tight})
    played = Simulation(
        replace(day, config=replace(day.config, risk_usd_per_trade=by_risk, limits=limits))
    )
    played.run()
    first = played.sessions[0]
    events, said = zip(*first.journal, strict=True)
    loose_limits = replace(first.engine.config.limits, **{name: loose})
    config = replace(first.engine.config, limits=loose_limits)
    bounds = replace(Bounds(), **{name: tight})

    assert lived_through(events, config, day.every_s, told=bounds) == said
    assert lived_through(events, config, day.every_s, told=None) != said


def lived_through(
    events: tuple[Event, ...], config: EngineConfig, every_s: float, *, told: Bounds | None
) -> tuple[tuple[Command, ...], ...]:
    """What an engine says, told of the tighter limit once both hubs are up."""
    engine = Engine(config, make_strategy("timed-entry", {"every_s": every_s}))
    said = []
    for number, event in enumerate(events):
        said.append(tuple(engine.step(event)))
        if number == 1 and told is not None:
            engine.step(LimitsTightened(at=event.at, bounds=told, why="test"))
    return tuple(said)
