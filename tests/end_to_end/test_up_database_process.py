"""One `px up` whose Prefect server cannot start: what it does about it, and who works on."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import requests
from house import HOLDS, House, until
from needs import nightly
from patience import patience
from shared_prefect import begin_with

from pxcore.cli.orchestrator import free_port
from pxcore.config.paths import Paths

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up, its database"),
]


@pytest.fixture
def make(prefect_database: Path, tmp_path: Path) -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def start(*arguments: str, before: Callable[[Path], object]) -> House:
        """`before` is done to the database that it begins with."""
        home = Paths(tmp_path / "home")
        begin_with(prefect_database, home)
        before(home.prefect / "prefect.db")
        made.append(House(tmp_path, HOLDS, *arguments))
        return made[-1]

    yield start
    for house in made:
        house.end()


def garbled(path: Path) -> None:
    path.write_bytes(b"no database at all. " * 500)


def left(path: Path) -> None:
    """As it is."""


def server_killed(house: House, then: Callable[[], object]) -> None:
    """`then` is done while no new one was started yet."""
    up, server = psutil.Process(house.process.pid), house.find("deployments.server")
    tether = house.find("host.tether", "deployments.server")
    up.send_signal(signal.SIGSTOP)
    next(p for p in (server, *tether.children()) if p != tether).kill()
    until(lambda: tether.status() == psutil.STATUS_ZOMBIE, what="its tether has ended")
    then()
    up.send_signal(signal.SIGCONT)


def set_aside(house: House) -> list[Path]:
    found = Paths(house.home).prefect.glob("prefect.db.unreadable-*")
    return [path for path in found if not path.name.endswith(("-wal", "-shm"))]


def is_at_work(house: House) -> bool:
    return "the schedule is running" in house.said()


def answers(house: House) -> bool:
    try:
        return house.prefect.ask("GET", "/api/health", timeout_s=patience(1)).ok
    except requests.RequestException:
        return False


def test_garbage_is_set_aside_at_the_start_and_again_under_a_session_that_trades_on(make):
    house = make(before=garbled).wait_until_up()
    (first,) = set_aside(house)
    assert first.read_bytes().startswith(b"no database at all")
    assert f"set aside as {first.name}" in house.said()
    assert first.name in house.px("status").stdout
    house.start("trading-day", {"run": {"window": {"minutes": 30}}})
    session = house.holding()
    server_killed(house, lambda: garbled(Paths(house.home).prefect / "prefect.db"))
    until(lambda: len(set_aside(house)) == 2, within_s=patience(60), what="set aside again")
    until(lambda: is_at_work(house), within_s=patience(90), what="scheduled anew")
    assert str(house.holder()).startswith(session) and not house.is_flat(), "it trades on"
    house.start("flatten")
    house.released()
    closed = house.ended(house.start("end-of-day"))
    assert closed["name"].startswith("Completed (reconciled"), closed


@nightly
def test_watchdog_and_gateway_work_on_while_the_server_cannot_start_and_it_is_tried_again(make):
    def made_a_folder(path: Path) -> None:
        path.unlink()
        path.mkdir()

    house = make(before=made_a_folder).wait_until_up()
    assert "nothing runs by itself" in house.said() and "is a folder" in house.said()
    watchdog, gateway = house.find("--tied"), house.find("pxcore.paper")
    assert "is a folder" in house.px("status").stderr
    assert house.is_flat() and house.px("flatten", "--yes").returncode == 0
    assert set_aside(house) == []
    (Paths(house.home).prefect / "prefect.db").rmdir()
    until(lambda: is_at_work(house), within_s=patience(90), what="scheduled")
    assert watchdog.is_running() and gateway.is_running()
    assert house.ended(house.start("sweep"))["name"] == "Completed (nothing to do)"


@nightly
def test_port_that_another_program_took_meanwhile_is_named_and_waited_for(make):
    port = free_port()
    house = make("--port", str(port), before=left).wait_until_up()
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_killed(house, lambda: (other.bind(("127.0.0.1", port)), other.listen()))
        words = f"another program listens on port {port} of 127.0.0.1"
        until(lambda: words in house.said(), what="named")
        until(lambda: words in house.px("status").stderr, what="px status names it")
    until(lambda: answers(house), within_s=patience(60), what="its server is back")
    until(lambda: house.px("status").returncode == 0, what="px status has nothing to say")


@nightly
def test_port_of_our_own_choice_that_another_program_took_is_left_for_another_one(make):
    house = make(before=left).wait_until_up()
    before = house.ui
    port = int(before.rpartition(":")[2])
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_killed(house, lambda: (other.bind(("127.0.0.1", port)), other.listen()))
        until(lambda: house.ui != before, what="another address")
        house.forget_server()
        until(lambda: is_at_work(house), within_s=patience(90), what="scheduled there")
        assert house.ui in house.said()
        assert house.ended(house.start("sweep"))["name"] == "Completed (nothing to do)"
