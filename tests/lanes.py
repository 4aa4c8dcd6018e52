"""`python tests/lanes.py [LANE ...] [--hard]`: the checks lane by lane, every one whatever the
others did; at the end a line for each, the slowest tests, and one total as the last line.

A lane's own output goes through as it comes. What is counted is each lane's record (pytest's
JUnit file) and the statuses of its programs, never what they print: a lane that ends without its
record has failed. Exit status 1 when anything did.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from xml.etree import ElementTree  # what it reads was written by the lane itself

ROOT = Path(__file__).resolve().parents[1]
RECORD = "{record}"  # in a command: the file that it is to leave
SLOWEST = 10
HARD_RUNS = 3
_PER_CORE = 2  # workers: half of the time a test waits, for a process, a socket, a hang to be one
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
Attach = Callable[[int], None]


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pytest(marks: str, spread: str) -> tuple[str, ...]:
    workers = ("-n", str(_PER_CORE * _cores()), "--dist", spread)
    return _python("pytest", "-m", marks, *workers, f"--junitxml={RECORD}")


@dataclass(frozen=True, slots=True)
class Lane:
    """Commands that run one after the other, each whatever became of the one before."""

    name: str
    commands: tuple[tuple[str, ...], ...]


# `worksteal` cuts a module in two at most, so that its shared fixture is made twice at most;
# `loadgroup` keeps a module on one worker that says so (`xdist_group`): it shares a cluster or a
# whole `px up`.
LANES = (
    Lane(
        "check",
        (
            _python("ruff", "check", "."),
            _python("ruff", "format", "--check", "."),
            _python("mypy"),
            (str(Path(sys.executable).with_name("lint-imports")),),
        ),
    ),
    Lane("quick", (_pytest("not process and not services and not docs", "worksteal"),)),
    Lane("docs", (_python("pytest", "-m", "docs", "tests/test_site.py", f"--junitxml={RECORD}"),)),
    Lane("services", (_pytest("services and not docs", "loadgroup"),)),
    Lane("process", (_pytest("process and not services and not docs", "loadgroup"),)),
)


@dataclass(frozen=True, slots=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a lane came to. `tests` are seconds and names, in the order in which they ended."""

    name: str
    counts: Counts = Counts()
    tests: tuple[tuple[float, str], ...] = ()
    took_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.counts} in {self.took_s:.0f} s"


# -- one lane ------------------------------------------------------------------------------------


def run_lane(lane: Lane, *, called: str = "", attach: Attach = lambda pid: None) -> Outcome:
    """`attach` is told each process as soon as it is there."""
    name = called or lane.name
    print(f"\n== {name} ==", flush=True)
    began = time.monotonic()
    counts, tests = Counts(), ()
    with tempfile.TemporaryDirectory(prefix="px-lane-") as folder:
        for number, command in enumerate(lane.commands):
            record = Path(folder, f"{number}.xml")
            status = _status(command, record, attach)
            if any(RECORD in part for part in command):
                found, timed = read_record(record, status)
            else:
                found, timed = (Counts(failed=1) if status else Counts(passed=1)), ()
            counts, tests = counts + found, (*tests, *timed)
    return Outcome(name, counts, tests, time.monotonic() - began)


def _status(command: Sequence[str], record: Path, attach: Attach) -> int:
    """Of the command, once it is over; Ctrl-C reaches it too, and it is waited for."""
    given = [part.replace(RECORD, str(record)) for part in command]
    try:
        process = subprocess.Popen(given, cwd=ROOT, env=_environ())
    except OSError as error:
        print(f"{given[0]}: {error}", flush=True)
        return 127
    try:
        attach(process.pid)
        return process.wait()
    finally:
        process.wait()


def _environ() -> dict[str, str]:
    """Ours. Where Python is told to keep no bytecode, each of some hundred processes would compile
    this project anew.
    """
    return {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}


def read_record(record: Path, status: int) -> tuple[Counts, tuple[tuple[float, str], ...]]:
    """A record that is missing, cut off, or better than the status counts as one failure."""
    try:
        cases = list(ElementTree.parse(record).iter("testcase"))  # noqa: S314
    except (OSError, ElementTree.ParseError):
        print(f"ended with status {status} and without a record", flush=True)
        return Counts(failed=1), ()
    kinds = [{part.tag for part in case} for case in cases]
    failed = sum(bool(kind & {"failure", "error"}) for kind in kinds)
    skipped = sum("skipped" in kind and not kind & {"failure", "error"} for kind in kinds)
    passed = len(cases) - failed - skipped
    if status and not failed:
        print(f"ended with status {status}, though no test of its record failed", flush=True)
        failed = 1
    tests = tuple(
        (float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}")
        for case in cases
    )
    return Counts(passed, failed, skipped), tests


