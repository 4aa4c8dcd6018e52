"""`python -m deployments.deploy POOL`: the same deployments for the workers of a work pool.

Three queues: a session runs on the machine that may trade its account, which is the queue of the
account's label (`sessions` without one); what must work when a session does not is in `safety`;
reports may run anywhere. Done by `px deploy --pool POOL`.
"""

import os
import shlex
import sys

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound

from deployments.register import WITHOUT_SERVER, register
from deployments.registry import Runner, deployments_of
from deployments.saying import complain, say, say_problems
from deployments.trading_day import queue_of
from pxcore.cli.orchestrator import HEARTBEAT_EVERY_S
from pxcore.config.accounts import accounts
from pxcore.config.settings import AccountlessSettings, load_settings
from pxcore.host.entry import settle
from pxcore.model import Misconfigured

SAFETY, ANYWHERE = "safety", "anywhere"
_ANYWHERE = ("weekly-report",)


def deploy(pool: str) -> list[str]:
    """Registered, the pool made if need be; the names of its queues."""
    _make_pool(pool)
    known = accounts(load_settings(kind=AccountlessSettings))
    sessions = deployments_of(Runner.SESSIONS)
    for deployment, account in zip(sessions, known, strict=True):
        _put(deployment, pool, queue_of(account))
    others = deployments_of(Runner.SAFETY)
    for deployment in others:
        _put(deployment, pool, ANYWHERE if deployment.name in _ANYWHERE else SAFETY)
    register([*sessions, *others])
    return [*(queue_of(account) for account in known), SAFETY, ANYWHERE]


def _put(deployment: RunnerDeployment, pool: str, queue: str) -> None:
    """Its runs beat as often as the automation of runs without heartbeats expects, whatever the
    worker's machine says: Prefect's own 180 s would have every day called Crashed.
    """
    beat = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_EVERY_S)}
    deployment.job_variables = {"env": beat}
    deployment.work_pool_name = pool
    deployment.work_queue_name = queue


def _make_pool(pool: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            found = client.read_work_pool(pool)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
            return
    if found.type != "process":
        raise Misconfigured(f"work pool {pool} is of type {found.type}: a process pool is needed")


def main(argv: list[str]) -> int:
    if len(argv) != 2:
        complain("usage: python -m deployments.deploy POOL")
        return 2
    if not os.environ.get("PREFECT_API_URL"):
        complain(WITHOUT_SERVER)
        return 2
    try:
        queues = deploy(argv[1])
    except Misconfigured as error:
        say_problems(error)
        return 2
    say(f"work pool {argv[1]}, on the machine of each queue:")
    for queue in queues:
        say(f"  prefect worker start --pool {shlex.quote(argv[1])} --work-queue {queue}")
    return 0


if __name__ == "__main__":
    settle()
    sys.exit(main(sys.argv))
