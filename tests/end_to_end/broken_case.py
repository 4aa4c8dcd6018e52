"""`python broken_case.py ROW ACTOR FOLDER`: one cell of the matrix of what is broken, as JSON.

A paper gateway and a session that holds a protected position, as real processes. Then something
breaks, and somebody acts. Said is what became of the account, by the gateway's own record.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import postgres
from broken_disks import BROKEN, disk_of_its_own, freeze, thaw
from crash_case import ACCOUNT, SESSION, Paper, Victim, planned, start_again, wait_for
from patience import patience

from pxcore.config.paths import Paths
from pxcore.config.settings import Settings, load_settings
from pxcore.engine.commands import PlaceEntry
from pxcore.engine.events import Ask
from pxcore.gateway.rest import Budget, SharedLedger
from pxcore.gateway.rest.budget import Urgency
from pxcore.gateway.rest.outgoing import place_entry
from pxcore.gateway.wire.endpoints import Lane
from pxcore.host.spawn import end, spawn
from pxcore.model import Bracket, PxError, Side
from pxcore.store.database import Store
from pxcore.store.live.leases import read_watchdogs
from pxcore.venue.connect import connect

WAIT_S = patience(60)  # a session that hangs is killed after 20 s, a child of one after 10 s more
STARTS_APART_S = 5.0  # a start asks urgently, and what is urgent is counted
REFUSES_S = 6.0  # of the market: so long the venue answers 429


POSTGRES = "PostgreSQL stopped"
FROZEN = "disk stands still"  # as for a snapshot of it: whatever is open on it stands still, too


class Scene:
    """The gateway, the settings of everybody, and whoever was started."""

    def __init__(self, folder: Path, *, has_postgres: bool, has_own_disk: bool = False) -> None:
        self.folder = folder
        self.postgres = ExitStack()
        self.cleared = ExitStack()
        if has_postgres:
            server = self.postgres.enter_context(postgres.server())
            SESSION["PX_DATABASE_URL"] = postgres.new_database(server, "px")
        self.home = folder / "home"
        self.home.mkdir()
        if has_own_disk:
            self.cleared.enter_context(disk_of_its_own(self.home))
        self.paper = Paper(folder)
        self.settings = self._configure()
        self.notices: list[Any] = []
        self.plan = planned(self.settings, self.notices)
        self.victim: Victim | None = None
        self.ignored: str | None = None  # a contract that somebody else trades
        self.others: list[subprocess.Popen[str]] = []

    def _configure(self) -> Settings:
        os.environ.update(self.paper.settings | SESSION | {"PX_HOME": str(self.home)})
        return load_settings()

    def hold(self, *, has_flow: bool) -> None:
        """A session, with a flow above it or without one, whose position is protected."""
        victim = Victim(self.plan, self.settings, has_flow=has_flow)
        self.victim = victim
        wait_for(lambda: "phase.protected" in victim.codes, "protection")

    @property
    def session(self) -> Victim:
        assert self.victim is not None
        return self.victim

    def freeze(self) -> None:
        os.kill(self.session.pid, signal.SIGSTOP)

    def start(self, *arguments: str, stdout: Path | None = None) -> "subprocess.Popen[str]":
        """`px` with these; its output goes to a file, or where it is told."""
        name = arguments[0]
        made = spawn(
            "pxcore.cli",
            *arguments,
            stdout=stdout or self.folder / f"{name}.out",
            stderr=stdout or self.folder / f"{name}.err",
            cwd=self.folder,
        )
        self.others.append(made)
        return made

    def is_flat(self) -> bool:
        """In all but what is ignored; and that is held still."""
        account = self.paper.account()
        left = [row["contractId"] for row in (*account["positions"], *account["orders"])]
        return set(left) == ({self.ignored} if self.ignored else set())

    def close(self) -> None:
        thaw(self.home)  # who waits there cannot be killed before
        if self.victim is not None:
            self.victim.kill_all()
        for process in self.others:
            end(process, patience=(1.0, patience(20), patience(5)))
        end(self.paper.process, patience=(patience(20), patience(5), patience(5)))
        self.postgres.close()
        self.cleared.close()


# -- what breaks -----------------------------------------------------------------------------------


def _arm(**fault: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.paper.post("faults", [fault])


def _store_garbage(scene: Scene) -> None:
    for one in scene.home.glob("px.sqlite*"):
        one.write_bytes(b"no database " * 4096)


def _store_deleted(scene: Scene) -> None:
    for one in scene.home.glob("px.sqlite*"):
        one.unlink()


def _journal_hostile(scene: Scene) -> None:
    """Too deep, no file, no text, and one that whoever opens it may wait for."""
    journals = Paths(scene.home).journals
    day = f"{scene.plan.trading_day:%Y%m%d}"
    deep, folder, odd, pipe = (journals / f"px-{day}-00000{n}-odd.jsonl" for n in range(4))
    deep.write_bytes(b"[" * 200_000 + b"\n")
    folder.mkdir()
    odd.write_bytes(bytes(range(256)) * 64)
    os.mkfifo(pipe)
    for one in (deep, odd, pipe):  # whoever verifies journals afterwards finds none of them
        scene.cleared.callback(one.unlink)
    scene.cleared.callback(folder.rmdir)


def _another_contract(scene: Scene) -> None:
    """Somebody else holds one, under a bracket of his own."""
    quote = {"contract": "ES", "bid": "6000.00", "ask": "6000.25"}
    scene.paper.post("script", {"steps": [quote]})
    client = connect(scene.settings)
    contract = client.resolve_contract("ES")
    entry = PlaceEntry(
        tag="theirs",
        contract_id=contract.id,
        side=Side.BUY,
        size=1,
        bracket=Bracket(stop_loss_ticks=400, take_profit_ticks=400),
        reason="theirs",
    )
    client.instruct(place_entry(ACCOUNT, entry, contract))
    wait_for(lambda: len(scene.paper.account()["orders"]) == 4, "the other's bracket", WAIT_S)
    scene.ignored = contract.id


def _requests_used_up(scene: Scene) -> None:
    for file in (scene.home / "budget").glob("*.json"):
        budget = Budget(SharedLedger(file))
        for lane in Lane:
            while budget.take(lane, Urgency.NORMAL) == 0:
                continue


def _freeze(scene: Scene) -> None:
    freeze(scene.home)


@contextmanager
def broken(row: str, scene: Scene) -> Iterator[None]:
    if row in DISKS:
        with BROKEN[DISKS[row]](scene.home):
            yield
        return
    BREAKS[row](scene)
    yield


DISKS = {
    "disk full": "full",
    "disk read-only": "read-only",
    "disk fails": "failing",
    "disk hangs": "hanging",
    "home deleted": "deleted",
}
BREAKS: dict[str, Callable[[Scene], None]] = {
    "store garbage": _store_garbage,
    "store deleted or replaced": _store_deleted,
    POSTGRES: lambda scene: scene.postgres.close(),
    "journal hostile": _journal_hostile,
    "output closed or full": lambda scene: None,
    "session hung": lambda scene: scene.freeze(),
    "session killed, its children live": lambda scene: None,
    "request count used up": _requests_used_up,
    "venue answers 429": _arm(
        fault="http_error", path="/api/*", status=429, count=None, until_s=REFUSES_S
    ),
    FROZEN: _freeze,
    "another contract is ignored": _another_contract,
    "look contradicts itself": _arm(
        fault="list_withheld", path="/api/Position/searchOpen", count=None
    ),
}
ROWS = (*DISKS, *BREAKS)


# -- who acts --------------------------------------------------------------------------------------


def _session(row: str, scene: Scene) -> None:
    with broken(row, scene):
        scene.session.ask(Ask.STOP)
        wait_for(scene.is_flat, "flat", WAIT_S)


def _flow(row: str, scene: Scene) -> None:
    with broken(row, scene):
        if row != "session hung":
            scene.session.kill()
        wait_for(scene.is_flat, "flat", WAIT_S)


def _watchdog(row: str, scene: Scene) -> None:
    scene.start("watchdog", "--tied", stdout=_output(row))
    wait_for(lambda: _is_watched(scene), "a watchdog", WAIT_S)
    with broken(row, scene):
        if row != "session hung":
            scene.session.kill()
        wait_for(scene.is_flat, "flat", WAIT_S)


def _flatten(row: str, scene: Scene) -> None:
    if "killed" in row:
        scene.session.kill()
    with broken(row, scene):
        scene.start("flatten", "--yes", stdout=_output(row))
        wait_for(scene.is_flat, "flat", WAIT_S)


def _kill_on(row: str, scene: Scene) -> None:
    with broken(row, scene):
        scene.start("kill", "on", "--reason", "rehearsal", stdout=_output(row))
        wait_for(scene.is_flat, "flat", WAIT_S)


def _next_start(row: str, scene: Scene) -> None:
    """As the schedule does it: a start that was refused is tried again, while there is time."""
    scene.session.kill()
    scene.session.join()

    def is_flat_by_a_start() -> bool:
        try:
            start_again(scene.settings, scene.notices)
        except PxError as error:
            scene.notices.append(error)
            threading.Event().wait(STARTS_APART_S)
        return scene.is_flat()

    with broken(row, scene):
        wait_for(is_flat_by_a_start, "flat", WAIT_S)


def _refused_start(row: str, scene: Scene) -> str:
    """Why the next start is none."""
    if row != "session hung":
        scene.session.kill()
        scene.session.join()
    with broken(row, scene):
        try:
            return f"it ended with {start_again(scene.settings, scene.notices).reason}"
        except (PxError, OSError) as error:
            return f"refused: {type(error).__name__}: {error}"


def _output(row: str) -> Path | None:
    return Path("/dev/full") if row.startswith("output") else None


def _is_watched(scene: Scene) -> bool:
    url = os.environ.get("PX_DATABASE_URL") or f"sqlite:///{scene.home}/px.sqlite"
    with closing(Store(url)) as store:
        return bool(read_watchdogs(store, ACCOUNT))


ACTORS: dict[str, Callable[[str, Scene], None]] = {
    "session": _session,
    "its flow": _flow,
    "watchdog": _watchdog,
    "`px flatten`": _flatten,
    "`px kill on`": _kill_on,
    "next start": _next_start,
}
# Where nobody is flat by that, and why.
_NO_HOME = "refused: without its home nothing begins; the watchdog and `px flatten` close it"
REASONS = {
    ("session hung", "session"): "it is what hangs",
    ("session hung", "`px kill on`"): "heard when it wakes; its flow and the watchdog flatten",
    ("session hung", "next start"): "refused while it lives",
    ("session killed, its children live", "session"): "it is what was killed",
    ("session killed, its children live", "`px kill on`"): "no session is there to hear it",
    **{(row, "next start"): _NO_HOME for row in DISKS},
    ("disk hangs", "next start"): "hangs with the disk, and is named by who started it",
}


def run(row: str, actor: str, folder: Path) -> dict[str, Any]:
    """When it was flat after it broke, and how many fills there were; or why there is no start."""
    os.chdir(folder)
    if "children" in row:
        SESSION["PX_STRATEGY"] = "forks:Forks"
    if "ignored" in row:
        SESSION["PX_FOREIGN"] = "ignore"
    scene = Scene(folder, has_postgres=row == POSTGRES, has_own_disk=row == FROZEN)
    try:
        scene.hold(has_flow=actor == "its flow")
        if (row, actor) in REASONS:
            why = _refused_start(row, scene)
            return {"refused": why, "is_naked": scene.paper.is_naked, "is_flat": scene.is_flat()}
        begun = time.monotonic()
        ACTORS[actor](row, scene)
        return {
            "flat_s": round(time.monotonic() - begun, 1),
            "fills": scene.paper.account()["fills"] - bool(scene.ignored),
        }
    finally:
        scene.close()


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], Path(sys.argv[3]))), flush=True)
    os._exit(0)  # a thread may wait for a disk that hangs
