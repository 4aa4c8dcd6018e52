"""The day's end of every account, also of one that no session traded or whose session died."""

from typing import Any

from prefect import State, flow

from flows.each_account import of_each
from flows.states import done, failed, skipped
from pxcore.calendar.hours import trading_day_at
from pxcore.config.settings import load_settings
from pxcore.reports.verdict import Verdict
from pxcore.text.counting import counted
from tasks.marks import marked
from tasks.run_log import logged_run
from tasks.whole_day import check_account, publish


@flow(name="end-of-day", retries=0, persist_result=False)
def end_of_day() -> State[Any]:
    """Our journals of the whole day against the venue, per account."""
    base = load_settings()
    with logged_run(base), marked("end-of-day", base):
        day = trading_day_at(base.clock.now())
        if not day.is_tradable:
            return skipped(day.name or "no trading day", f"{day.day} is {day.kind}")
        found, problems = of_each(check_account)
        checked = [one for one in found if one is not None]
        publish(day.day, checked, problems, return_state=True)
    broken = [one for one in checked if one.verdict == Verdict.BROKEN]
    problems += [f"account {one.account_id}: the record is broken" for one in broken]
    if problems:
        return failed("Failed (not reconciled)", "; ".join(problems))
    fills = sum(one.fills for one in checked)
    return done(f"reconciled, {counted(fills, 'fill')}", "; ".join(one.verdict for one in checked))
