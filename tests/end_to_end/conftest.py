"""Real processes: the paper gateway, Prefect's server, a flow. All on loopback, all ended."""

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from house import HOLDS, UNKNOWN_GRACE_S, House
from patience import patience
from shared_prefect import database_of_a_new_server, shared_prefect

from pxcore.cli.market import choose_market
from pxcore.cli.orchestrator import prefect_environ, px_environ
from pxcore.cli.paper import Paper
from pxcore.config.paths import Paths
from pxcore.host.spawn import end, spawn

_LINE_UNITS = 30  # for the next line of a process that is expected to say something


class Lines:
    """A process whose lines of JSON are read as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(None)

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that is wanted. Fails when the process ends or falls silent first."""
        while (text := self._queue.get(timeout=patience(_LINE_UNITS))) is not None:
            line = msgspec.json.decode(text)
            self.seen.append(line)
            if wanted(line):
                return line
        raise AssertionError(f"the process ended first; it said {self.seen[-5:]}")

    def until_code(self, code: str) -> dict[str, Any]:
        return self.until(lambda line: line.get("code") == code)

    def rest(self) -> list[dict[str, Any]]:
        """Everything until the process closes its output."""
        while (text := self._queue.get(timeout=patience(_LINE_UNITS))) is not None:
            self.seen.append(msgspec.json.decode(text))
        return self.seen


@pytest.fixture(scope="session")
def prefect_server(pytestconfig: pytest.Config) -> tuple[Paths, int]:
    """Everybody's: flows, deployments and accounts of a test are its own, and it is not killed."""
    return shared_prefect(pytestconfig)


@pytest.fixture(scope="session")
def prefect_database(pytestconfig: pytest.Config) -> Path:
    """Of a server that has made its tables and done nothing yet: another one begins with a copy."""
    return database_of_a_new_server(pytestconfig)


@pytest.fixture(scope="session")
def house(prefect_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A `px up` for all tests of this worker that leave it as it was."""
    made = House(tmp_path_factory.mktemp("up"), HOLDS, database=prefect_database)
    try:
        yield made.wait_until_up()
    finally:
        made.end()


@pytest.fixture
def held(house: House) -> Iterator[str]:
    """A trading day whose session holds a protected position: the id of its run."""
    house.wait_for_requests()
    run_id = house.start("trading-day", {"run": {"window": {"minutes": 30}}})
    house.holding()
    yield run_id
    house.ended(run_id)
    house.forgive()


@pytest.fixture(scope="session")
def finished_day(house: House) -> str:
    """A trading day that went to the end of its window: the id of its run."""
    run_id = house.start(
        "trading-day",
        {
            "run": {
                "trades": {"strategy": "timed-entry", "every_s": 3},
                "stop_loss_ticks": 16,
                "take_profit_ticks": 20,
                "window": {"minutes": 0.4},
            }
        },
    )
    house.ended(run_id)
    assert house.is_flat()
    return run_id


@pytest.fixture
def start_paper(tmp_path: Path) -> Iterator[Callable[..., tuple[Paper, dict[str, str]]]]:
    """Starts a paper gateway whose market opens when its session is ready, and the window soon
    after; the settings that point a day to it. Its time runs freely, as a real market's; with a
    `speed`, so much faster than ours and in step with its session, for a day that is to be over
    soon. Seconds are of ours.
    """
    started: list[Paper] = []

    def start(
        *, window_s: float = 20.0, speed: float | None = None
    ) -> tuple[Paper, dict[str, str]]:
        pace = speed or 1.0
        market = choose_market(
            None, symbol="MNQ", seed=11, lead_s=1.0, window_s=window_s, speed=pace
        )
        paths = Paths(tmp_path / "home")
        paths.logs.mkdir(parents=True, exist_ok=True)
        paper = Paper(paths, market, seed=11, port=0, file=None, goes_in_steps=speed is not None)
        started.append(paper)
        paper.wait_until_listening()
        quick = {"PX_HOME": str(paths.home), "PX_COOLDOWN_S": "0", "PX_RESTARTS_MAX": "0"}
        quick["PX_UNKNOWN_GRACE_S"] = UNKNOWN_GRACE_S
        quick["PX_STRATEGY_PARAMS"] = f'{{"every_s": {pace:g}}}'
        return paper, market.settings | paper.settings() | quick

    yield start
    for paper in started:
        paper.end()


@pytest.fixture
def start_flow(
    prefect_server: tuple[Paths, int], tmp_path: Path
) -> Iterator[Callable[[dict[str, str]], Lines]]:
    """`python -m flows.run` with these settings against the shared Prefect server."""
    server_paths, port = prefect_server
    started: list[subprocess.Popen[str]] = []

    def start(settings: dict[str, str]) -> Lines:
        environ = px_environ({**os.environ, **prefect_environ(server_paths, port)}, settings)
        process = spawn("flows.run", stderr=tmp_path / "flow.log", environ=environ, cwd=tmp_path)
        started.append(process)
        return Lines(process)

    yield start
    for process in started:
        end(process, patience=(patience(30), patience(5), patience(5)))


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Every process that a test started is gone when its fixtures are. What a `px up` that others
    use still keeps is for its own end.
    """
    before = set(descendants())
    yield
    left = [p for p in descendants() if p not in before]
    _, alive = psutil.wait_procs(left, timeout=patience(20))
    assert not alive, [p.cmdline() for p in alive]


def descendants() -> list[psutil.Process]:
    kept = {process for house in House.living for process in house.family()}
    return [p for p in psutil.Process().children(recursive=True) if p not in kept]
