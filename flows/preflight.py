"""The pre-flight list, early enough that a person can act."""

from typing import Any

from prefect import State, flow
from pydantic import Field

from flows.each_account import of_each
from flows.parameters import Form
from flows.states import done, failed
from pxcore.alerts.occasions import alert_late
from pxcore.config.settings import load_settings
from tasks.marks import marked
from tasks.preflight import check
from tasks.run_log import logged_run


class Because(Form):
    """Why the list is gone through."""

    late: str = Field("", max_length=100, description="the deployment that did not start in time")


_SCHEDULED = Because()


@flow(name="preflight", retries=0, persist_result=False)
def preflight(because: Because = _SCHEDULED) -> State[Any]:
    """Every account's list. What fails is alerted, and the session of that account will refuse.

    Args:
        because: what made somebody look
    """
    base = load_settings()
    with logged_run(base), marked("preflight", base):
        if because.late:
            alert_late(base, because.late)
        found, problems = of_each(lambda one: (one.account_id, check(one)))
    failures = problems + [f"{a}: {one.name}" for a, f in found for one in f.failures]
    warnings = sum(len(one.warnings) for _, one in found)
    if failures:
        return failed("Failed (not fit to trade)", "; ".join(failures))
    return done("fit" if not warnings else f"fit, {warnings} warnings")