# -- all of them ---------------------------------------------------------------------------------


def run_lanes(lanes: Iterable[Lane]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for lane in lanes:
        try:
            outcomes.append(run_lane(lane))
        except KeyboardInterrupt:
            outcomes.append(Outcome(f"{lane.name}, interrupted", Counts(failed=1)))
            break
    return outcomes


def closing(outcomes: Sequence[Outcome]) -> list[str]:
    """The lines at the end: a total is the last one."""
    slowest = sorted((test for one in outcomes for test in one.tests), reverse=True)[:SLOWEST]
    total = sum((one.counts for one in outcomes), Counts())
    return [
        *(["", "slowest:"] if slowest else []),
        *(f"{took_s:8.1f} s  {name}" for took_s, name in slowest),
        "",
        *map(str, outcomes),
        str(total),
    ]


def main(arguments: Sequence[str] | None = None, *, lanes: Sequence[Lane] = LANES) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lane", nargs="*", help=f"of {[lane.name for lane in lanes]}; all")
    parser.add_argument("--hard", action="store_true", help="on cores that are taken, then on half")
    given = parser.parse_args(arguments)
    unknown = set(given.lane) - {lane.name for lane in lanes}
    if unknown:
        parser.error(f"no lane is called {sorted(unknown)}")
    wanted = [lane for lane in lanes if not given.lane or lane.name in given.lane]
    outcomes = run_hard(wanted) if given.hard else run_lanes(wanted)
    print("\n".join(closing(outcomes)), flush=True)
    return 1 if any(one.counts.failed for one in outcomes) else 0


# -- on a machine that is busy or slow -----------------------------------------------------------


def run_hard(lanes: Sequence[Lane]) -> list[Outcome]:
    """Each lane three times in a row while others hold the cores, then once on half a core."""
    outcomes: list[Outcome] = []
    try:
        for lane in lanes:
            for number in range(1, HARD_RUNS + 1):
                with busy(_cores()):
                    called = f"{lane.name}, cores taken, {number} of {HARD_RUNS}"
                    outcomes.append(run_lane(lane, called=called))
        for lane in lanes:
            with half_a_core() as (way, attach):
                called = f"{lane.name}, half a core by {way}"
                outcomes.append(run_lane(lane, called=called, attach=attach))
    except KeyboardInterrupt:
        outcomes.append(Outcome("interrupted", Counts(failed=1)))
    return outcomes


_BUSY = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def busy(count: int) -> Iterator[list[int]]:
    """So many processes that compute; they end with this one at the latest."""
    command = [sys.executable, "-I", "-c", _BUSY, str(os.getpid())]
    crowd = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield [process.pid for process in crowd]
    finally:
        for process in crowd:
            process.kill()
            process.wait()


@contextmanager
def half_a_core() -> Iterator[tuple[str, Attach]]:
    """How it is done here, and what puts a process and its children under it."""
    with ExitStack() as stack:
        group = _cgroup(stack)
        if group is not None:
            yield "cgroup", lambda pid: _write(group / "cgroup.procs", str(pid))
        elif limiter := which("cpulimit"):
            yield "cpulimit", lambda pid: _limit(limiter, pid, stack)
        else:
            stack.enter_context(busy(2 * _cores()))
            yield "a crowd, two a core, beside which it is niced", _nice


def _cgroup(stack: ExitStack, root: Path = Path("/sys/fs/cgroup")) -> Path | None:
    """A group of version 2 with half a core, removed at the end; None where none can be made."""
    group = root / f"px-half-a-core-{os.getpid()}"
    if not (root / "cgroup.controllers").is_file():
        return None
    try:
        group.mkdir()
        stack.callback(_remove, group)
        if not (group / "cpu.max").is_file():
            return None
        _write(group / "cpu.max", "50000 100000")
    except OSError:
        return None
    return group


def _remove(group: Path) -> None:
    with suppress(OSError):  # somebody of it still ends
        group.rmdir()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")


def _limit(limiter: str, pid: int, stack: ExitStack) -> None:
    command = [limiter, "--limit=50", "--include-children", f"--pid={pid}"]
    limiting = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    stack.callback(limiting.wait)
    stack.callback(limiting.terminate)


def _nice(pid: int) -> None:
    """A third of another's weight each: with two to five at work, about half a core of two."""
    os.setpriority(os.PRIO_PROCESS, pid, 5)


if __name__ == "__main__":
    sys.exit(main())
