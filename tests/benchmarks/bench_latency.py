"""`make bench-latency`: from a print on the wire to the order that answers it, side by side.

A relay between the gateway and each contender stamps the frame that holds the print and the first
byte of the order's request. Rounds are interleaved: a noisy machine is noisy for all of them.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from latency.contenders import NAMES, Run, contenders
from latency.figures import Figures, Round
from latency.market import RATES, Market, make_market
from latency.processes import end_on_signals
from latency.venue import open_venue

_ACCOUNT = 20_000_000


def measured(run: Run, market: Market, folder: Path) -> Round:
    """One contender at one market, once."""
    folder.mkdir()
    with open_venue(market, _ACCOUNT, folder) as venue:
        run(venue, folder)
        return venue.round()


def told(rate: str, who: str, done: Round) -> None:
    at_rate = f"{rate:>6}/s asked, {done.rate:7,.0f}/s came" if rate != "burst" else "burst"
    answers = f"{len(done.latencies_ms)} of {done.triggers} answered, {done.extra} orders besides"
    figures = Figures.of(done.latencies_ms)
    print(
        f"{at_rate:34}{who:14}p50 {figures.p50_ms:7.2f}  p99 {figures.p99_ms:7.2f}  "
        f"max {figures.max_ms:7.2f} ms   {answers}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--rates", nargs="+", choices=RATES, default=list(RATES))
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    given = parser.parse_args()
    end_on_signals()
    measured_ones = contenders(given.only)
    with tempfile.TemporaryDirectory(prefix="px-bench-latency-") as top:
        rates = [RATES[name] for name in given.rates]
        markets = {r.name: make_market(r, r.orders(given.orders), Path(top)) for r in rates}
        for number in range(given.rounds):
            for name, market in markets.items():
                for who, run in measured_ones.items():
                    folder = Path(top, f"{number}-{name}-{who}")
                    told(name, who, measured(run, market, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
