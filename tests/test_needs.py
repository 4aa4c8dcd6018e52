"""What is missing is skipped in one line that says how to get it; where CI is set it fails."""

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import needs
import pytest

TESTS = Path(__file__).parent
PROGRAMS = [
    pytest.param(needs.mkdocs, "needs MkDocs: make setup-docs", id="MkDocs"),
    pytest.param(needs.chromium, "needs Chromium: apt-get install chromium", id="Chromium"),
    pytest.param(needs.node, "needs Node and npm: apt-get install nodejs npm", id="Node"),
    pytest.param(needs.bash, "needs bash: apt-get install bash", id="bash"),
    pytest.param(needs.make, "needs make: apt-get install make", id="make"),
    pytest.param(
        needs.postgres, "needs PostgreSQL's programs: apt-get install postgresql", id="PostgreSQL"
    ),
]
# The one place that asks, and this one that asks for it.
MAY_ASK = {"needs.py", "test_needs.py"}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with Python alone; its folder of programs, which is empty."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "_DEBIAN_POSTGRES", tmp_path / "postgresql")
    monkeypatch.setattr(needs, "_postgres_of_the_wheel", lambda: [])
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("need", "line"), PROGRAMS)
def test_missing_program_is_a_skip_that_says_how_to_get_it(
    need: Callable[[], object], line: str
) -> None:
    with pytest.raises(pytest.skip.Exception) as skipped:
        need()
    assert str(skipped.value) == line


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("need", "line"), PROGRAMS)
def test_missing_program_is_a_failure_in_ci(
    monkeypatch: pytest.MonkeyPatch, need: Callable[[], object], line: str
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception) as failed:
        need()
    assert str(failed.value).startswith(line)


def test_programs_on_the_path_are_found(bare: Path) -> None:
    there = {name: program(bare / name) for name in ("chromium-browser", "node", "npm")}
    assert needs.chromium() == str(there["chromium-browser"])
    assert needs.node() == (str(there["node"]), str(there["npm"]))


def test_node_without_npm_is_not_enough(bare: Path) -> None:
    program(bare / "node")
    with pytest.raises(pytest.skip.Exception):
        needs.node()


def test_newest_postgresql_of_debian_is_found_and_one_without_its_server_is_not(bare: Path) -> None:
    for version in ("9.6", "15", "16"):
        program(bare / "postgresql" / version / "bin" / "initdb")
    for version in ("9.6", "15"):
        program(bare / "postgresql" / version / "bin" / "postgres")
    assert needs.postgres() == bare / "postgresql" / "15" / "bin"


def test_postgresql_on_the_path_comes_first(bare: Path) -> None:
    for folder in (bare, bare / "postgresql" / "16" / "bin"):
        program(folder / "initdb")
        program(folder / "postgres")
    assert needs.postgres() == bare
    assert shutil.which("postgres") == str(bare / "postgres")


_ASKS = {"which": "shutil", "skip": "pytest", "skipif": "pytest.mark", "importorskip": "pytest"}


def asks_for_programs(text: str) -> bool:
    """Whether it skips, or looks for a program, by itself."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _ASKS
        and ast.unparse(node.value) in (_ASKS[node.attr], "pytest.mark")
        for node in ast.walk(ast.parse(text))
    )


def test_nobody_else_looks_for_a_program_or_skips() -> None:
    asking = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        if asks_for_programs(path.read_text(encoding="utf-8"))
    }
    assert asking == MAY_ASK


def test_who_looks_for_a_program_is_noticed() -> None:
    assert asks_for_programs("import shutil\nshutil.which('node')")
    assert asks_for_programs("@pytest.mark.skipif(True, reason='x')\ndef test(): ...")
    assert not asks_for_programs("needs.node()")
