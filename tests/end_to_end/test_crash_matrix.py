"""SIGKILL at each step of place, protect and flatten, on real processes; each survivor in turn.

Whoever survives (the flow above the session, the next start, `px flatten`), there is no second
order for an intent, no position for long without a stop, and nothing held or alive in the end.

At each push every moment is survived by the flow, as nearly always, and by one of the others in
turn; at night by all.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from crash_case import MOMENTS, SURVIVORS
from patience import patience
from seeds import is_night

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("crash matrix")]

HERE = Path(__file__).parent
# The folder of the tests comes last: there is a `pxcore` in it, too.
PATHS = os.pathsep.join([str(HERE.parents[1]), str(HERE), str(HERE.parent)])
FLAT_S = patience(
    12
)  # an order under way for 7 s, two looks 3 s apart, two starts, on a busy machine
NAKED_S = patience(0.25)  # a close fills while its stop is being cancelled
# Its stop is missing already when it dies: until the survivor has begun, has looked and is flat.
NAKED_AT_DEATH = {"filled, stop missing", "own stop sent, not taken yet"}
NAKED_AT_DEATH_S = FLAT_S


AT_ONCE = 6  # most of a cell is waiting
FLOW, *OTHERS = SURVIVORS
CELLS = [
    (moment, survivor)
    for number, moment in enumerate(MOMENTS)
    for survivor in (SURVIVORS if is_night() else (FLOW, OTHERS[number % len(OTHERS)]))
]

Cells = dict[tuple[str, str], "Future[dict[str, Any]]"]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    """Every cell of the matrix, under way from the first test on."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (moment, survivor): pool.submit(cell, moment, survivor, tmp_path_factory.mktemp("cell"))
            for moment, survivor in CELLS
        }


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """Of each cell by itself: cells go on beyond the test that waits for one of them."""


def cell(moment: str, survivor: str, home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / "crash_case.py"), moment, survivor, str(home)],
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
        cwd=home,
        env=os.environ | {"PYTHONPATH": PATHS},
    )
    assert done.returncode == 0, f"{survivor}: {done.stderr[-2000:]}"
    left = [p.info for p in psutil.process_iter(["cmdline", "environ"]) if is_of(p, home)]
    assert not left, left
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def is_of(process: psutil.Process, home: Path) -> bool:
    """A process of the cell: its session, its gateway, its flatten."""
    environ = process.info["environ"] or {}
    return environ.get("PX_HOME") == str(home) or str(home) in (process.info["cmdline"] or ())


def problems(moment: str, found: dict[str, Any]) -> list[str]:
    naked_max_s = NAKED_AT_DEATH_S if moment in NAKED_AT_DEATH else NAKED_S
    checks = {
        "the survivor does not say flat": not found["is_flat"],
        "something is held": found["positions"] or found["net"],
        f"a record that does not agree: {found['differences']}": found["verdict"] == "broken",
        "an order is alive": found["orders_alive"],
        "two orders for one intent": found["double_tags"],
        "more than one entry": found["entries_filled"] > 1,
        "more held than one entry's size": found["largest"] > 1,
        f"flat only after {found['flat_s']} s": found["flat_s"] > FLAT_S,
        f"without a stop for {found['naked_s']} s": found["naked_s"] > naked_max_s,
        f"a journal that does not replay: {found['divergences']}": found["divergences"],
    }
    return [what for what, is_so in checks.items() if is_so]


@pytest.mark.parametrize(("moment", "survivor"), CELLS)
def test_killed_session_leaves_no_duplicate_and_no_naked_position(cells, moment, survivor):
    found = cells[moment, survivor].result()

    assert not problems(moment, found), found
