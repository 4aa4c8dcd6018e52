"""Many simulated days, on as many processes as there are cores; what failed, and how to see it."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec

from pxcore.engine.commands import Denied, FlatProven, Halt, PlaceEntry, PlaceStop
from pxcore.engine.events import ClockTick
from pxcore.model import MarketTrade, Quote
from pxcore.simulation.lives import SimulatedSession
from pxcore.simulation.scenario import Scenario, draw
from pxcore.simulation.simulation import Simulation
from pxcore.simulation.violations import Invariant, Violation

_LAST_EVENTS = 50
_CHUNK = 20


class DayResult(msgspec.Struct, frozen=True, kw_only=True):
    """One day. `problem` is None when every invariant held; `last` are its last events then not.
    `broken` is the invariant, None where an error ended the day.

    `counts` say what there was of it: entries, denials, halts, sessions, flattens, and events of
    the market hub that were not true.
    """

    seed: int
    problem: str | None
    broken: Invariant | None
    last: tuple[str, ...]
    worst_naked_s: float
    events: int
    counts: dict[str, int]


def simulate(seed: int) -> DayResult:
    """Plays the day of this seed."""
    return play(draw(seed))


def play(scenario: Scenario) -> DayResult:
    day = Simulation(scenario)
    problem: str | None = None
    broken: Invariant | None = None
    try:
        day.run()
    except Violation as violation:
        problem, broken = str(violation), violation.invariant
    except Exception as error:  # whatever it is, it is the finding
        problem = f"{type(error).__name__}: {error}"
    return DayResult(
        seed=scenario.seed,
        problem=problem,
        broken=broken,
        last=_last(day.sessions) if problem else (),
        worst_naked_s=day.invariants.worst_naked_s,
        events=sum(len(s.journal) for s in day.sessions),
        counts=_counts(day.sessions) | {"false prices": day.said.told},
    )


def simulate_many(first_seed: int, seeds: int) -> Iterator[DayResult]:
    """The days of so many seeds, in order."""
    wanted = range(first_seed, first_seed + seeds)
    workers = min(os.cpu_count() or 1, max(seeds // _CHUNK, 1))
    if workers == 1:
        yield from map(simulate, wanted)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(simulate, wanted, chunksize=_CHUNK)


def _last(sessions: list[SimulatedSession]) -> tuple[str, ...]:
    """The last events that said something or were about the account, with their commands."""
    lines: list[str] = []
    for session in sessions:
        lines.append(f"session {session.engine.config.session_id}")
        for event, commands in session.journal:
            if not commands and isinstance(event, Quote | MarketTrade | ClockTick):
                continue
            lines.append(str(event))
            lines += [f"  -> {command}" for command in commands]
    return tuple(lines[-_LAST_EVENTS:])


def _counts(sessions: list[SimulatedSession]) -> dict[str, int]:
    counted: Counter[str] = Counter(sessions=len(sessions))
    names = {
        PlaceEntry: "entries",
        PlaceStop: "own stops",
        Denied: "denials",
        Halt: "halts",
        FlatProven: "flattens",
    }
    for session in sessions:
        for _, commands in session.journal:
            counted.update(names[type(c)] for c in commands if type(c) in names)
    return dict(counted)
