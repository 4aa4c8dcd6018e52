"""Who is measured, and how each is run once at a venue."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from latency.ours import run_ours
from latency.processes import Child, quiet_environ
from latency.venue import Venue

_HERE = Path(__file__).parent
_READY_S = 60.0
_SETTLES_S = 2.0  # for the answer to the last trigger

Run = Callable[[Venue, Path], None]


def script(name: str, python: str = sys.executable) -> Run:
    """A contender that is a script of ours, on that interpreter."""

    def run(venue: Venue, folder: Path) -> None:
        command = [python, str(_HERE / f"{name}.py"), json.dumps(asdict(venue.task))]
        log = folder / f"{name}.log"
        with Child(name, command, log, environ=quiet_environ(), cwd=folder) as contender:
            contender.until("ready", _READY_S)
            venue.wait_for_triggers(contender)
            contender.stay(_SETTLES_S)

    return run


FLOOR, OURS = "floor", "ours"
OF_THIS_ENVIRONMENT: dict[str, Run] = {FLOOR: script("floor"), OURS: run_ours}
