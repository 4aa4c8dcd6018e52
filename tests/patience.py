"""How long a test waits before it gives up, on this machine as it is now.

A test waits for the event itself; only what would otherwise wait for ever has a bound, and the
bound is a multiple of what this machine takes for a fixed piece of work. The piece is of the kind
that these tests wait for: a Python process starts, imports and computes. It is measured once a
run, by whoever starts it; the workers of pytest-xdist are told.
"""

import os
import subprocess
import sys
import time

_UNIT = "PATIENCE_UNIT_S"
_PIECE = """
import asyncio, decimal, email, json, logging, sqlite3, ssl
total = 0
for number in range(400_000):
    total += number * number % 7
"""
_PIECE_S = 0.2  # what the piece takes where these multiples were chosen: a unit is one second there
_GENEROUS = 4.0  # a machine may be busier later in the run than when it was measured


def unit_s() -> float:
    """Wall seconds that stand for one second of an idle, quick machine; never less than one."""
    told = os.environ.get(_UNIT)
    if told is None:
        took_s = max(_piece_s() for _ in range(3))
        told = os.environ[_UNIT] = f"{max(1.0, took_s / _PIECE_S):.3f}"
    return float(told)


def patience(units: float) -> float:
    """Seconds to wait for something that takes at most so many on an idle, quick machine.

    For waits that end with the event: a generous bound costs nothing unless the event never comes.
    """
    return units * _GENEROUS * unit_s()


def _piece_s() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", _PIECE], check=True)
    return time.perf_counter() - began
