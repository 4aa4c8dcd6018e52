"""What runs is declared, and locked: a machine that was set up for running alone has all of it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = ("deployments", "flows", "tasks", "pxcore")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ALL_EXTRAS = PROJECT["project"]["optional-dependencies"]
EXTRAS = {name: needs for name, needs in ALL_EXTRAS.items() if name != "docs"}  # a lock of its own
RUNNING, TESTING = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
DOCS = ROOT / "requirements-docs.lock"
# Imported by its name as text: by SQLAlchemy, where PX_DATABASE_URL asks for it.
BY_NAME = {"psycopg"}
# What tests use of that which running needs already.
SHARED = {"markdown-it-py", "packaging"}


def names_of(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def imported_by(text: str) -> set[str]:
    """Top modules, wherever in the file the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - set(OURS)


@cache  # it looks through every file that is installed
def packages() -> dict[str, set[str]]:
    """What is installed, by the modules that it brings."""
    return {
        module: {canonicalize_name(one) for one in names}
        for module, names in packages_distributions().items()
    }


def undeclared(modules: set[str], declared: set[str]) -> set[str]:
    return {module for module in modules if not declared & packages().get(module, set())}


def test_whatever_runs_imports_only_what_running_or_an_extra_declares() -> None:
    declared = names_of(PROJECT["project"]["dependencies"])
    declared |= names_of([one for name in EXTRAS if name != "dev" for one in EXTRAS[name]])
    found = {
        path.relative_to(ROOT).as_posix(): missing
        for top in OURS
        for path in sorted((ROOT / top).rglob("*.py"))
        if (missing := undeclared(imported_by(path.read_text(encoding="utf-8")), declared))
    }
    assert found == {}


def test_import_of_what_only_tests_need_is_noticed() -> None:
    text = "def late() -> None:\n    import pytest\n    from hypothesis import given\n"
    declared = names_of(PROJECT["project"]["dependencies"])
    assert undeclared(imported_by(text), declared) == {"pytest", "hypothesis"}


# -- the locks ------------------------------------------------------------------------------------


def blocks(lock: Path) -> Iterator[tuple[Requirement, set[str]]]:
    """Each pin, and its hashes."""
    joined = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    for row in joined.splitlines():
        pin, *hashes = re.split(r"\s+--hash=", row.strip())
        yield Requirement(pin), set(hashes)


@pytest.mark.parametrize("lock", [RUNNING, TESTING, DOCS], ids=lambda lock: lock.name)
def test_lock_pins_each_package_by_hash_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)
    for pin, hashes in blocks(lock):
        assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), pin
        assert hashes, pin


def pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """By name and marker: a package may be pinned once for each Python."""
    return {
        f"{canonicalize_name(pin.name)}; {pin.marker}": (str(pin.specifier), frozenset(hashes))
        for pin, hashes in blocks(lock)
    }


def test_lock_for_tests_holds_that_for_running_as_it_is() -> None:
    """So that either may be installed after the other."""
    assert pins(RUNNING).items() <= pins(TESTING).items()


def test_lock_for_running_holds_what_is_declared_and_nothing_of_the_extras() -> None:
    locked = {canonicalize_name(pin.name) for pin, _ in blocks(RUNNING)}
    assert names_of(PROJECT["project"]["dependencies"]) <= locked
    assert locked & names_of([one for kind in EXTRAS.values() for one in kind]) == SHARED


def test_lock_for_tests_holds_every_extra() -> None:
    locked = {canonicalize_name(pin.name) for pin, _ in blocks(TESTING)}
    assert names_of([one for kind in EXTRAS.values() for one in kind]) <= locked


def test_lock_for_the_site_holds_its_extra_and_contradicts_no_other_lock() -> None:
    locked = {canonicalize_name(pin.name): str(pin.specifier) for pin, _ in blocks(DOCS)}
    assert names_of(ALL_EXTRAS["docs"]) <= set(locked)
    others = {canonicalize_name(pin.name): str(pin.specifier) for pin, _ in blocks(TESTING)}
    assert {n: v for n, v in locked.items() if n in others and others[n] != v} == {}


def test_extra_is_imported_somewhere() -> None:
    """An extra that nothing imports is one that nobody misses."""
    imported = {
        name
        for top in OURS
        for path in (ROOT / top).rglob("*.py")
        for module in imported_by(path.read_text(encoding="utf-8"))
        for name in packages().get(module, set())
    }
    extras = names_of([one for name in EXTRAS if name != "dev" for one in EXTRAS[name]])
    assert extras - imported == BY_NAME
