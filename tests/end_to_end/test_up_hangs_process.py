"""One `px up` whose processes hang: each is ended and restarted, and a person is told."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from alert_receiver import Receiver, receiving
from house import HOLDS, House, until
from needs import nightly
from patience import patience

from pxcore.host.starting import HANG_UNITS

pytestmark = [
    pytest.mark.process,
    pytest.mark.e2e,
    pytest.mark.xdist_group("px up, hangs"),
]

STOOD_STILL_S = 1.5 * HANG_UNITS  # longer than any of them may be silent
SERVER, RUNNER = "Prefect's server", "runner sessions"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def house(
    prefect_database: Path, tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[House]:
    settings = {**HOLDS, "PX_ALERT_URLS": receiver.url}
    made = House(tmp_path_factory.mktemp("up"), settings, database=prefect_database)
    try:
        yield made.wait_until_up()
    finally:
        made.end()


def stopped(house: House, *words: str) -> psutil.Process:
    """It takes connections, answers nothing, and heeds no signal but one."""
    process = house.find(*words)
    process.send_signal(signal.SIGSTOP)
    return process


def replaced(house: House, old: psutil.Process, *words: str) -> bool:
    new = house.seek(*words)
    return is_gone(old) and new is not None and new.pid != old.pid


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_server_gateway_and_watchdog_that_hang_are_replaced_and_told(house, receiver):
    """A whole machine cannot be stopped here: these stand still, and `px up` goes on."""
    gateway = "paper gateway of 20000001"
    words = {SERVER: ("deployments.server",), "watchdog": ("--tied",), gateway: ("pxcore.paper",)}
    old = {SERVER: stopped(house, *words[SERVER])}
    until(lambda: f"{SERVER} has not answered" in house.px("status").stderr, what="px status says")
    old |= {name: stopped(house, *words[name]) for name in ("watchdog", gateway)}
    for name, said in words.items():
        until(
            lambda name=name, said=said: replaced(house, old[name], *said),
            within_s=patience(90),
            what=f"{name} is replaced",
        )
        told = f"{name} has not answered for"
        until(lambda told=told: told in house.said(), what=f"{name} is told")
        assert house.said().count(told) == 1
    wanted = sorted(f"px up: {name} did not answer" for name in words)
    alerts: list[str] = []
    while len(alerts) < len(wanted):
        title = receiver.next()["title"]
        if not title.startswith("px: no watchdog"):  # true meanwhile, and told where it takes long
            alerts.append(title)
    assert sorted(alerts) == wanted
    until(lambda: house.px("status").returncode == 0, what="all of them answer")
    assert house.is_flat() and "restarted" in house.px("status").stdout
    assert f"{SERVER} has not answered for" in house.px("preflight", "--json").stdout


@nightly
def test_runner_that_hangs_is_replaced_and_the_session_on_it_trades_on(house, held):
    holder = house.holder()
    tether = house.find("host.tether", "serve", "sessions")
    runner = next(p for p in tether.children() if "sessions" in " ".join(p.cmdline()))
    runner.send_signal(signal.SIGSTOP)
    until(
        lambda: replaced(house, tether, "host.tether", "serve", "sessions"),
        within_s=patience(90),
        what="another runner",
    )
    assert is_gone(runner) and f"{RUNNER} has not answered for" in house.said()
    assert house.holder() == holder and not house.is_flat()
    house.set_state(held, "CANCELLING")
    house.released()
    assert house.ended(held)["type"] == "CANCELLED"


def test_px_up_that_stood_still_itself_blames_nobody(house):
    """As when the machine slept: what it finds afterwards has its whole time anew."""
    family = [psutil.Process(house.process.pid), *house.tree()]
    before = house.said().count("has not answered")
    for process in family:
        process.send_signal(signal.SIGSTOP)
    house.goes_on_for(STOOD_STILL_S)
    for process in reversed(family):
        process.send_signal(signal.SIGCONT)
    until(lambda: house.px("status").returncode == 0, what="px status")
    assert house.said().count("has not answered") == before
