"""Who is measured, and how each is run once at a venue."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from latency.environments import environment
from latency.ours import run_ours
from latency.processes import Child, Failed, quiet_environ
from latency.venue import Venue

_HERE = Path(__file__).parent
_READY_S = 60.0
_SETTLES_S = 2.0  # for the answer to the last trigger

Run = Callable[[Venue, Path], None]

FLOOR, OURS = "floor", "ours"
SDKS = {"topstep-sdk": "topstep-sdk==0.1.4", "project-x-py": "project-x-py==4.4.1"}
_SCRIPTS = {FLOOR: "floor.py", "topstep-sdk": "topstep.py", "project-x-py": "projectx.py"}
NAMES = (FLOOR, *SDKS, OURS)


def contenders(names: list[str]) -> dict[str, Run]:
    """Those of them that can be had here; of each other one a line says why not."""
    found: dict[str, Run] = {}
    for name in names:
        try:
            found[name] = _run_of(name)
        except Failed as why:
            print(f"{name} is left out: {why}", flush=True)
    return found


def _run_of(name: str) -> Run:
    if name == OURS:
        return run_ours
    python = environment(SDKS[name]) if name in SDKS else sys.executable
    return _script(name, python, _HERE / _SCRIPTS[name])


def _script(name: str, python: str, file: Path) -> Run:
    def run(venue: Venue, folder: Path) -> None:
        command = [python, str(file), json.dumps(asdict(venue.task))]
        log = folder / f"{name}.log"
        with Child(name, command, log, environ=quiet_environ(), cwd=folder) as contender:
            contender.until("ready", _READY_S)
            venue.wait_for_trigger(venue.market.triggers, contender)
            contender.stay(_SETTLES_S)
            contender.close_stdin()
            contender.wait(_READY_S)

    return run
