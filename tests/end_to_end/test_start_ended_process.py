"""A `px up` that is told to stop while it starts: what has started ends, nothing is waited for."""

import os
import signal

import pytest
from house import HOLDS, House, until
from patience import patience

from pxcore.ownership.home_lock import household_of

pytestmark = [pytest.mark.process, pytest.mark.e2e]


def test_px_down_during_the_start_ends_what_has_started(tmp_path, prefect_database):
    house = House(tmp_path, HOLDS, database=prefect_database)
    try:
        until(lambda: "watchdog is started" in house.said(), what="gateway and watchdog")
        until(lambda: house.seek("deployments.server") is not None, what="its server")
        os.kill(house.find("deployments.server").pid, signal.SIGSTOP)  # it never gets any further
        started = house.tree()
        assert house.px("down").returncode == 0
        assert house.process.wait(patience(30)) == 130
        assert "stopped before it was up" in house.said() and "\nUI " not in house.said()
        until(lambda: not any(one.is_running() for one in started), what="all of it has ended")
        assert household_of(house.home) is None
    finally:
        house.end()
