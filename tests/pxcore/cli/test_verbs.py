"""The table of verbs: what `px --help` says is so, and none imports what it does not need."""

import json
import subprocess
import sys

import pytest
import typer

from pxcore.cli import verbs
from pxcore.cli.app import VERBS, app

# Each takes long to import, or is a sign that something else was imported that does.
PREFECT = {"prefect"}
SQL = {"sqlalchemy", "alembic"}
SERVER = {"starlette", "uvicorn", "fastapi"}
PAPER = {"pxcore.paper.exchange", "pxcore.paper.process"}
HUBS = {"signalrcore", "pxcore.gateway.hubs"}
ENGINE = {"pxcore.engine.engine"}
GATEWAY = {"requests", "pxcore.gateway.rest"}
PANDAS = {"pandas", "pyarrow"}
ALL = PREFECT | SQL | SERVER | PAPER | HUBS | ENGINE | GATEWAY | PANDAS

MAY = {
    "demo": GATEWAY | SERVER | PAPER,
    "paper": GATEWAY | SERVER | PAPER,
    "up": GATEWAY | SERVER | PAPER | SQL,
    "preflight": GATEWAY | SQL,
    "watchdog": GATEWAY | SQL,
    "report": SQL,
    "journal": SQL,
    "check": SQL,
    "housekeeping": SQL,
    "replay": ENGINE,
    "simulate": ENGINE | PAPER,
    "kill": set(),
    "down": set(),
    "limits": set(),
    "rearm": set(),
    "here": set(),
    "strategies": set(),
    "alerts": set(),
    "service": set(),
    "deploy": set(),
}

PROBE = """
import json, sys
import pxcore.cli.app
if sys.argv[1:]:
    pxcore.cli.app.load(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""


def imported(*verb: str) -> set[str]:
    found = subprocess.check_output([sys.executable, "-c", PROBE, *verb], text=True)
    return set(json.loads(found))


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_verb_imports_nothing_heavy_that_it_does_not_need(verb: str) -> None:
    assert imported(verb) & (ALL - MAY.get(verb, GATEWAY)) == set()


def test_list_of_verbs_imports_none_of_them_and_no_settings() -> None:
    found = imported()
    assert not found & (ALL | {"pydantic", "loguru", "rich.console", "pxcore.config.settings"})
    assert not [name for name in found if name.startswith(f"{verbs.__name__}.")]


def test_help_of_each_verb_begins_with_what_the_list_says() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert list(commands) == [verb.name for verb in VERBS]
    for verb in VERBS:
        assert " ".join(commands[verb.name].help.split()).startswith(verb.about), verb.name


def test_what_was_typed_wrong_is_answered_with_the_nearest_verb(px) -> None:
    said = px("flaten")
    assert said.status == 2 and "Did you mean 'flatten'?" in said.err
