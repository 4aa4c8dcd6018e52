"""`make bench-report`: how long the report of a day of five million events takes, and in how much
memory.

The day is one of the demo's, with its trades, its recorded mix (60 % quotes, 30 % prints, 10 %
ticks of the clock) and every market event repeated until there are so many; the position is held
for as large a part of it as in the demo. Timed is all from the journal to the page, in a process
of its own, so that its memory is its own. Exit status 1 when a bound is missed.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "pxcore" / "engine"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pxcore" / "simulation"))
sys.path.insert(0, str(Path(__file__).parents[1] / "pxcore" / "reports"))

import msgspec
from msgspec.structs import replace
from report_scenes import Played

from pxcore.journal.rows import RowKind
from pxcore.journal.writer import Journal
from pxcore.model import MarketTrade, Quote
from pxcore.reports.html import to_html
from pxcore.reports.measures import is_market
from pxcore.reports.recorder import read_record
from pxcore.store.database import Store
from pxcore.store.projection.days import rebuild

_EVENTS = 5_000_000
_SECONDS_MAX = 10.0
_MEMORY_MB_MAX = 300.0
_QUEUED_MAX = 50_000
_APART = timedelta(milliseconds=12)  # the day is 16 hours long then


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="px-bench-"))
    try:
        path, events = write_day(folder)
        size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        print(f"{events:,} events, {size_mb:,.0f} MB")
        return subprocess.run([sys.executable, __file__, str(path)], check=False).returncode
    finally:
        shutil.rmtree(folder)


def write_day(folder: Path) -> tuple[Path, int]:
    """Where its journal is, and how many events are in it."""
    faults: list[str] = []
    journal = Journal(folder / "px-20261120-1.jsonl", on_fault=faults.append)
    played = Played()
    room = threading.Event()
    events = 0
    for number, (kind, body) in enumerate(stretched(played)):
        journal.append(kind, body)
        events += kind is RowKind.EVENT
        while number % 1000 == 0 and journal.queued > _QUEUED_MAX:
            room.wait(0.001)
    journal.append(RowKind.CLOSED, played.last_row())
    if not journal.close(timeout_s=60.0) or faults:
        raise SystemExit(f"rows were lost: {faults}")
    return journal.path, events


def stretched(played: Played) -> Iterator[tuple[RowKind, msgspec.Struct]]:
    repeats = _EVENTS // sum(is_market([event]) for event, _ in played.day.log) + 1
    now = played.day.log[0][0].at
    for kind, body in played.rows():
        if kind is not RowKind.EVENT:
            yield kind, body
            continue
        for _ in range(repeats if is_market([body]) else 1):
            now += _APART
            is_stamped = isinstance(body, Quote | MarketTrade)
            yield kind, replace(body, at=now, **({"happened_at": now} if is_stamped else {}))


def report_day(path: Path) -> int:
    played = Played()
    begun, cpu = time.perf_counter(), time.process_time()
    record = read_record(path, played.terms)
    read_s, read_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    page = to_html(played.report(record, path.parent))
    took_s = time.perf_counter() - begun
    if record.damage is not None or not record.fills or not page:
        raise SystemExit(f"the day was not read: {record.damage}")
    checked = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + checked.ru_maxrss) / 1024
    print(f"{took_s:.1f} s from the journal to the page (at most {_SECONDS_MAX:g})")
    print(
        f"{read_s:.1f} s of it reading; {read_cpu_s:.1f} s of CPU beside "
        f"{checked.ru_utime + checked.ru_stime:.1f} s for the chain in another process"
    )
    print(f"{memory_mb:.0f} MB at most, both processes (at most {_MEMORY_MB_MAX:g})")
    begun = time.perf_counter()
    store = Store(f"sqlite:///{path.parent}/px.sqlite")
    done = rebuild(store, path.parent)
    store.close()
    print(f"{time.perf_counter() - begun:.1f} s for its {done.rows:,} rows in the store besides")
    if done.unread:
        raise SystemExit(f"the store was not made: {done.unread}")
    return 0 if took_s <= _SECONDS_MAX and memory_mb <= _MEMORY_MB_MAX else 1


if __name__ == "__main__":
    sys.exit(report_day(Path(sys.argv[1])) if len(sys.argv) > 1 else main())
