"""How fast this machine computes, now: a fixed piece of work, timed."""

import time

WORK_S = 0.045  # what the piece takes on the idle, quick machine where the bounds were chosen
PIECES = 3
_LOOPS = 400_000


def unit_s() -> float:
    """Wall seconds that stand, now, for one second of an idle, quick machine; at least one."""
    return max(1.0, max(work_s() for _ in range(PIECES)) / WORK_S)


def work_s() -> float:
    """Pure Python, of the kind that a session does: numbers, a table, small tuples."""
    began_s = time.perf_counter()
    total = 0
    table: dict[int, tuple[int, int]] = {}
    for number in range(_LOOPS):
        total += number * number % 7
        table[number & 255] = (number, total)
    return time.perf_counter() - began_s
