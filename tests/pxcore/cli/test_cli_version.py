"""`px --version`, and completion in a shell: real processes, as a terminal starts them."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import needs
import pytest
from px_runner import Px

import pxcore
from pxcore.cli.app import VERBS

PROBE = """
import sys
sys.argv = ["px", "--version"]
from pxcore.cli import main
try:
    main()
finally:
    heavy = ("prefect", "sqlalchemy", "requests", "signalrcore", "starlette", "alembic", "apprise")
    print("heavy:", *(name for name in heavy if name in sys.modules), file=sys.stderr)
"""
Version = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def px_version(tmp_path: Path) -> Version:
    """In an empty folder."""

    def run(**settings: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", PROBE],
            cwd=tmp_path,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_version_is_four_lines_and_loads_nothing_heavy(px_version: Version, tmp_path: Path) -> None:
    said = px_version(PX_HOME=str(tmp_path / "here"))
    assert said.stdout.splitlines() == [
        f"px-sessions {pxcore.__version__}",
        f"Python {platform.python_version()}",
        f"Prefect {version('prefect')}",
        f"home folder {tmp_path / 'here'}",
    ]
    assert (said.returncode, said.stderr) == (0, "heavy:\n")
    assert not (tmp_path / "here").exists()


def test_version_names_the_home_of_the_file_that_counts(
    px_version: Version, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PX_HOME=there\nPX_TRADES_MAX=many\n")
    said = px_version()
    assert said.stdout.splitlines()[3:] == [f"home folder {tmp_path / 'there'}"]


def test_version_with_a_home_that_is_none_says_what_is_wrong(px_version: Version) -> None:
    said = px_version(PX_HOME="")
    assert said.returncode == 2
    assert len(said.stdout.splitlines()) == 3
    assert said.stderr.startswith("px: PX_HOME '' is refused: it is empty")


def test_version_among_other_options_is_the_same(px: Px) -> None:
    said = px("--version status")
    assert said.status == 0
    assert said.out.startswith(f"px-sessions {pxcore.__version__}\n")


def test_version_of_the_package_is_the_one_in_the_code() -> None:
    """One place says it; an install of before is found out here."""
    assert version("px-sessions") == pxcore.__version__


# -- completion -----------------------------------------------------------------------------------

COMPLETED = """
set -eu
eval "$(px --show-completion)"
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_px_completion px
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(words: str) -> list[str]:
    """What bash offers there: it is asked as after a TAB."""
    found = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    command = [needs.bash(), "--norc", "-c", COMPLETED.format(words=words)]
    return subprocess.check_output(command, env=os.environ | {"PATH": found}, text=True).split()


@pytest.mark.process
def test_bash_completes_every_verb() -> None:
    assert set(completed("px ''")) == {verb.name for verb in VERBS}


@pytest.mark.process
def test_bash_completes_a_verb_that_was_begun_and_the_verbs_of_a_group() -> None:
    assert completed("px fl") == ["flatten"]
    assert set(completed("px kill ''")) == {"on", "off", "status"}
    assert "--reason" in completed("px kill on --re")


@pytest.mark.parametrize(("shell", "sign"), [("zsh", "compdef"), ("fish", "complete --command px")])
def test_other_shells_are_given_a_script_of_their_own(shell: str, sign: str) -> None:
    px = Path(sys.executable).with_name("px")
    environ = os.environ | {"_PX_COMPLETE": f"source_{shell}"}
    assert sign in subprocess.check_output([px], env=environ, text=True)
