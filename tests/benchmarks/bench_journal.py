"""`make bench-journal`: what a row costs the hot path, and how many a second are on the disk.

Five million events as a session has them (40 % quotes, 40 % depth, 20 % prints) are journalled by
the writer's thread, in files of the usual size; the process must not grow with them. Exit status 1
when a bound is missed.
"""

import gc
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pxcore.journal.rows import RowKind
from pxcore.journal.writer import Journal
from pxcore.model import DepthKind, DepthLevel, MarketTrade, Quote

_EVENTS = 5_000_000
_PER_S_MIN = 50_000
_APPEND_US_MAX = 2.0
_GROWTH_MB_MAX = 160.0  # a full queue of a hundred thousand rows is in it
_QUEUED_MAX = 50_000
_STRETCH = 500
_NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


Mix = list[Quote | DepthLevel | MarketTrade]


def events(count: int) -> Mix:
    made: Mix = []
    for number in range(count):
        at, ticks = _NOW + timedelta(milliseconds=8 * number), 100_000 + number % 17
        common = {"at": at, "happened_at": at, "contract_id": "CON.F.US.MNQ.Z26"}
        if number % 5 in (0, 1):
            made.append(Quote(**common, bid_ticks=ticks, ask_ticks=ticks + 1))
        elif number % 5 in (2, 3):
            made.append(DepthLevel(**common, kind=DepthKind.BID, price_ticks=ticks, size=4))
        else:
            made.append(MarketTrade(**common, price_ticks=ticks, size=1))
    return made


def append_us(folder: Path, mix: Mix) -> float:
    """Of one append, while the writer writes: the time that it takes the engine's thread itself.

    The median of many short stretches; what other programs of the machine take is not in it.
    """
    journal = Journal(folder / "px-append.jsonl", on_fault=sys.exit)
    stretches = []
    for first in range(0, len(mix), _STRETCH):
        stretch = mix[first : first + _STRETCH]
        begun = time.thread_time()
        for event in stretch:
            journal.append(RowKind.EVENT, event)
        stretches.append((time.thread_time() - begun) / len(stretch) * 1e6)
    journal.close(timeout_s=60.0)
    return statistics.median(stretches)


def main() -> int:
    mix = events(50_000)
    folder = Path(tempfile.mkdtemp(prefix="px-bench-"))
    try:
        per_s, growth_mb, size_mb = write_all(folder, mix)  # first: its growth counts from here
        cost_us = append_us(folder, mix)
    finally:
        shutil.rmtree(folder)
    print(f"{cost_us:.2f} us an append (at most {_APPEND_US_MAX:g})")
    print(f"{per_s:,.0f} events/s over {_EVENTS:,} events (at least {_PER_S_MIN:,})")
    print(f"{size_mb:,.0f} MB, {size_mb * 1e6 / _EVENTS:.0f} bytes a row")
    print(f"grown by {growth_mb:.0f} MB (at most {_GROWTH_MB_MAX:g})")
    is_met = cost_us <= _APPEND_US_MAX and per_s >= _PER_S_MIN and growth_mb <= _GROWTH_MB_MAX
    return 0 if is_met else 1


def write_all(folder: Path, mix: Mix) -> tuple[float, float, float]:
    """Events a second until the last is on the disk, growth of the process, size of the files."""
    faults: list[str] = []
    journal = Journal(folder / "px-bench.jsonl", on_fault=faults.append)
    gc.collect()
    before_mb = peak_mb()
    begun = time.perf_counter()
    room = threading.Event()
    done = 0
    while done < _EVENTS:
        for event in mix:
            journal.append(RowKind.EVENT, event)
        done += len(mix)
        while journal.queued > _QUEUED_MAX:
            room.wait(0.001)
    if not journal.close(timeout_s=60.0) or faults:
        raise SystemExit(f"rows were lost: {faults}")
    took_s = time.perf_counter() - begun
    size = sum(file.stat().st_size for file in folder.glob("px-bench.*"))
    return done / took_s, peak_mb() - before_mb, size / 1e6


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
