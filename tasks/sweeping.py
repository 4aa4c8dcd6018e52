"""What the sweep sees and does in Prefect: runs that say Running and have no process."""

from uuid import UUID

from prefect import get_client, task
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.states import Crashed

from pxcore.alerts.occasions import alert_unwatched
from pxcore.config.settings import Settings
from pxcore.model import PxError
from pxcore.ownership.run_marks import RunMark, dead_runs, forget_run
from pxcore.preflight.local import watchdog_silence
from tasks.policy import ONCE


@task(name="close-dead-runs", **ONCE)
def close_dead_runs(settings: Settings) -> tuple[RunMark, ...]:
    """The runs of this machine whose process ended without a word, Crashed in Prefect now.

    Their marks stay: a sweep that is killed, or cannot see to an account, is done again.
    """
    found = dead_runs(settings.home)
    with get_client(sync_client=True) as client:
        for mark in found:
            try:
                state = client.read_flow_run(UUID(mark.run_id)).state
            except ObjectNotFound:
                state = None
            if state is not None and not state.is_final():
                why = f"process {mark.pid} is gone: found by the sweep"
                client.set_flow_run_state(UUID(mark.run_id), Crashed(message=why), force=True)
                get_run_logger().warning("run %s of %s: %s", mark.run_id, mark.flow, why)
    return found


def forget_marks(settings: Settings, marks: tuple[RunMark, ...]) -> None:
    """What was to be done about these runs is done."""
    for mark in marks:
        forget_run(settings.home, mark.run_id)


@task(name="look-at-watchdog", **ONCE)
def watchdog_problem(settings: Settings) -> str | None:
    """Why the account is not watched, None when it is. Alerted, once a day."""
    if settings.account_id is None:
        return None
    try:
        silence = watchdog_silence(settings, settings.account_id)
    except PxError as error:
        return str(error)
    if silence is not None:
        alert_unwatched(settings, silence)
    return silence
