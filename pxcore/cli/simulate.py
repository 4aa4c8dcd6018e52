"""`px simulate`: seeded bad days in virtual time, and whether the account came through them."""

from collections import Counter
from pathlib import Path

import msgspec
from rich.console import Console

from pxcore.simulation.campaign import DayResult, simulate_many

_EVERY = 100


def run_simulation(*, first_seed: int, seeds: int, json: Path | None, console: Console) -> int:
    """0 when every invariant held on every day; each day that failed says how to see it again."""
    results: list[DayResult] = []
    for result in simulate_many(first_seed, seeds):
        results.append(result)
        if result.problem is not None:
            _tell(result, console)
        if len(results) % _EVERY == 0 and len(results) < seeds:
            console.print(f"{len(results)} of {seeds} days")
    failed = [r for r in results if r.problem is not None]
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.counts)
    worst = max(r.worst_naked_s for r in results)
    told = ", ".join(f"{counts[name]:,} {name}" for name in sorted(counts))
    console.print(
        f"{len(results)} days from seed {first_seed}, {len(failed)} failed; "
        f"{sum(r.events for r in results):,} events: {told}; "
        f"longest without a working stop {worst:.1f} s",
        style="bold red" if failed else "",
    )
    if json is not None:
        document = {
            "first_seed": first_seed,
            "days": len(results),
            "failed": [r.seed for r in failed],
            "events": sum(r.events for r in results),
            "counts": dict(counts),
            "worst_unprotected_s": worst,
            "results": failed,
        }
        json.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    return 1 if failed else 0


def _tell(result: DayResult, console: Console) -> None:
    console.print(f"seed {result.seed}: {result.problem}", style="bold red", soft_wrap=True)
    console.print(f"again: px simulate --first-seed {result.seed} --seeds 1")
    for line in result.last:
        console.print(line, soft_wrap=True)
