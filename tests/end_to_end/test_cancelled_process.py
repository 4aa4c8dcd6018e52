"""A run that is ended in Prefect while no session of it runs: before one does, and after one did.

Prefect tells the process nothing when its run is forced into a state: the run asks by itself.
"""

import json
import os
import subprocess
import sys

import pytest
from patience import patience

from pxcore.cli.orchestrator import prefect_environ, px_environ

pytestmark = [pytest.mark.process, pytest.mark.e2e]

# Forces its own run to CANCELLED at the task of that name, and goes on once the run has noticed.
CANCELLED_AT = """
import json, sys, threading
from uuid import UUID
from prefect import get_client
from prefect.states import Cancelled
from flows.run import Told
from flows.trading_day import trading_day
from tasks import end_of_day, startup
from tasks.control import CONTROL
from tasks.run_watch import top_run_id

module, name = {"startup": (startup, "recover"), "closing": (end_of_day, "read_venue")}[sys.argv[1]]
patience_s = float(sys.argv[2])
task, note, noticed = getattr(module, name), CONTROL.note_run_ended, threading.Event()

def noting(state):
    note(state)
    noticed.set()

def at_the_moment(*given):
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(top_run_id()), Cancelled(), force=True)
    assert noticed.wait(patience_s)
    return task(*given)

CONTROL.note_run_ended = noting
setattr(module, name, at_the_moment)
CONTROL.listeners.append(Told(1))
state = trading_day(return_state=True)
print(json.dumps({"line": "state", "name": state.name, "type": state.type}))
"""


@pytest.mark.parametrize(("moment", "window_s"), [("startup", 600.0), ("closing", 6.0)])
def test_run_cancelled_while_it_has_no_session_ends_flat_and_cancelled(
    start_paper, prefect_server, tmp_path, moment, window_s
):
    paper, settings = start_paper(window_s=window_s, speed=10)
    server_paths, port = prefect_server
    done = subprocess.run(
        [sys.executable, "-c", CANCELLED_AT, moment, str(patience(60))],
        env=px_environ({**os.environ, **prefect_environ(server_paths, port)}, settings),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert said, done.stderr[-3000:]
    entries = [line for line in said if line.get("code") == "phase.entering"]
    assert said[-1] == {"line": "state", "name": "Flattened (cancelled)", "type": "CANCELLED"}, (
        done.stderr[-3000:]
    )
    assert bool(entries) is (moment == "closing")
    assert paper.is_flat()
