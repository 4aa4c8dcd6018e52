"""What a process is given to do: a file for the two of them, gone once it was read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs import posix
from patience import patience

from pxcore.host.handing import hand_over, taken_over

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_longer_than_an_argument_may_be_arrives_whole_and_once(tmp_path):
    data = b"x" * 5_000_000
    argument = hand_over(tmp_path / "handed", data)
    (file,) = (tmp_path / "handed").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600

    code = (
        "import sys; from pxcore.host.handing import taken_over; "
        "print(len(taken_over(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, argument],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience(20),
        check=True,
    )
    assert done.stdout.strip() == "5000000"
    assert not file.exists()
    with pytest.raises(OSError, match="No such file"):
        taken_over(argument)


def test_file_that_was_not_handed_over_is_left_alone(tmp_path):
    mine = tmp_path / "mine.json"
    mine.touch()
    with pytest.raises(OSError, match="was not handed over"):
        taken_over(str(mine))
    assert mine.exists()


def test_every_process_of_ours_settles_first():
    """Its files are its owner's, and nothing that it says can stop what it does."""
    mains = [
        path
        for folder in ("pxcore", "flows", "tasks", "deployments")
        for path in (ROOT / folder).rglob("*.py")
        if '__name__ == "__main__"' in path.read_text() or path.name == "__main__.py"
    ]
    assert len(mains) >= 10
    unsettled = {
        str(path.relative_to(ROOT))
        for path in mains
        if not any(word in path.read_text() for word in ("settle()", "keep_private()"))
    }
    assert unsettled <= {"pxcore/cli/__main__.py"}, "px: settled by its own main()"


@posix
def test_what_a_process_of_ours_makes_is_its_owners_whatever_the_umask(tmp_path):
    done = subprocess.run(
        ["/bin/sh", "-c", 'umask 0; exec "$0" -m pxcore.cli kill on --reason test', sys.executable],
        cwd=ROOT,
        env=os.environ | {"PX_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    made = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    assert len(made) > 1, done.stderr
    assert not [p for p in made if p.stat().st_mode & 0o077]
