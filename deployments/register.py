"""`python -m deployments.register`: deployments and automations as they are meant, stale ones gone.

Done by `px up` before its runners start, and by `px deploy` for a work pool. May be done again at
any time: everything is by name.
"""

import os
import sys
from collections.abc import Callable
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.deployments.runner import RunnerDeployment

from deployments.automations import automations, put_in_place
from deployments.make import TAG
from deployments.registry import every_deployment
from deployments.saying import complain, say, say_problems
from pxcore.config.accounts import accounts
from pxcore.config.began_with import refuse_others
from pxcore.config.settings import AccountlessSettings, load_settings
from pxcore.host.entry import settle
from pxcore.model import Misconfigured

WITHOUT_SERVER = "PREFECT_API_URL is missing: `px up` starts a server with everything"


def register(
    deployments: list[RunnerDeployment], *, say: Callable[[str], None] = lambda text: None
) -> dict[str, UUID]:
    """Their ids by name; each is said once it is done. Those in a work pool are run by its workers,
    others by `px up`.
    """
    ids: dict[str, UUID] = {}
    for one in deployments:
        assert one.name is not None
        made = one.apply()
        assert isinstance(made, UUID)
        ids[one.name] = made
        _remove_old_schedules(made, {schedule.slug for schedule in one.schedules or ()})
        say(f"registered {one.name}")
    _remove_stale(set(ids.values()))
    put_in_place(automations(accounts(load_settings(kind=AccountlessSettings)), ids))
    return ids


def _remove_old_schedules(deployment: UUID, wanted: set[str | None]) -> None:
    """Prefect keeps what was scheduled under another slug before, and would go on starting runs
    at hours that no setting says any more.
    """
    with get_client(sync_client=True) as client:
        for there in client.read_deployment_schedules(deployment):
            if there.slug not in wanted:
                client.delete_deployment_schedule(deployment, there.id)


def _remove_stale(wanted: set[UUID]) -> None:
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    with get_client(sync_client=True) as client:
        for there in client.read_deployments(deployment_filter=ours):
            if there.id not in wanted:
                client.delete_deployment(there.id)


def main() -> int:
    if not os.environ.get("PREFECT_API_URL"):
        complain(WITHOUT_SERVER)
        return 2
    try:
        made = every_deployment()
        refuse_others(accounts(load_settings(kind=AccountlessSettings)))
        ids = register(made, say=say)
    except Misconfigured as error:
        say_problems(error)
        return 2
    say(f"{len(ids)} deployments: {', '.join(sorted(ids))}")
    return 0


if __name__ == "__main__":
    settle()
    sys.exit(main())
