"""Which of Prefect's runs have a living process here: each holds a locked file while it lives.

A run's state says what was last told of it. The lock dies with its process, whatever killed that.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from pxcore.config.paths import Paths
from pxcore.host.courtesy import Worker
from pxcore.host.decoding import decode_json
from pxcore.host.filelock import is_locked, try_lock
from pxcore.model import ProtocolError, Unavailable

_BYTES_MAX = 1 << 16
_LOOK_S = 1.0
RUNNER = "RUNNER_OF_PX"  # what a runner tells its runs of itself; no setting


class RunMark(msgspec.Struct, frozen=True, kw_only=True):
    """`account_id` is None for a run that concerns none in particular."""

    run_id: str
    flow: str
    account_id: int | None
    runner: str
    pid: int


@contextmanager
def run_marked(home: Path, *, run_id: str, flow: str, account_id: int | None) -> Iterator[None]:
    """Meanwhile the run is seen to live. A run that cannot be marked goes on without."""
    path = _folder(home) / f"{run_id}.json"
    mark = RunMark(
        run_id=run_id,
        flow=flow,
        account_id=account_id,
        runner=os.environ.get(RUNNER, ""),
        pid=os.getpid(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
        try_lock(file)
        file.write(msgspec.json.encode(mark).decode())
        file.flush()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


def living_runs(home: Path) -> tuple[RunMark, ...]:
    return tuple(mark for mark, is_alive in _marks(home) if is_alive)


class LivingRuns:
    """`living_runs` for a loop that a disk must not hold up."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._disk = Worker("the list of runs")

    def look(self) -> tuple[RunMark, ...] | None:
        """None when the disk does not say."""
        try:
            return self._disk.ask(lambda: living_runs(self._home), limit_s=_LOOK_S)
        except (OSError, Unavailable):
            return None


def dead_runs(home: Path) -> tuple[RunMark, ...]:
    """Those whose process ended without taking its mark away."""
    return tuple(mark for mark, is_alive in _marks(home) if not is_alive)


def forget_run(home: Path, run_id: str) -> None:
    """What was to be done about a dead run is done."""
    (_folder(home) / f"{run_id}.json").unlink(missing_ok=True)


def _marks(home: Path) -> Iterator[tuple[RunMark, bool]]:
    for path in sorted(_folder(home).glob("*.json")):
        with suppress(OSError, ProtocolError), path.open("rb+") as file:
            is_alive = is_locked(file)
            data = file.read(_BYTES_MAX)
            if data:  # one that is being made says nothing yet
                yield decode_json(data, RunMark), is_alive


def _folder(home: Path) -> Path:
    return Paths(home).home / "runs"
