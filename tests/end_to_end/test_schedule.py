"""A real Prefect server schedules the deployment's cron: the pins that break this are silent."""

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest
from patience import patience

from pxcore.calendar.hours import CHICAGO
from pxcore.cli.orchestrator import prefect_environ

pytestmark = [pytest.mark.process, pytest.mark.e2e]

# Of an account of its own: the server is other tests' too.
REGISTER = """
import sys
from deployments.trading_day import deployments
from pxcore.config.accounts import NamedAccount
from pxcore.config.settings import Settings

account, settings = NamedAccount(id=1, label=sys.argv[1]), Settings(_env_file=None)
print(deployments((account,), (settings,))[0].apply())
"""

LIST = """
import asyncio, json
from prefect import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

async def main(deployment_id):
    async with get_client() as client:
        while True:  # the one who waits for this has a bound
            runs = await client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
            )
            if runs:
                break
            await asyncio.sleep(0.1)
        print(json.dumps([r.expected_start_time.isoformat() for r in runs]))

import sys
asyncio.run(main(sys.argv[1]))
"""


def run(code: str, *arguments: str, environ: dict[str, str]) -> str:
    output = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    assert output.returncode == 0, output.stderr
    return output.stdout.strip().splitlines()[-1]


def test_cron_deployment_gets_scheduled_runs_at_0820_chicago_on_weekdays(prefect_server):
    paths, port = prefect_server
    environ = {**os.environ, **prefect_environ(paths, port)}
    deployment_id = run(REGISTER, "of-its-own", environ=environ)
    times = json.loads(run(LIST, deployment_id, environ=environ))
    assert times, "the server scheduled nothing"
    local = [datetime.fromisoformat(t).astimezone(CHICAGO) for t in times]
    assert {(t.hour, t.minute) for t in local} == {(8, 20)}
    assert all(t.weekday() < 5 for t in local)
