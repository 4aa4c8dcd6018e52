"""px where there is no checkout, from its wheel; and in a checkout with the running set alone.

On each push the wheel is made, looked into and run on the libraries that are here. At night each
Python that is found gets an environment of its own, with what the lock for running pins.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import needs
import pytest
from house import House
from needs import nightly
from patience import patience

import pxcore
from pxcore.cli.orchestrator import px_environ

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("fresh")]

ROOT = Path(__file__).parents[2]
PACKAGES = ("pxcore", "flows", "tasks", "deployments")
SHARED = {".env.example", "strategy-template.py", "requirements.lock"}
ABOUT = 0.25  # how far from it what is said may be: pip, and another Python's bytecode
MB = 1_000_000
STEP_S = patience(120)  # a package index may be slow


def run(*command: str | Path, cwd: Path, status: int = 0, **settings: str) -> str:
    """What it said; it must have ended like that."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=px_environ(os.environ, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=STEP_S,
        check=False,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def tracked() -> list[str]:
    """Files of the checkout as they are now, those not committed yet among them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean one: what a build leaves behind is left there."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    """As `make dist` makes it: the wheel of the source archive."""
    run(sys.executable, "-m", "build", "--no-isolation", cwd=checkout)
    (made,) = (checkout / "dist").glob("*.whl")
    return made


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder with nothing in it, and outside of every checkout."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@dataclass(frozen=True)
class Fresh:
    """An environment, and the empty folder that its `px` is typed in."""

    folder: Path
    empty: Path

    @property
    def python(self) -> Path:
        return Path(sysconfig.get_path("scripts", "venv", {"base": str(self.folder)})) / "python"

    def px(self, *arguments: str, status: int = 0) -> str:
        px, home = self.python.with_name("px"), str(self.empty.parent / "home")
        return run(px, *arguments, cwd=self.empty, status=status, PX_HOME=home)

    def says(self, code: str) -> str:
        return run(self.python, "-c", code, cwd=self.empty).strip()


# -- on each push ---------------------------------------------------------------------------------


def test_wheel_holds_every_file_of_the_packages_and_what_is_copied_from(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        there = set(archive.namelist())
    ours = {name for name in tracked() if name.startswith(tuple(f"{top}/" for top in PACKAGES))}
    assert {
        name for name in there if not re.match(r"px_sessions-[^/]+\.(dist-info|data)/", name)
    } == ours
    assert {"pxcore/py.typed", "pxcore/reports/templates/report.html.j2"} <= ours
    shared = {Path(name).name for name in there if ".data/data/share/px-sessions/" in name}
    assert shared == SHARED


def test_wheel_runs_on_the_libraries_that_are_here(
    wheel: Path, tmp_path: Path, empty: Path
) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    fresh = Fresh(tmp_path / "env", empty)
    run(fresh.python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=empty)
    own = Path(fresh.says("import sysconfig; print(sysconfig.get_path('purelib'))"))
    (own / "here.pth").write_text(sysconfig.get_path("purelib"))
    assert fresh.says("import pxcore; print(pxcore.__file__)").startswith(str(own))
    said = fresh.px("--version").splitlines()
    assert said[0] == f"px-sessions {pxcore.__version__}"
    assert said[3] == f"home folder {tmp_path / 'home'}"
    assert "timed-entry" in fresh.px("strategies")
    fresh.px("kill", "on", "--reason", "a try")
    assert "a try" in fresh.px("kill", "status", status=1)  # it is engaged
    assert list(empty.iterdir()) == []


# -- at night -------------------------------------------------------------------------------------

Made = Callable[[Path], Fresh]


@pytest.fixture
def made_for(wheel: Path, tmp_path: Path, empty: Path) -> Made:
    """The wheel beside what the lock for running pins, each by its hash, and nothing else."""

    def make(python: Path) -> Fresh:
        run(python, "-m", "venv", tmp_path / "env", cwd=empty)
        fresh = Fresh(tmp_path / "env", empty)
        pip = (fresh.python, "-m", "pip", "install", "--quiet", "--no-deps")
        run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=empty)
        run(*pip, "--no-index", wheel, cwd=empty)
        return fresh

    return make


@nightly
@pytest.mark.parametrize("version", needs.PYTHONS)
def test_wheel_runs_on_each_python_with_what_is_pinned(
    made_for: Made, empty: Path, version: str
) -> None:
    fresh = made_for(needs.python(version))
    assert fresh.px("--version").splitlines()[1].startswith(f"Python {version}.")
    run(fresh.python, "-m", "pip", "check", cwd=empty)
    assert "timed-entry" in fresh.px("strategies")
    assert "1 days from seed 0, 0 failed" in fresh.px("simulate", "--seeds", "1")


@nightly
def test_demo_and_schedule_run_from_the_wheel_on_the_newest_python(
    made_for: Made, empty: Path
) -> None:
    fresh = made_for(needs.newest_python())
    assert "flat, clean" in fresh.px("demo", "--seconds", "20")
    house = House(empty.parent, {}, python=fresh.python)
    try:
        house.wait_until_up()
        assert house.ended(house.start("preflight"))["name"] == "Completed (fit)"
        assert "stopped" in fresh.px("down", "--yes")
    finally:
        house.end()
    assert list(empty.iterdir()) == []


EVERY_MODULE = f"""
import importlib, pkgutil
for top in {PACKAGES}:
    package = importlib.import_module(top)
    for one in pkgutil.walk_packages(package.__path__, top + "."):
        if not one.name.endswith("__main__") and ".migrations" not in one.name:
            importlib.import_module(one.name)
"""


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if not path.is_symlink()) / MB


@nightly
def test_running_set_is_enough_for_every_module_and_as_large_as_is_said(
    checkout: Path, empty: Path
) -> None:
    said = run(needs.make(), "setup", f"PYTHON={sys.executable}", cwd=checkout)
    assert re.search(r"^setup: installing \d+ packages, about \d+ MB", said, re.MULTILINE), said
    assert re.search(r"^setup: done in \d+ s$", said, re.MULTILINE), said
    fresh = Fresh(checkout / ".venv", empty)
    assert fresh.says("import importlib.util as i; print(i.find_spec('pytest'))") == "None"
    run(fresh.python, "-c", EVERY_MODULE, cwd=empty)
    about = int(re.search(r"about (\d+) MB", said)[1])
    assert megabytes(checkout / ".venv") == pytest.approx(about, rel=ABOUT)
