"""The runner of the lanes: nothing hides anything, and what it says at the end is so."""

import subprocess
import sys
from pathlib import Path

import lanes
import psutil
import pytest
from lanes import RECORD, Counts, Lane, busy, half_a_core, main, read_record, run_lane
from patience import patience

GOOD = '<testcase classname="tests.a" name="test_good" time="1.5"/>'
BAD = '<testcase classname="tests.a" name="test_bad" time="0.2"><failure/></testcase>'
BROKEN = '<testcase classname="tests.a" name="test_broken" time="3"><error/></testcase>'
SKIPPED = '<testcase classname="tests.a" name="test_away" time="0"><skipped/></testcase>'


def lane(name: str, *cases: str, status: int = 0) -> Lane:
    """A lane whose program leaves this record and ends with this status."""
    text = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
    code = "import sys; open(sys.argv[1], 'w').write(sys.argv[2]); sys.exit(int(sys.argv[3]))"
    return Lane(name, ((sys.executable, "-I", "-c", code, RECORD, text, str(status)),))


def program(name: str, *codes: str) -> Lane:
    return Lane(name, tuple((sys.executable, "-I", "-c", code) for code in codes))


CRASHED = Lane("crashed", ((sys.executable, "-I", "-c", "import os; os.abort()", RECORD),))


def said_by(capfd: pytest.CaptureFixture[str], *those: Lane) -> tuple[int, list[str]]:
    status = main([], lanes=those)
    return status, capfd.readouterr().out.splitlines()


def test_lane_that_fails_does_not_hide_the_next_and_the_total_is_last(capfd):
    status, said = said_by(
        capfd, lane("first", GOOD, BAD, BROKEN, status=1), lane("second", GOOD, SKIPPED)
    )
    assert status == 1
    assert said[-3].startswith("first: 1 passed, 2 failed, 0 skipped in ")
    assert said[-2].startswith("second: 1 passed, 0 failed, 1 skipped in ")
    assert said[-1] == "2 passed, 2 failed, 1 skipped"


def test_lanes_that_pass_are_status_0_and_the_slowest_are_named_over_all_of_them(capfd):
    slow = '<testcase classname="tests.b" name="test_slow" time="70.25"/>'
    status, said = said_by(capfd, lane("first", GOOD), lane("second", slow))
    assert status == 0
    at = said.index("slowest:")
    assert said[at + 1 : at + 3] == [
        "    70.2 s  tests.b::test_slow",
        "     1.5 s  tests.a::test_good",
    ]


def test_only_the_ten_slowest_are_named(capfd):
    _, said = said_by(capfd, lane("first", *[GOOD] * 12))
    assert sum("test_good" in line for line in said) == 10


def test_lane_that_crashes_without_a_record_has_failed_and_the_next_one_runs(capfd):
    status, said = said_by(capfd, CRASHED, lane("second", GOOD))
    assert status == 1
    assert said[-3].startswith("crashed: 0 passed, 1 failed, 0 skipped")
    assert said[-1] == "1 passed, 1 failed, 0 skipped"


def test_program_that_is_not_there_has_failed_and_the_next_one_runs(capfd):
    absent = Lane("absent", (("/nowhere/at-all", RECORD),))
    status, said = said_by(capfd, absent, lane("second", GOOD))
    assert (status, said[-1]) == (1, "1 passed, 1 failed, 0 skipped")


def test_each_program_of_a_lane_runs_whatever_the_one_before_did(capfd):
    outcome = run_lane(program("check", "raise SystemExit(3)", "print('the second')"))
    assert outcome.counts == Counts(passed=1, failed=1)
    assert "the second" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "status", "counts"),
    [
        pytest.param("<testsuites>" + GOOD, 1, Counts(failed=1), id="cut off"),
        pytest.param(f"<a>{GOOD}</a>", 3, Counts(passed=1, failed=1), id="better than its status"),
        pytest.param("<a/>", 5, Counts(failed=1), id="no test at all"),
        pytest.param(f"<a>{BAD}{GOOD}</a>", 1, Counts(passed=1, failed=1), id="one failed"),
    ],
)
def test_record_and_status_are_judged_together(tmp_path, text, status, counts):
    (tmp_path / "record.xml").write_text(text)
    assert read_record(tmp_path / "record.xml", status)[0] == counts


