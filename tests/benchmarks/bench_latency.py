"""`make bench-latency`: from a print on the wire to the order that answers it, side by side.

A relay between the gateway and each contender stamps the frame that holds the print and the first
byte of the order's request: nobody measures himself. Rounds are interleaved, so that a noisy
machine is noisy for all; medians of the rounds are compared. Exit status 1 when a goal is missed,
or a contender fails.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from latency.contenders import FLOOR, NAMES, OURS, Run, contenders
from latency.figures import Round
from latency.growth import OursWatched, growing_market, has_grown, told, windows
from latency.market import RATES, Market, make_market
from latency.processes import Failed, end_on_signals
from latency.report import missed, table, told_round
from latency.steps import OursStepped, flame, steps_table
from latency.venue import open_venue

_ACCOUNT_ID = 20_000_001
_INTERRUPTED = 130


def measured(who: str, run: Run, market: Market, top: Path) -> Round:
    """One contender at one market, once; nothing is left of it. Raises Failed."""
    with (
        tempfile.TemporaryDirectory(dir=top) as folder,
        open_venue(market, _ACCOUNT_ID, Path(folder)) as venue,
    ):
        run(venue, Path(folder))
        done = venue.round()
    if not done.latencies_ms:
        raise Failed(f"{who} answered none of {done.triggers} triggers")
    return done


def measure_rounds(given: argparse.Namespace, top: Path) -> tuple[list[str], Any]:
    """The goals that were missed, and all that was measured."""
    runs, ours = contenders(given.only), OursStepped()
    if OURS in runs:
        runs[OURS] = ours
    rates = [RATES[name] for name in given.rates]
    markets = {rate.name: make_market(rate, rate.orders(given.orders), top) for rate in rates}
    seen: dict[str, dict[str, list[Round]]] = {name: {who: [] for who in runs} for name in markets}
    for number in range(1, given.rounds + 1):
        print(f"round {number} of {given.rounds}: p50, p99, max in ms", flush=True)
        for name, market in markets.items():
            for who, run in runs.items():
                done = measured(who, run, market, top)
                seen[name][who].append(done)
                print(told_round(name, who, done), flush=True)
    print(f"\n{table(seen)}\n", flush=True)
    if ours.timings:
        print(f"{steps_table(ours.timings)}\n", flush=True)
        if given.picture is not None:
            given.picture.write_text(flame(ours.timings), encoding="utf-8")
    records = {
        name: {who: [one.record() for one in done] for who, done in by_contender.items()}
        for name, by_contender in seen.items()
    }
    return missed(seen), records


def measure_growth(top: Path) -> tuple[list[str], Any]:
    market, watched = growing_market(top), OursWatched()
    rounds = {
        FLOOR: measured(FLOOR, contenders([FLOOR])[FLOOR], market, top),
        OURS: measured(OURS, watched, market, top),
    }
    p50s = {who: windows(done) for who, done in rounds.items()}
    for who, each in p50s.items():
        print(told(who, each))
    begin, end = watched.rss_mb
    print(f"the session's process: {begin:.0f} MB at the begin, {end:.0f} MB at the end")
    grown = [f"{OURS} has grown in a minute"] if has_grown(p50s[OURS]) else []
    records = {who: done.record() for who, done in rounds.items()}
    return grown, {"rounds": records, "rss_mb": watched.rss_mb}


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_latency.py",
        description=__doc__,
        epilog="The clients of others run on the first Python 3.12 or newer that is found on the "
        "path, or on the one that PX_BENCH_PYTHON names.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each rate (%(default)s)")
    parser.add_argument(
        "--orders", type=int, default=40, help="a round; half as many in bursts (%(default)s)"
    )
    parser.add_argument("--rates", nargs="+", choices=RATES, default=list(RATES))
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--growth", action="store_true", help="a minute at 5,000/s instead")
    parser.add_argument("--json", type=Path, help="write all that was measured to this file")
    parser.add_argument("--picture", type=Path, help="draw our own way in steps to this file")
    return parser.parse_args()


def main() -> int:
    given = asked()
    end_on_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="px-bench-latency-") as top:
            measure = measure_growth if given.growth else lambda at: measure_rounds(given, at)
            missed_goals, records = measure(Path(top))
    except Failed as why:
        print(why, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    if given.json is not None:
        given.json.write_text(json.dumps(records, indent=1), encoding="utf-8")
    for goal in missed_goals:
        print(f"MISSED {goal}")
    return 1 if missed_goals else 0


if __name__ == "__main__":
    sys.exit(main())
