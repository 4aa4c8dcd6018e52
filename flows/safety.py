"""What is done whether or not any session is well: flat by the time to be flat, and the sweep."""

from typing import Any

from prefect import State, flow
from prefect.logging import get_run_logger
from prefect.states import Failed

from flows.each_account import of_each
from flows.states import done, skipped
from pxcore.calendar import CHICAGO, trading_day_at
from pxcore.runtime.lock import AccountBusy
from pxcore.runtime.plan import safety_time
from pxcore.settings import Settings, load_settings
from tasks.flattening import flatten_account, spare_or_flatten
from tasks.marks import marked
from tasks.run_log import logged_run
from tasks.sweeping import close_dead_runs, forget_marks, watchdog_problem

_TIMEOUT_S = 60.0


@flow(name="safety-flatten", retries=0, persist_result=False)
def safety_flatten() -> State[Any]:
    """Every account that is not flat by the time to be flat is flattened, whoever holds it."""
    base = load_settings()
    with logged_run(base), marked("safety-flatten", base):
        now = base.clock.now()
        day = trading_day_at(now)
        if not day.is_tradable:
            return skipped(day.name or "no trading day", f"{day.day} is {day.kind}")
        due = safety_time(base, now)
        if now < due:
            at = f"{due.astimezone(CHICAGO):%H:%M} Chicago of {day.day}"
            return skipped("not due", f"flat is demanded from {at}; the market's clock is before")
        found, problems = of_each(
            lambda one: flatten_account(one, by="safety-flatten", timeout_s=_TIMEOUT_S)
        )
    told = [one.text for one in found]
    if problems:
        return Failed(name="Failed (not flat!)", message="; ".join(problems + told))
    return done("flat", "; ".join(told))


@flow(name="sweep", retries=0, persist_result=False)
def sweep() -> State[Any]:
    """Runs whose process is gone are Crashed, and what a session among them left is flattened."""
    base = load_settings()
    with logged_run(base), marked("sweep", base):
        swept = close_dead_runs(base)
        accounts = {mark.account_id for mark in swept if mark.flow == "trading-day"}
        _, problems = of_each(lambda one: _see_to(one, is_swept=one.account_id in accounts))
        if not problems:  # else it is all done again
            forget_marks(base, swept)
    if problems:
        return Failed(name="Failed (not flat!)", message="; ".join(problems))
    return done(f"{len(swept)} swept" if swept else "nothing to do")


def _see_to(settings: Settings, *, is_swept: bool) -> None:
    """Is the account watched? And after a run that is gone: is it flat?"""
    silent = watchdog_problem(settings)
    if silent is not None:
        get_run_logger().warning("%s", silent)
    if not is_swept:
        return
    try:
        spare_or_flatten(settings, by="sweep: a run is gone", timeout_s=_TIMEOUT_S)
    except AccountBusy as busy:
        get_run_logger().info("%s", busy)
