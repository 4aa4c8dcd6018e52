"""The flatten by the time to be flat, as a flow, on an account that no session holds."""

import os
import subprocess
import sys

import pytest
from patience import patience

from pxcore.cli.orchestrator import prefect_environ, px_environ

pytestmark = [pytest.mark.process, pytest.mark.e2e]

RUN = """
from flows.safety import safety_flatten

state = safety_flatten(return_state=True)
print(f"{state.name}: {state.message}")
"""
# The paper market opens at 08:30: by these it is after the time to be flat already.
OVER = {"PX_WINDOW_START": "07:00", "PX_WINDOW_END": "08:00", "PX_FLAT_BY": "08:10"}


def test_whatever_is_held_after_the_time_to_be_flat_is_closed(
    start_paper, prefect_server, tmp_path
):
    paper, settings = start_paper(window_s=600.0)
    server_paths, port = prefect_server
    environ = px_environ({**os.environ, **prefect_environ(server_paths, port)}, settings | OVER)

    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *command],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )

    placed = run(
        *("-m", "pxcore.cli", "order", "place", "market"), "--side", "buy", "--size", "1", "--yes"
    )
    assert placed.returncode == 0, placed.stdout + placed.stderr
    assert not paper.is_flat()

    first, second = run("-c", RUN), run("-c", RUN)

    assert "Completed (flat): " in first.stdout and "verified by REST" in first.stdout, first
    assert paper.is_flat()
    assert "holds nothing" in second.stdout