def test_lane_that_is_not_one_is_refused_and_one_that_is_named_runs_alone(capfd):
    those = (lane("first", GOOD), lane("second", BAD, status=1))
    with pytest.raises(SystemExit) as refused:
        main(["third"], lanes=those)
    assert refused.value.code == 2
    assert main(["first"], lanes=those) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_interrupted_lane_has_failed_and_what_ran_before_is_said(capfd, monkeypatch):
    def interrupted(lane: Lane) -> None:
        if lane.name == "second":
            raise KeyboardInterrupt
        return ran(lane)

    ran = lanes.run_lane
    monkeypatch.setattr(lanes, "run_lane", interrupted)
    status, said = said_by(capfd, lane("first", GOOD), lane("second", GOOD), lane("third", GOOD))
    assert (status, said[-1]) == (1, "1 passed, 1 failed, 0 skipped")
    assert "second, interrupted" in said[-2]


def test_hard_runs_each_lane_three_times_on_taken_cores_and_once_on_half_a_core(capfd):
    status = main(["--hard"], lanes=(lane("first", GOOD), lane("second", BAD, status=1)))
    said = capfd.readouterr().out.splitlines()
    assert status == 1
    assert [line.split(":")[0] for line in said[-9:-3]] == [
        f"{name}, cores taken, {number} of 3"
        for name in ("first", "second")
        for number in (1, 2, 3)
    ]
    assert all("half a core by" in line for line in said[-3:-1])
    assert said[-1] == "4 passed, 4 failed, 0 skipped"


def test_lane_keeps_bytecode_whatever_the_machine_wants(monkeypatch):
    """A thousand starts of Python compile this project once then, and not a thousand times."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; sys.exit(sys.dont_write_bytecode)"
    assert run_lane(Lane("keeps", ((sys.executable, "-c", code),))).counts == Counts(passed=1)


GROUPED = """
import os
import pytest

@pytest.mark.xdist_group("one house")
@pytest.mark.parametrize("number", range(8))
def test_it(number):
    with open("workers", "a") as told:
        print(os.environ["PYTEST_XDIST_WORKER"], file=told)
"""


def test_tests_of_one_group_are_run_by_one_worker(tmp_path):
    """What they share is made once; a plugin that forgets it does so in silence."""
    (tmp_path / "test_it.py").write_text(GROUPED)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "test_it.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=patience(60))
    workers = (tmp_path / "workers").read_text().split()
    assert len(workers) == 8 and len(set(workers)) == 1


def test_busy_processes_are_gone_afterwards():
    with busy(2) as pids:
        assert all(psutil.Process(pid).is_running() for pid in pids)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_half_a_core_leaves_no_process_behind():
    before = set(psutil.Process().children(recursive=True))
    with half_a_core() as (way, attach):
        assert way
        assert callable(attach)
    assert set(psutil.Process().children(recursive=True)) == before


@pytest.mark.parametrize("is_version_2", [True, False])
def test_no_group_is_used_where_the_machine_has_no_limit_of_the_processor(tmp_path, is_version_2):
    if is_version_2:
        (tmp_path / "cgroup.controllers").touch()
    with lanes.ExitStack() as stack:
        assert lanes._cgroup(stack, tmp_path) is None
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("process", [True, False])
@pytest.mark.parametrize("services", [True, False])
@pytest.mark.parametrize("docs", [True, False])
def test_each_test_is_in_one_lane(process, services, docs):
    commands = [command for one in lanes.LANES if one.name != "check" for command in one.commands]
    marks = [command[command.index("pytest") + 2] for command in commands]
    given = {"process": process, "services": services, "docs": docs}
    wanted = [eval(mark, {}, given) for mark in marks]  # noqa: S307
    assert len(wanted) == 4 and sum(wanted) == 1


def test_lane_of_the_documentation_looks_into_the_only_file_that_is_marked_for_it():
    tests = Path(lanes.__file__).parent
    mark = "pytest." + "mark.docs"
    marked = [path.name for path in tests.rglob("test_*.py") if mark in path.read_text("utf-8")]
    (command,) = next(one.commands for one in lanes.LANES if one.name == "docs")
    assert [f"tests/{name}" for name in marked] == [one for one in command if "tests/" in one]


def test_a_lane_runs_from_the_root_of_the_project(capfd):
    run_lane(program("here", "import os; print(os.getcwd())"))
    assert str(Path(lanes.__file__).parents[1]) in capfd.readouterr().out
