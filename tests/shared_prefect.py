"""One Prefect server a run, for every test that neither kills it nor changes its settings.

Whoever needs it first starts it for all workers of pytest-xdist; the process that runs the tests
ends it when all are over. A process of its own keeps it (`keep`): until it is told to end, or until
the one that runs the tests is gone, whatever ended that.
"""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import psutil
import pytest
import requests
from patience import patience

from pxcore.cli.orchestrator import free_port, start_server
from pxcore.config.paths import Paths
from pxcore.host.spawn import end

_START_UNITS = 60  # from nothing, while other workers start their own things
_END_UNITS = 20
_LOOK_EVERY_S = 0.25
_KNOWN_BLOCKS = "memo_store.toml"  # beside its database
_TESTS = Path(__file__).resolve().parent
# The folder of the tests comes last: there is a `pxcore` in it, too.
_KEEP = f"""
import sys
sys.path += [{str(_TESTS.parent)!r}, {str(_TESTS)!r}]
from shared_prefect import keep
keep(sys.argv[1], port=int(sys.argv[2]), owner=int(sys.argv[3]))
"""


class Kept(msgspec.Struct, frozen=True):
    """The state file: the process that keeps it, and where it listens."""

    keeper: int
    port: int


def run_folder(config: pytest.Config) -> Path:
    """The temporary folder that all workers of this run have in common."""
    own: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return own.parent if hasattr(config, "workerinput") else own


def shared_prefect(config: pytest.Config) -> tuple[Paths, int]:
    """Its folders and its port, once it answers. What a test makes there has names of its own."""
    folder = run_folder(config)
    paths = Paths(folder / "prefect-of-all")
    with (folder / "prefect-of-all.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = _kept(folder)
        if kept is None:
            kept = _started(folder, os.getppid() if hasattr(config, "workerinput") else os.getpid())
        _wait_for(kept, paths.logs / "prefect-server.log")
        if not _new_database(folder).exists():
            if (known := paths.prefect / _KNOWN_BLOCKS).exists():
                shutil.copy(known, folder)
            _copy(paths.prefect / "prefect.db", _new_database(folder))
    return paths, kept.port


def database_of_a_new_server(config: pytest.Config) -> Path:
    """As it was before the first test used it: its tables, and nothing in them of ours."""
    shared_prefect(config)
    return _new_database(run_folder(config))


def begin_with(database: Path, paths: Paths) -> None:
    """A server of this home will find its tables made, and its kinds of blocks known."""
    for folder in (paths.home, paths.prefect):
        folder.mkdir(mode=0o700)
    shutil.copy(database, paths.prefect / "prefect.db")
    if (known := database.with_name(_KNOWN_BLOCKS)).exists():
        shutil.copy(known, paths.prefect)


def _new_database(folder: Path) -> Path:
    return folder / "prefect-new.db"


def _copy(database: Path, there: Path) -> None:
    """Of one that is in use: SQLite's own way to copy."""
    half = there.with_suffix(".half")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(half)) as target:
        source.backup(target)
    half.rename(there)


def end_shared_prefect(config: pytest.Config) -> None:
    """For the one process that has seen all workers end; nothing where nobody needed a server."""
    kept = None if hasattr(config, "workerinput") else _kept(run_folder(config))
    if kept is None:
        return
    try:
        keeper = psutil.Process(kept.keeper)
        family = [keeper, *keeper.children(recursive=True)]
        keeper.terminate()
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs(family, timeout=patience(_END_UNITS))
    for process in alive:
        process.kill()


def _kept(folder: Path) -> Kept | None:
    try:
        return msgspec.json.decode((folder / "prefect-of-all.json").read_bytes(), type=Kept)
    except OSError:
        return None


def _started(folder: Path, owner: int) -> Kept:
    port = free_port()
    given = (str(folder / "prefect-of-all"), str(port), str(owner))
    with (folder / "prefect-of-all.err").open("wb") as errors:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-c", _KEEP, *given],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,  # a Ctrl-C is for the tests, which still need it to end
        )
    kept = Kept(keeper=keeper.pid, port=port)
    (folder / "prefect-of-all.json").write_bytes(msgspec.json.encode(kept))
    return kept


def _wait_for(kept: Kept, log: Path) -> None:
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(round(patience(_START_UNITS) / _LOOK_EVERY_S)):
            try:
                if session.get(f"http://127.0.0.1:{kept.port}/api/health", timeout=patience(1)).ok:
                    return
            except requests.RequestException:
                assert _is_alive(kept.keeper), f"Prefect's server has ended; see {log}"
            threading.Event().wait(_LOOK_EVERY_S)
    raise TimeoutError(f"Prefect's server does not answer; see {log}")


def keep(folder: str, *, port: int, owner: int) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: told.set())
    server = start_server(Paths(Path(folder)), port)
    try:
        while server.poll() is None and _is_alive(owner) and not told.wait(_LOOK_EVERY_S):
            continue
    finally:
        end(server, patience=(patience(12), patience(5), patience(5)))


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
