"""How a `px up` ends, and what it comes back to: asked to, asked to leave, and killed."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from house import HOLDS, House, until
from patience import patience

from pxcore.config.paths import Paths
from pxcore.ownership.home_lock import household_of
from pxcore.paper.keeper import read_state

pytestmark = [pytest.mark.process, pytest.mark.e2e]

DAY = {"run": {"window": {"minutes": 30}}}


@pytest.fixture
def house(tmp_path: Path, prefect_database: Path) -> Iterator[House]:
    made = House(tmp_path, HOLDS, database=prefect_database)
    try:
        yield made.wait_until_up()
    finally:
        made.end()


def kept_position(house: House) -> int:
    """What the paper gateway's file says that its account holds."""
    state = read_state(house.home / "paper-20000001.json")
    assert state is not None
    return sum(abs(one.position.size) for one in state.holdings)


def is_over(house: House, left: list[psutil.Process]) -> bool:
    return household_of(house.home) is None and not any(p.is_running() for p in left)


def state_at_rest(house: House, run_id: str) -> str:
    """Of a run, as the server that is gone has left it."""
    database = Paths(house.home).prefect / "prefect.db"
    with closing(sqlite3.connect(database)) as rows:
        (found,) = rows.execute(
            "SELECT state_type FROM flow_run WHERE id = ?", (run_id,)
        ).fetchone()
    return str(found)


def test_px_up_that_leaves_is_killed_and_flattens_comes_back_to_what_it_left(house):
    left = house.start("trading-day", DAY)
    session = house.holding()
    asked = house.px("down")
    assert asked.returncode == 2 and "--yes" in asked.stderr, "nobody is there to be asked"
    done = house.px("down", "--leave", "--yes")
    assert done.returncode == 0 and "stays under its bracket" in done.stdout
    house.process.wait(patience(30))
    assert kept_position(house) != 0
    log = (house.home / "logs" / f"{session}.log").read_text()
    assert "to its bracket at the venue" in log

    house.restart()
    assert "deployments are registered as they are wanted already" in house.said()
    assert not house.is_flat()
    assert house.state(left)["name"] == "Left (to its bracket)"
    assert not house.runs_of("flatten"), "what was left on purpose is flattened by nobody"
    house.start("trading-day", DAY)
    house.holding()
    assert "left by a session of ours: flatten" in _flow_log(house)
    tree = house.tree()
    os.kill(house.process.pid, signal.SIGKILL)
    until(lambda: is_over(house, tree), within_s=patience(60), what=f"ended by itself: {tree}")
    assert kept_position(house) == 0

    house.restart()  # over a killed one's facts, whose gateway is gone
    assert house.is_flat()
    assert house.ended(house.start("preflight"))["name"].startswith("Completed (fit")
    flattened = house.start("trading-day", DAY)
    house.holding()
    tree = house.tree()
    done = house.px("down", "--yes")
    assert done.returncode == 0 and "it will flatten and end" in done.stdout
    assert house.process.wait(patience(30)) == 0
    until(lambda: is_over(house, tree), what=f"all ended: {tree}")
    assert kept_position(house) == 0
    assert state_at_rest(house, flattened) == "COMPLETED", "closed before the server went"


def _flow_log(house: House) -> str:
    return (house.home / "logs" / "trading-day.log").read_text()
