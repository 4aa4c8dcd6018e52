"""What `make demo` and `make test` set up, and when they do it again: make itself is asked."""

import os
import shutil
import subprocess
from pathlib import Path

import needs
import pytest

ROOT = Path(__file__).parents[1]
RUNNING, TESTING = "requirements.lock", "requirements-dev.lock"
WEIGHED_IN = (RUNNING, TESTING, "pyproject.toml", "pxcore/__init__.py")
STAMPS = {RUNNING: ".venv/.running", TESTING: ".venv/.testing"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Files older than any stamp; nothing is installed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in WEIGHED_IN:
        _made(tmp_path / name, at_s=100)
    return tmp_path


def _made(path: Path, *, at_s: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (at_s, at_s))


def installs(checkout: Path, target: str) -> list[str]:
    """The locks, in order, that the target would install now; it is as if it had."""
    command = [needs.make(), "--dry-run", target]
    said = subprocess.check_output(command, cwd=checkout, text=True)
    locks = [word for line in said.splitlines() if ".ci/setup" in line for word in line.split()]
    found = [word for word in locks if word in STAMPS]
    for number, lock in enumerate(found):
        _made(checkout / STAMPS[lock], at_s=1000 + number)
    return found


def test_demo_installs_what_running_needs_and_nothing_else(checkout: Path) -> None:
    assert installs(checkout, "demo") == [RUNNING]
    assert installs(checkout, "demo") == []


@pytest.mark.parametrize("target", ["test", "check", "test-nightly", "dist"])
def test_tests_are_installed_on_top_of_it(checkout: Path, target: str) -> None:
    assert installs(checkout, target) == [RUNNING, TESTING]
    assert installs(checkout, target) == []


def test_demo_then_test_then_demo_installs_each_once(checkout: Path) -> None:
    assert installs(checkout, "demo") == [RUNNING]
    assert installs(checkout, "test") == [TESTING]
    assert installs(checkout, "demo") == []


def test_test_then_demo_then_test_installs_each_once(checkout: Path) -> None:
    assert installs(checkout, "test") == [RUNNING, TESTING]
    assert installs(checkout, "demo") == []
    assert installs(checkout, "test") == []


@pytest.mark.parametrize("changed", [RUNNING, "pyproject.toml", "pxcore/__init__.py"])
def test_changed_lock_or_metadata_is_installed_again_by_either(
    checkout: Path, changed: str
) -> None:
    installs(checkout, "test")
    _made(checkout / changed, at_s=2000)
    assert installs(checkout, "demo") == [RUNNING]
    _made(checkout / STAMPS[RUNNING], at_s=3000)
    assert installs(checkout, "test") == [TESTING]


def test_changed_lock_of_the_tests_is_nothing_to_a_demo(checkout: Path) -> None:
    installs(checkout, "test")
    _made(checkout / TESTING, at_s=2000)
    assert installs(checkout, "demo") == []
    assert installs(checkout, "test") == [TESTING]


# -- the script that does it ----------------------------------------------------------------------


def test_python_that_is_too_old_or_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci/setup", tmp_path / ".ci")
    said = subprocess.run(
        [script, RUNNING, "1"],
        env=os.environ | {"PYTHON": "/no/such/python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 2
    assert "setup: Python 3.11 or newer is needed; /no/such/python3 is older, or not" in said.stdout
    assert not (tmp_path / ".venv").exists()
