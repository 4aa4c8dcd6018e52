"""Grown up: Prefect and our store on PostgreSQL, a work pool, two workers with homes of their own.

Two accounts trade at once; one of the two machines dies in mid-session. Both accounts end flat.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import postgres
import psutil
import pytest
import requests
import wording
from house import FINAL, HOLDS, until
from patience import patience

from pxcore.cli.market import choose_market
from pxcore.cli.orchestrator import HEARTBEAT_EVERY_S, free_port, px_environ
from pxcore.cli.paper import Paper
from pxcore.config.paths import Paths
from pxcore.store.database import Store
from pxcore.store.live.leases import read_leases

pytestmark = [
    pytest.mark.process,
    pytest.mark.services,
    pytest.mark.e2e,
]

AUTH = "px:secret-of-this-test"
PYTHON = sys.executable


class Cluster:
    """Server, pool and workers, each process of its own session, in one folder."""

    def __init__(self, folder: Path, database: str, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._port = free_port()
        self._database = postgres.new_database(database, "prefect")
        self.store_url = postgres.new_database(database, "px")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = tuple(AUTH.split(":"))  # type: ignore[assignment]
        self.papers: dict[str, Paper] = {}

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    def environ(self, machine: str) -> dict[str, str]:
        settings = HOLDS | {
            "PX_HOME": str(self.folder / machine / "home"),
            "PX_DATABASE_URL": self.store_url,
        }
        asyncpg = self._database.replace("postgresql://", "postgresql+asyncpg://")
        kept = {n: v for n, v in os.environ.items() if not n.startswith("PREFECT_")}
        return px_environ(kept, settings) | {
            "PREFECT_HOME": str(self.folder / machine / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_API_AUTH_STRING": AUTH,
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": asyncpg,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
        }

    def start(self, machine: str, name: str, *command: str) -> psutil.Process:
        cwd = self.folder / machine
        cwd.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{machine}-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [PYTHON, "-m", *command],
                cwd=cwd,
                env=self.environ(machine),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        found = psutil.Process(process.pid)
        self._stack.callback(_end, process)
        return found

    def run(self, machine: str, *command: str, **settings: str) -> str:
        done = subprocess.run(
            [PYTHON, "-m", *command],
            cwd=self.folder / machine,
            env=self.environ(machine) | settings,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def said(self, machine: str) -> str:
        """The ends of its logs, for a day that did not end as it should."""
        logs = [*self.folder.glob(f"{machine}-*.log"), *(self.folder / machine).rglob("*.log")]
        return "\n".join(f"-- {log}\n{log.read_text()[-4000:]}" for log in logs)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self.api}/{path}", json=body, timeout=patience(5))
        answer.raise_for_status()
        return answer.json()

    def is_well(self) -> bool:
        try:
            return self._session.get(f"{self.api}/health", timeout=patience(2)).ok
        except requests.RequestException:
            return False

    def phases(self) -> dict[str, str]:
        """What each session says of itself in the shared store, by its place."""
        with closing(Store(self.store_url)) as store:
            return {one.place: one.phase for one in read_leases(store) if one.is_held}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it started; sessions lead groups of their own and have flattened."""
    try:
        left = [*psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        left = []
    process.terminate()
    try:
        process.wait(patience(15))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(patience(5))
    _, alive = psutil.wait_procs(left, timeout=patience(20))
    for one in alive:
        one.kill()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        database = stack.enter_context(postgres.server())
        made = Cluster(tmp_path, database, stack)
        lines = []
        for number, label in enumerate(("one", "two")):
            market = choose_market(None, symbol="MNQ", seed=11 + number, lead_s=1.0, window_s=600)
            paths = Paths(tmp_path / f"paper-{label}")
            paths.logs.mkdir(parents=True)
            paper = Paper(
                paths, market, seed=11 + number, port=0, file=None, account_id=20_000_001 + number
            )
            stack.callback(paper.end)
            paper.wait_until_listening()
            made.papers[label] = paper
            own = {n: v for n, v in paper.settings().items() if n != "PX_ACCOUNT_ID"}
            listed = ", ".join(f"{n} = {json.dumps(v)}" for n, v in own.items())
            lines.append(
                f"[[account]]\nid = {paper.account_id}\nlabel = {label!r}\n"
                f"settings = {{ {listed} }}\n"
            )
        for machine in ("one", "two", "server"):
            home = tmp_path / machine / "home"
            home.mkdir(parents=True)
            (home / "accounts.toml").write_text("\n".join(lines))
        yield made


def test_two_accounts_on_two_machines_end_flat_though_one_machine_dies(cluster):
    cluster.start("server", "prefect", "prefect", "server", "start", "--port", str(cluster._port))
    until(cluster.is_well, within_s=patience(30), what="the server on PostgreSQL answers")
    refused = requests.Session()
    refused.trust_env = False
    assert refused.post(f"{cluster.api}/deployments/filter", json={}).status_code == 401
    told = cluster.run("server", "pxcore.cli", "deploy", "--pool", "trading")
    assert "prefect worker start --pool trading --work-queue one" in told
    workers = {
        name: cluster.start(
            name,
            "worker",
            "prefect",
            *("worker", "start", "--pool", "trading", "--work-queue", name, "--type", "process"),
        )
        for name in ("one", "two")
    }
    runs = {}
    for name in workers:
        (found,) = cluster.ask(
            "POST",
            "deployments/filter",
            {"deployments": {"name": {"any_": [f"trading-day-{name}"]}}},
        )
        assert found["work_queue_name"] == name
        parameters = {"run": {**found["parameters"]["run"], "window": {"minutes": 30}}}
        made = cluster.ask(
            "POST",
            f"deployments/{found['id']}/create_flow_run",
            {"parameters": parameters, "state": {"type": "SCHEDULED"}},
        )
        runs[name] = made["id"]
    until(
        lambda: sorted(cluster.phases().values()) == ["protected", "protected"],
        within_s=patience(60),
        what="both accounts hold a protected position",
    )
    beating = workers["two"].children(recursive=True)
    assert {p.environ().get("PREFECT_FLOWS_HEARTBEAT_FREQUENCY") for p in beating} == {
        str(HEARTBEAT_EVERY_S)
    }
    dying = [workers["one"], *workers["one"].children(recursive=True)]
    for process in dying:
        if "pxcore.session.process" not in " ".join(process.cmdline()):
            process.kill()
    until(
        lambda: len(cluster.phases()) == 1,
        within_s=patience(30),
        what="the first session has ended",
    )
    assert cluster.papers["one"].is_flat()
    assert not cluster.papers["two"].is_flat(), "the other machine's goes on"

    told = cluster.run("two", "pxcore.cli", "flatten", "--yes", **cluster.papers["two"].settings())
    assert wording.ASKED_TO_END in told

    def other() -> dict[str, Any] | None:
        state = cluster.ask("GET", f"flow_runs/{runs['two']}")["state"]
        return state if state["type"] in FINAL else None

    state = until(other, within_s=patience(60), what="the second day is over")
    assert state["name"].startswith("Completed (flat"), (state, cluster.said("two"))
    assert cluster.papers["two"].is_flat()
