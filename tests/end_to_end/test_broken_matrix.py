"""What is broken, and who still acts: the table of `docs/operations.md`, on real processes.

Each cell is flat within its bound by one close, or stands in `REASONS` with why not. At each push
every row is run with one actor, in turn; at night with all.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from broken_case import ACTORS, DISKS, FROZEN, POSTGRES, REASONS, ROWS
from needs import mounts
from patience import patience
from seeds import is_night

from pxcore.gateway.rest import A_WINDOW_S

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("broken matrix")]

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "operations.md"
# The folder of the tests comes last: there is a `pxcore` in it, too.
PATHS = os.pathsep.join(
    map(str, (HERE.parents[1], HERE, HERE.parent / "pxcore" / "store", HERE.parent))
)
AT_ONCE = 4  # most of a cell is waiting
FLAT_S = patience(12)
FLAT_AFTER_A_HANG_S = patience(40)  # 20 s until it is one, 10 s for a child that cannot be killed
_NAMES = tuple(ACTORS)


def _actors(number: int, row: str) -> tuple[str, ...]:
    able = [actor for actor in _NAMES if (row, actor) not in REASONS]
    return tuple(able) if is_night() else (able[(number + 1) % len(able)],)


CELLS = [(row, actor) for n, row in enumerate(ROWS) for actor in _actors(n, row)]
REFUSED = [(row, "next start") for row in ("session hung", *DISKS) if row != "disk hangs"]
if not is_night():
    REFUSED = REFUSED[:2]

Cells = dict[tuple[str, str], "Future[dict[str, Any]]"]


@pytest.fixture(scope="module")
def cells(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cells]:
    """Every cell of this lane, under way from the first test on."""
    chosen = [item for item in request.session.items if item.path == Path(__file__)]
    params = [item.callspec.params for item in chosen if hasattr(item, "callspec")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (one["row"], one["actor"]): pool.submit(
                cell, one["row"], one["actor"], tmp_path_factory.mktemp("cell")
            )
            for one in params
        }


@pytest.fixture(autouse=True)
def nothing_left_behind() -> None:
    """Of each cell by itself: cells go on beyond the test that waits for one of them."""


def cell(row: str, actor: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / "broken_case.py"), row, actor, str(folder)],
        capture_output=True,
        text=True,
        timeout=patience(180),
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": PATHS},
    )
    assert done.returncode == 0, f"{row}, {actor}: {done.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _marked(pairs: list[tuple[str, str]]) -> list[Any]:
    marks = {row: mounts for row in (*DISKS, FROZEN)} | {POSTGRES: pytest.mark.services}
    return [
        pytest.param(row, actor, marks=marks.get(row, ()), id=f"{row}: {actor}")
        for row, actor in pairs
    ]


@pytest.mark.parametrize(("row", "actor"), _marked(CELLS))
def test_whoever_acts_is_flat_whatever_is_broken(cells: Cells, row: str, actor: str) -> None:
    found = cells[row, actor].result()
    bound_s = FLAT_AFTER_A_HANG_S if "session" in row or "disk" in row else FLAT_S
    if (row, actor) == ("request count used up", "next start"):
        bound_s += A_WINDOW_S  # it waits for a free one, and the position is under its stop
    assert found["flat_s"] < bound_s, found
    assert found["fills"] == 2, "one entry, one close"


@pytest.mark.parametrize(("row", "actor"), _marked(REFUSED))
def test_start_that_is_none_is_refused_and_leaves_the_stop(
    cells: Cells, row: str, actor: str
) -> None:
    found = cells[row, actor].result()
    assert found["refused"].startswith("refused: "), found
    assert found["is_flat"] or not found["is_naked"]


def test_the_operators_table_has_every_cell() -> None:
    lines = [
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    table = {cells[0]: dict(zip(head, cells, strict=True)) for cells in rows}
    assert set(_NAMES) <= set(head)
    assert set(ROWS) <= set(table)
    assert all(re.search(r"\w|—", text) for cells in table.values() for text in cells.values())
