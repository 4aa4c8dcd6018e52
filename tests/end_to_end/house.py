"""A whole `px up` for tests: in a folder of its own, steered as the UI and a person would."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import psutil
import requests
from patience import patience
from shared_prefect import begin_with
from typer.testing import CliRunner

from pxcore.cli.app import app
from pxcore.cli.orchestrator import px_environ
from pxcore.cli.prefect_session import PrefectSession
from pxcore.clock.published import PublishedClock
from pxcore.config.paths import Paths
from pxcore.gateway.rest import Budget, GatewayClient, SharedLedger
from pxcore.ownership.holders import holder_of
from pxcore.ownership.home_lock import household_of
from pxcore.store.database import Store
from pxcore.store.live.kill import read_kill_latch

_READY = re.compile(r"^\d\d:\d\d:\d\d ready$", re.MULTILINE)  # the last line of a start
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
UNKNOWN_GRACE_S = "5"  # an order of a session that died is waited for, for so long
# One trade, held until something ends the session; no limit of the day is in the way of the next.
HOLDS = {
    "PX_STRATEGY": "timed-entry",
    "PX_STRATEGY_PARAMS": '{"every_s": 2}',
    "PX_STOP_LOSS_TICKS": "900",
    "PX_TAKE_PROFIT_TICKS": "900",
    "PX_LOSS_USD_MAX": "50000",
    "PX_TRADES_MAX": "1000",
    "PX_COOLDOWN_S": "0",
    "PX_RESTARTS_MAX": "0",
    "PX_UNKNOWN_GRACE_S": UNKNOWN_GRACE_S,
    "PX_WINDOW_START": "08:00",  # the paper market begins at 08:29
}
_USUAL_UNITS = 30  # for what takes some seconds: a process starts, a session flattens
_LOOK_EVERY_S = 0.15
_never = threading.Event()


def until(is_so: Callable[[], Any], *, within_s: float | None = None, what: str = "") -> Any:
    """What it came to, once it is so."""
    bound_s = patience(_USUAL_UNITS) if within_s is None else within_s
    began = time.monotonic()
    while (found := is_so()) is None or found is False:
        took_s = time.monotonic() - began
        assert took_s < bound_s, f"not so within {bound_s:g} s: {what or is_so}"
        _never.wait(_LOOK_EVERY_S)
    return found


def kill_at_once(*processes: psutil.Process) -> None:
    """None of them sees another one end: all stand still before the first is killed."""
    for process in processes:
        process.suspend()
    for process in processes:
        process.kill()


class House:
    """`px up` as a process of its own session, so that its end is only what a test makes of it."""

    living: ClassVar[list["House"]] = []

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *arguments: str,
        database: Path | None = None,
        python: Path = Path(sys.executable),
    ) -> None:
        """With a `database` its server begins with a copy of that, and makes no tables first.
        `python` is of the environment whose px it is.
        """
        self.folder = folder
        self.home = folder / "home"
        self.log = folder / "up.log"
        self.environ = px_environ(os.environ, {"PX_HOME": str(self.home), **settings})
        self._command = [python, "-m", "pxcore.cli", "up", "--port", "0", *arguments]
        self._prefect: PrefectSession | None = None
        self._client: GatewayClient | None = None
        if database is not None:
            begin_with(database, Paths(self.home))
        self.process = self._started()
        House.living.append(self)

    def _started(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as out:
            return subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def restart(self) -> None:
        """Anew, over what the last one left in the home folder."""
        assert self.process.poll() is not None
        if self._client is not None:
            self._client.close()
            self._client = None
        self._prefect = None
        self.log.unlink()
        self.process = self._started()
        self.wait_until_up()

    def wait_until_up(self) -> "House":
        until(self._is_up, within_s=patience(90), what="px up is up")  # what hangs, it says itself
        return self

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.said()
        said = self.said()
        return _READY.search(said) is not None or "\nnext     nothing runs" in said

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def last_words(self) -> str:
        """The ends of all its logs, for what did not come about."""
        logs = [self.log, *sorted((self.home / "logs").glob("*.log"))]
        return "\n".join(
            f"-- {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
            for log in logs
        )

    @property
    def ui(self) -> str:
        there = household_of(self.home)
        assert there is not None
        return there.ui

    @property
    def prefect(self) -> PrefectSession:
        if self._prefect is None:
            self._prefect = PrefectSession(self.ui, Paths(self.home))
        return self._prefect

    def forget_server(self) -> None:
        """It listens elsewhere now."""
        self._prefect = None

    # -- Prefect, as its UI does it ---------------------------------------------------------------

    def get(self, path: str) -> Any:
        return self._asked("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._asked("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self._asked("PATCH", path, body)

    def _asked(self, method: str, path: str, body: Any) -> Any:
        """Again after a 503, with which Prefect answers while its SQLite is locked: it has done
        nothing then, and its own clients ask again.
        """

        def answered() -> requests.Response | None:
            answer = self.prefect.ask(method, f"/api/{path}", body, timeout_s=patience(30))
            return None if answer.status_code == 503 else answer

        answer = until(answered, what=f"{method} {path}")
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> Any:
        (found,) = self.post("deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        return found

    def runs_of(self, name: str) -> set[str]:
        """The ids of all its flow runs, those to come among them."""
        wanted = {"flow_runs": {"deployment_id": {"any_": [self.deployment(name)["id"]]}}}
        return {run["id"] for run in self.post("flow_runs/filter", wanted)}

    def start(
        self, name: str, parameters: Mapping[str, Any] | None = None, *, state: str = "SCHEDULED"
    ) -> str:
        """As the Run button: the id of the flow run. PENDING, and it looks like one that a runner
        has taken.
        """
        made = self.post(
            f"deployments/{self.deployment(name)['id']}/create_flow_run",
            {"parameters": parameters or {}, "state": {"type": state}},
        )
        return str(made["id"])

    def state(self, run_id: str) -> dict[str, Any]:
        return dict(self.get(f"flow_runs/{run_id}")["state"])

    def ended(self, run_id: str, *, within_s: float | None = None) -> dict[str, Any]:
        """Its last state."""

        def final() -> dict[str, Any] | None:
            try:
                state = self.state(run_id)
            except requests.RequestException:
                return None
            return state if state["type"] in FINAL else None

        return dict(until(final, within_s=within_s or patience(60), what=f"run {run_id} is over"))

    def set_state(self, run_id: str, kind: str, *, force: bool = False) -> None:
        self.post(f"flow_runs/{run_id}/set_state", {"state": {"type": kind}, "force": force})

    def parts_of(self, run_id: str) -> list[dict[str, Any]]:
        """The runs of its own that a run has started."""
        wanted = {"flow_runs": {"parent_flow_run_id": {"any_": [run_id]}}}
        return list(self.post("flow_runs/filter", wanted))

    def task_states(self, run_id: str) -> list[str]:
        wanted = {"flow_runs": {"id": {"any_": [run_id]}}}
        return [one["state_type"] for one in self.post("task_runs/filter", wanted)]

    # -- the account, as a person would look at it ------------------------------------------------

    @property
    def facts(self) -> dict[str, Any]:
        told = msgspec.json.decode((self.home / "paper.json").read_bytes())
        return dict(told["gateways"][str(told["first"])])

    def is_flat(self) -> bool:
        facts = self.facts
        clock = PublishedClock(Path(facts["paper_clock"]))
        if self._client is None:
            self._client = GatewayClient(
                base_url=facts["paper_url"],
                username="paper",
                api_key=facts["paper_key"],
                connect_timeout_s=patience(1),
                reply_timeout_s=patience(2),
                clock=clock,
            )
        return self._client.snapshot(facts["account_id"], day_start=clock.now()).is_flat

    def holder(self) -> str | None:
        return holder_of(self.home, self.facts["account_id"])

    def wait_for_requests(self, count: int = 80) -> None:
        """Until so many are free: days that end and begin within a minute use them up."""
        files = (Paths(self.home).home / "budget").glob("*.json")
        budgets = [Budget(SharedLedger(file)) for file in files]

        def are_free() -> bool:
            return all(budget.left()[0].normal >= count for budget in budgets)

        until(are_free, within_s=patience(60), what=f"{count} requests are free")

    def holding(self) -> str:
        """Once a session is protected: its id."""
        try:
            until(self._is_protected, within_s=patience(60), what="a protected position")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.last_words()}") from None
        return str(self.holder()).split()[0]

    def _is_protected(self) -> bool:
        holder = self.holder()
        if holder is None:
            return False
        log = self.home / "logs" / f"{holder.split()[0]}.log"
        return log.exists() and "phase.protected" in log.read_text(encoding="utf-8")

    def released(self) -> None:
        """Once nobody holds the account any more; it is flat then."""
        until(lambda: self.holder() is None, what="the account is let go of")
        assert self.is_flat()

    def goes_on_for(self, seconds: float) -> None:
        """Whatever is under way there: so long is what the product itself says that it takes."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"px up has ended: {self.said()}")

    def px(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pxcore.cli", *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def px_here(self, *arguments: str) -> int:
        """The same without a process of its own: for what a test needs and does not judge. Its
        status.
        """
        ours = {n: None for n in os.environ if n.startswith("PX_")}
        wanted = {n: v for n, v in self.environ.items() if n.startswith("PX_")}
        return CliRunner().invoke(app, arguments, env={**ours, **wanted}).exit_code

    def forgive(self) -> None:
        """For the next test: what the one before has latched is let go of."""
        with self.store() as store:
            is_killed = read_kill_latch(store) is not None or (self.home / "KILL").exists()
        if is_killed:
            assert self.px_here("kill", "off", "--reason", "test over", "--yes") == 0
        rearm = ("rearm", "--halt", "--reason", "test over", "--yes")
        until(lambda: self.px_here(*rearm) == 0, what="nobody has the account, and it is re-armed")

    def store(self) -> Any:
        return closing(Store(f"sqlite:///{self.home}/px.sqlite"))

    # -- its processes ----------------------------------------------------------------------------

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def family(self) -> list[psutil.Process]:
        """Itself, and all that it has started; nobody once it is over."""
        try:
            return [psutil.Process(self.process.pid), *self.tree()]
        except psutil.NoSuchProcess:
            return []

    def find(self, *words: str) -> psutil.Process:
        """The one process of the house whose command line has all these words."""
        found = self.seek(*words)
        assert found is not None, words
        return found

    def seek(self, *words: str) -> psutil.Process | None:
        found = [p for p in self.tree() if all(w in _command(p) for w in words)]
        return found[-1] if found else None

    def session_process(self) -> psutil.Process:
        return psutil.Process(int(str(self.holder()).rsplit("process ", 1)[1].rstrip(")")))

    def flow_process(self) -> psutil.Process:
        parent = self.session_process().parent()
        assert parent is not None
        return parent

    def end(self) -> None:
        """Whatever a test left of it is stopped, and gone."""
        House.living.remove(self)
        if self._client is not None:
            self._client.close()
        left = (
            [*self.tree(), psutil.Process(self.process.pid)] if self.process.poll() is None else []
        )
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(patience(60))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(patience(5))
        _, alive = psutil.wait_procs(left, timeout=patience(30))
        for process in alive:
            process.kill()
        assert not alive, [_command(p) for p in alive]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
