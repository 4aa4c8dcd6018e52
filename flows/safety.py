"""What is done whether or not any session is well: flat by the time to be flat, and the sweep."""

from typing import Any

from prefect import State, flow
from prefect.logging import get_run_logger

from flows.each_account import of_each
from flows.states import done, failed, skipped
from pxcore.calendar.hours import CHICAGO, trading_day_at
from pxcore.config.settings import (
    LenientAccountlessSettings,
    LenientSettings,
    Mode,
    Settings,
    load_settings,
)
from pxcore.day.window import safety_time
from pxcore.ownership.account_lock import AccountBusy
from tasks.flattening import flatten_account, spare_or_flatten
from tasks.marks import marked
from tasks.run_log import logged_run
from tasks.sweeping import close_dead_runs, forget_marks, watchdog_problem

_TIMEOUT_S = 60.0


@flow(name="safety-flatten", retries=0, persist_result=False)
def safety_flatten() -> State[Any]:
    """Every account that is not flat by its time to be flat is flattened, whoever holds it."""
    base = load_settings(kind=LenientAccountlessSettings)
    with logged_run(base), marked("safety-flatten", base):
        found, problems = of_each(_by_the_time, LenientSettings)
    told = [text for text, _ in found]
    if problems:
        return failed("Failed (not flat!)", "; ".join(problems + told))
    skips = [kind for _, kind in found if kind is not None]
    if len(skips) == len(found):
        return skipped(skips[0], "; ".join(told))
    return done("flat", "; ".join(told))


def _by_the_time(settings: Settings) -> tuple[str, str | None]:
    """What was done about the account, and why nothing was, None when something was due."""
    now = settings.clock.now()
    day, due = trading_day_at(now), safety_time(settings, now)
    name = f"account {settings.account_id}"
    if not day.is_tradable:
        return f"{name}: {day.day} is {day.kind}", day.name or "no trading day"
    if now < due:
        at = f"{due.astimezone(CHICAGO):%H:%M} Chicago of {day.day}"
        return f"{name}: flat is demanded from {at}; the market's clock is before", "not due"
    if settings.mode is Mode.SHADOW:
        return f"{name}: shadow sends nothing", "shadow"
    told = flatten_account(settings, by="safety-flatten", timeout_s=_TIMEOUT_S)
    return told.text, None


@flow(name="sweep", retries=0, persist_result=False)
def sweep() -> State[Any]:
    """Runs whose process is gone are Crashed, and what a session among them left is flattened."""
    base = load_settings(kind=LenientAccountlessSettings)
    with logged_run(base), marked("sweep", base):
        swept = close_dead_runs(base)
        accounts = {mark.account_id for mark in swept if mark.flow == "trading-day"}
        _, problems = of_each(
            lambda one: _see_to(one, is_swept=one.account_id in accounts), LenientSettings
        )
        if not problems:  # else it is all done again
            forget_marks(base, swept)
    if problems:
        return failed("Failed (not flat!)", "; ".join(problems))
    return done(f"{len(swept)} swept" if swept else "nothing to do")


def _see_to(settings: Settings, *, is_swept: bool) -> None:
    """Is the account watched? And after a run that is gone: is it flat?"""
    silent = watchdog_problem(settings)
    if silent is not None:
        get_run_logger().warning("%s", silent)
    if not is_swept or settings.mode is Mode.SHADOW:
        return
    try:
        spare_or_flatten(settings, by="sweep: a run is gone", timeout_s=_TIMEOUT_S)
    except AccountBusy as busy:
        get_run_logger().info("%s", busy)
