"""`make bench-gateway`: what a market message costs, and how late it is delivered.

Ours beside signalrcore as shipped and beside the floor (picows and msgspec), each a process of
its own against a server of its own, the three in turn, several times: figures are medians.
Ratios count, not microseconds: machines differ. Exit status 1 when a bound is missed.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_KINDS = ("floor", "ours", "shipped")
_FLOOD = 200_000
_RATES = {1_000: 3_000, 5_000: 15_000, 20_000: 60_000}
_ROUNDS = 3
_SHIPPED_SHARE_MAX = 0.25
_FLOOR_TIMES_MAX = 1.6
_KEEPS_UP = 0.97  # of the rate, or the client is falling behind

Figures = dict[str, float]


def measure(kind: str, count: int, rate: int) -> Figures:
    server = subprocess.Popen(
        [sys.executable, str(_HERE / "hub_server.py"), str(count), str(rate)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, str(_HERE / "hub_clients.py"), kind, port, str(count)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        )
        figures: Figures = json.loads(done.stdout)
        return figures
    finally:
        server.kill()
        server.wait()


def median(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def measure_all(count: int, rate: int, rounds: int) -> dict[str, Figures]:
    seen: dict[str, list[Figures]] = {kind: [] for kind in _KINDS}
    for _ in range(rounds):
        for kind in _KINDS:
            seen[kind].append(measure(kind, count, rate))
    return {kind: median(figures) for kind, figures in seen.items()}


def show(title: str, figures: dict[str, Figures]) -> None:
    print(f"\n{title}\n{'':10}{'CPU us/message':>16}{'messages/s':>14}{'p50 us':>12}{'p99 us':>12}")
    for kind, one in figures.items():
        print(
            f"{kind:10}{one['cpu_us']:16.2f}{one['per_s']:14,.0f}"
            f"{one['p50_us']:12,.0f}{one['p99_us']:12,.0f}"
        )


def main() -> int:
    flood = measure_all(_FLOOD, 0, _ROUNDS)
    show(f"as fast as the server sends, {_FLOOD:,} messages", flood)
    at_rate = {}
    for rate, count in _RATES.items():
        at_rate[rate] = measure_all(count, rate, 1)
        show(f"{rate:,} messages/s, {count:,} messages", at_rate[rate])
    cpu = {kind: one["cpu_us"] for kind, one in flood.items()}
    share, times = cpu["ours"] / cpu["shipped"], cpu["ours"] / cpu["floor"]
    fastest = max(_RATES)
    kept = at_rate[fastest]["ours"]["per_s"] / fastest
    print(f"\nours / shipped {share:.3f} (at most {_SHIPPED_SHARE_MAX})")
    print(f"ours / floor   {times:.2f} (at most {_FLOOR_TIMES_MAX})")
    print(f"ours at {fastest:,}/s keeps {kept:.3f} of the rate (at least {_KEEPS_UP})")
    is_good = share <= _SHIPPED_SHARE_MAX and times <= _FLOOR_TIMES_MAX and kept >= _KEEPS_UP
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
