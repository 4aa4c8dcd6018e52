"""Who misses an extra is told the line that installs it; where it is not there, for real."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pxcore.host import extras
from pxcore.host.extras import install_line

ROOT = Path(__file__).parents[3]
MISSES = """
import sys
sys.modules[{missing!r}] = None  # as Python itself marks what is not to be found
from pathlib import Path
from pxcore.model import Misconfigured
try:
    {act}
except Misconfigured as error:
    print(error)
"""
CASES = [
    pytest.param(
        "pyarrow",
        "from pxcore.journal.export import write_parquet; write_parquet([], Path('day.parquet'))",
        "Parquet needs pyarrow",
        "parquet",
        id="parquet",
    ),
    pytest.param(
        "psycopg",
        "from pxcore.store.database import Store; Store('postgresql://a:b@localhost/c')",
        "PostgreSQL needs its driver",
        "postgres",
        id="postgres",
    ),
]


@pytest.mark.parametrize(("missing", "act", "what", "extra"), CASES)
def test_missing_extra_is_told_with_its_install_line(
    missing: str, act: str, what: str, extra: str
) -> None:
    code = MISSES.format(missing=missing, act=act)
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.startswith(what)
    assert said.strip().endswith(install_line(extra))


def test_every_extra_but_that_of_the_tests_is_tried_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {case.values[-1] for case in CASES} == set(project["optional-dependencies"]) - {
        "dev",
        "docs",
    }


@pytest.mark.parametrize(
    ("has_pip", "line"),
    [
        (True, "'/a b/python' -m pip install 'px-sessions[parquet]'"),
        (False, "uv pip install --python '/a b/python' 'px-sessions[parquet]'"),
    ],
)
def test_line_is_for_the_python_that_runs(
    monkeypatch: pytest.MonkeyPatch, has_pip: bool, line: str
) -> None:
    monkeypatch.setattr(extras.sys, "executable", "/a b/python")
    monkeypatch.setattr(extras, "find_spec", lambda name: object() if has_pip else None)
    assert install_line("parquet") == line
