"""Each of our runs is seen to live, by its mark in the home folder, for the sweep."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.runtime import flow_run

from pxcore.config.settings import Settings
from pxcore.ownership.run_marks import run_marked


@contextmanager
def marked(flow: str, settings: Settings) -> Iterator[None]:
    """Meanwhile this run has its mark; without a run of Prefect's there is nothing to mark."""
    run_id = flow_run.id
    if run_id is None:
        yield
        return
    with run_marked(settings.home, run_id=str(run_id), flow=flow, account_id=settings.account_id):
        yield
