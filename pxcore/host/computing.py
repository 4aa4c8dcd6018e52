"""How much processors have computed for a process and all below it. Read-only; asks the system.

From /proc where there is one, else of `ps`; None where neither tells (Windows).
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_PROC = Path("/proc")
_PS_S = 5.0

Row = tuple[int, int, object, float]  # process, parent, a name that is not used twice, seconds


def computed_s(pids: Sequence[int]) -> dict[object, float] | None:
    """Seconds of processor time for each living process below these, themselves included."""
    rows = _rows()
    return None if rows is None else _below(pids, rows)


def children_of(pid: int) -> tuple[int, ...] | None:
    """The processes that it has started itself and that have not been taken from it."""
    rows = _rows()
    return None if rows is None else tuple(row[0] for row in rows if row[1] == pid)


def _rows() -> Iterable[Row] | None:
    if (_PROC / "self" / "stat").exists():
        return _of_proc()
    ps = shutil.which("ps")
    return None if ps is None else _of_ps(ps)


def _below(pids: Sequence[int], rows: Iterable[Row]) -> dict[object, float]:
    children: dict[int, list[Row]] = {}
    found: dict[object, float] = {}
    waiting: list[Row] = []
    for row in rows:
        children.setdefault(row[1], []).append(row)
        if row[0] in pids:
            waiting.append(row)
    while waiting:
        pid, _, name, seconds = waiting.pop()
        if name not in found:
            found[name] = seconds
            waiting += children.get(pid, [])
    return found


def _of_proc() -> Iterator[Row]:
    """Field numbers: proc(5), read November 2026; what stands in brackets may hold anything."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    for name in os.listdir(_PROC):
        if not name.isdigit():
            continue
        try:
            fields = (_PROC / name / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile, or is not ours to see
            continue
        pid, parent, started = int(name), int(fields[1]), fields[19]
        yield pid, parent, (pid, started), (int(fields[11]) + int(fields[12])) * tick_s


def _of_ps(ps: str) -> Iterator[Row]:
    try:
        told = subprocess.run(  # noqa: S603
            [ps, "-A", "-o", "pid=,ppid=,time="],
            capture_output=True,
            text=True,
            timeout=_PS_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return
    for line in told.splitlines():
        pid, parent, spent = line.split()
        yield int(pid), int(parent), int(pid), _seconds(spent)


def _seconds(text: str) -> float:
    """Of [DD-]HH:MM:SS or MM:SS.hh."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + float(days or 0) * 86_400
