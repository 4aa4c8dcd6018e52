"""How a `px up` ends, and what it comes back to: asked to, asked to leave, and killed."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
from house import HOLDS, House, until
from patience import patience

from pxcore.paper.keeper import read_state
from pxcore.runtime.home_lock import household_of

pytestmark = [pytest.mark.process, pytest.mark.e2e]

DAY = {"run": {"window": {"minutes": 30}}}


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    made = House(tmp_path, HOLDS)
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


def test_px_down_flattens_and_leave_keeps_the_bracket_and_the_next_start_finds_it(house):
    first = house.start("trading-day", DAY)
    house.holding()
    asked = house.px("down")
    assert asked.returncode == 2 and "--yes" in asked.stderr, "nobody is there to be asked"
    tree = house.tree()
    done = house.px("down", "--yes")
    assert done.returncode == 0 and "it will flatten and end" in done.stdout
    assert house.process.wait(patience(30)) == 0
    until(lambda: is_over(house, tree), what=f"all ended: {tree}")
    assert kept_position(house) == 0

    house.restart()
    assert house.state(first)["type"] == "COMPLETED", "the day was closed before the server went"
    second = house.start("trading-day", DAY)
    session = house.holding()
    done = house.px("down", "--leave", "--yes")
    assert done.returncode == 0 and "stays under its bracket" in done.stdout
    house.process.wait(patience(30))
    assert kept_position(house) != 0
    log = (house.home / "logs" / f"{session}.log").read_text()
    assert "to its bracket at the venue" in log

    house.restart()
    assert not house.is_flat()
    assert house.state(second)["name"] == "Left (to its bracket)"
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


def _flow_log(house: House) -> str:
    return (house.home / "logs" / "trading-day.log").read_text()
