"""An environment for each SDK, under build/bench: both need a newer Python than this project."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import which

from latency.processes import Failed

_BUILD = Path(__file__).parents[3] / "build" / "bench"
_NEEDED = (3, 12)
_PROGRAMS = ("python3.12", "python3.13", "python3.14")
_OWN = "PX_BENCH_PYTHON"
_MAKES_S, _INSTALLS_S = 120.0, 600.0


def environment(requirement: str) -> str:
    """The interpreter of an environment that has it, made if need be. Raises Failed with why not
    in one line.
    """
    folder = _BUILD / requirement.replace("==", "-")
    python, done = folder / "bin" / "python", folder / "installed"
    if done.exists() and python.exists():
        return str(python)
    base = newer_python()
    _run([base, "-m", "venv", "--clear", str(folder)], _MAKES_S, f"{base} makes no environment")
    install = [str(python), "-m", "pip", "install", "--quiet", requirement]
    _run(install, _INSTALLS_S, f"{requirement} cannot be installed")
    done.touch()
    return str(python)


def newer_python() -> str:
    """Raises Failed when there is none."""
    own = os.environ.get(_OWN)
    candidates = [own] if own else [sys.executable, *filter(None, map(which, _PROGRAMS))]
    for candidate in candidates:
        if _is_new_enough(candidate):
            return candidate
    wanted = ".".join(map(str, _NEEDED))
    raise Failed(
        f"{_OWN} is {own}, which is no Python {wanted} or newer"
        if own
        else f"no Python {wanted} or newer is on the path ({_OWN} may name one)"
    )


def _is_new_enough(python: str) -> bool:
    """A name on the path may stand for a version that is not there."""
    program = f"import sys; sys.exit(sys.version_info < {_NEEDED})"
    try:
        done = subprocess.run([python, "-c", program], capture_output=True, timeout=_MAKES_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _run(command: list[str], within_s: float, otherwise: str) -> None:
    try:
        subprocess.run(command, capture_output=True, check=True, text=True, timeout=within_s)
    except subprocess.CalledProcessError as error:
        raise Failed(f"{otherwise}: {_why(error)}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{otherwise}: {error}") from None


def _why(error: subprocess.CalledProcessError) -> str:
    """In one line; pip says other things after its error."""
    said = str(error.stderr).strip().splitlines()
    return next((line for line in said if line.startswith("ERROR")), f"status {error.returncode}")
