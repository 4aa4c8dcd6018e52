"""Which Python makes the environments of others, and what is said where there is none."""

import sys
from pathlib import Path

import pytest
from latency.environments import newer_python
from latency.processes import Failed

NEW = "#!/bin/sh\nexit 0\n"
OLD = "#!/bin/sh\nexit 1\n"


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of programs; what runs this test is too old."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("PX_BENCH_PYTHON", raising=False)
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "old", OLD)))
    return folder


def test_first_python_that_is_new_enough_is_taken(path) -> None:
    program(path / "python3.12", OLD)  # a name that stands for nothing
    newer = program(path / "python3.13", NEW)
    assert newer_python() == str(newer)


def test_machine_without_a_newer_python_is_told_how_to_name_one(path) -> None:
    with pytest.raises(Failed, match=r"no Python 3\.12 or newer .* \(PX_BENCH_PYTHON may name"):
        newer_python()


def test_named_python_is_the_only_one_that_is_looked_at(path, monkeypatch) -> None:
    program(path / "python3.12", NEW)
    monkeypatch.setenv("PX_BENCH_PYTHON", str(path / "nothing"))
    with pytest.raises(Failed, match=r"PX_BENCH_PYTHON is .*nothing, which is no Python"):
        newer_python()
