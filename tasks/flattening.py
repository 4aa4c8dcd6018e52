"""A flatten as a task: told in the run's log, never retried by Prefect."""

import msgspec
from prefect import task

from pxcore.config.settings import Settings
from pxcore.flatten.by_hand import AccountFound, AdHocFlatten, flat_told
from pxcore.ownership.account_lock import AccountBusy
from tasks.policy import ONCE
from tasks.refusals import task_that_may_refuse
from tasks.saying import say


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`is_done`: it was flat already and nothing was sent."""

    is_done: bool
    text: str


@task(name="flatten-account", **ONCE)
def flatten_account(settings: Settings, *, by: str, timeout_s: float) -> Told:
    """Whoever holds the account is asked to flatten and end first. Raises NotFlat."""
    job, found = _looked(settings, by)
    if found.is_done:
        return Told(is_done=True, text=found.text)
    return Told(is_done=False, text=flat_told(job.act(timeout_s)))


@task_that_may_refuse("spare-or-flatten", **ONCE)
def spare_or_flatten(settings: Settings, *, by: str, timeout_s: float) -> Told:
    """Only when nobody holds the account. Raises AccountBusy when somebody does, and NotFlat."""
    job, found = _looked(settings, by)
    if found.is_done:
        return Told(is_done=True, text=found.text)
    if found.holder is not None:
        raise AccountBusy(f"account {settings.account_id} is held by {found.holder}")
    return Told(is_done=False, text=flat_told(job.act_if_free(timeout_s)))


def _looked(settings: Settings, by: str) -> tuple[AdHocFlatten, AccountFound]:
    job = AdHocFlatten(settings, settings.account_id, by=by, say=say())
    found = job.look()
    say()(found.text)
    return job, found
