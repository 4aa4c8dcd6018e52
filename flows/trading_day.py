"""One trading day: start up, trade the window, end the day.

Every step that matters for money is elsewhere: this file only says what follows what.
"""

from pathlib import Path
from typing import Any

import httpx
from prefect import State, flow
from prefect.logging import get_run_logger

from flows.outcome import DayFailed, Outcome, outcome_of
from flows.parameters import Run, in_force
from flows.states import ended_day, failed, skipped_because
from pxcore.alerts.occasions import closing_alerted
from pxcore.config.settings import Settings, load_settings
from pxcore.reports.daily import DailyReport
from pxcore.reports.render import headline
from pxcore.session.lines import Ended
from pxcore.session.plan import SessionPlan
from pxcore.venue.connect import connect
from tasks import end_of_day as closing
from tasks import startup as opening
from tasks.control import CONTROL
from tasks.live_session import live_session
from tasks.marks import marked
from tasks.refusals import REFUSALS
from tasks.run_log import logged_run
from tasks.run_watch import RunWatch, top_run_id

# Flows take neither settings nor clients: a flow's parameters are stored and shown in clear.

_AS_SET = Run()
_BACKSTOP_S = 13 * 3600  # the session and its supervisor have deadlines of their own
_CLOSED: dict[str, tuple[DailyReport, Path]] = {}  # by session: what this process has closed


@flow(name="startup", retries=0, persist_result=False)
def startup() -> SessionPlan | State[Any]:
    """Log in, resolve account and contract, and begin from an account that is in order. A run that
    is refused is skipped, as the day is.
    """
    try:
        return _started_up()
    except REFUSALS as reason:
        return skipped_because(reason, is_part=True)


def _begun() -> SessionPlan:
    """What `startup` came to. Raises its refusal."""
    state = startup(return_state=True)
    refusal: Any = state.result(raise_on_failure=False) if state.is_cancelled() else None
    if isinstance(refusal, REFUSALS):
        raise refusal
    plan: Any = state.result()
    assert isinstance(plan, SessionPlan)
    return plan


def _started_up() -> SessionPlan:
    settings = load_settings()
    client = connect(settings, waits_for_budget=True)
    opening.check_strategy(settings)
    opening.check_window(settings)
    opening.log_in(client)
    account = opening.resolve_account(client, settings)
    contract = opening.resolve_contract(client, settings)
    recovered = opening.recover(client, account, contract, settings)
    return opening.plan_session(client, account, contract, recovered, settings)


@flow(name="close-session", retries=0, persist_result=False, validate_parameters=False)
def close_session(plan: SessionPlan) -> tuple[DailyReport, Path]:
    """Our record against the venue's, and the daily-loss report."""
    _CLOSED[plan.session_id] = _closed(plan)
    return _CLOSED[plan.session_id]


def _closed_anyhow(plan: SessionPlan) -> tuple[DailyReport, Path]:
    """Once, and also while Prefect's server is away: a new run needs it, the report does not."""
    try:
        return close_session(plan)
    except httpx.HTTPError as error:  # a client of Prefect's that has never connected tries once
        get_run_logger().warning("Prefect's server is away (%s): closing without a run", error)
        return _CLOSED.get(plan.session_id) or _closed(plan)


def _closed(plan: SessionPlan) -> tuple[DailyReport, Path]:
    settings = load_settings()
    with closing_alerted(settings, about=plan.session_id, account_id=plan.account.id):
        venue = closing.read_venue(connect(settings, waits_for_budget=True), plan)
        made, folder = closing.report(plan, settings, venue)
    published = closing.publish(made, folder, return_state=True)
    if published.is_failed():
        get_run_logger().warning("the report is on disk, not in Prefect: %s", published.message)
    return made, folder


@flow(name="trading-day", retries=0, persist_result=False, timeout_seconds=_BACKSTOP_S)
def trading_day(run: Run = _AS_SET) -> State[Any]:
    """The whole day with the settings of this process. Fails unless it ends flat and reconciled.

    Args:
        run: what this run trades, instead of what the settings say
    """
    try:
        with (
            in_force(run) as settings,
            logged_run(settings),
            marked("trading-day", settings),
            RunWatch(CONTROL.note_run_ended),
        ):
            return _day(settings)
    except REFUSALS as reason:
        return skipped_because(reason)
    except DayFailed as failure:
        return failed(failure.name, str(failure), data=failure)


def _day(settings: Settings) -> State[Outcome]:
    """A session that crashed is restarted, flat, as often as the settings allow."""
    ended, outcome, told = _session(restarts=0)
    for restarts in range(1, settings.restarts_max + 1):
        if not _may_restart(ended, outcome):
            break
        get_run_logger().warning("the session crashed (%s): restarting it", ended.reason)
        try:
            ended, outcome, told = _session(restarts=restarts)
        except (*REFUSALS, httpx.HTTPError) as reason:  # what was traded stays the day's result
            get_run_logger().warning("not restarted: %s", reason)
            break
    return ended_day(outcome, told, cancelled_as=CONTROL.run_ended_as)


def _session(*, restarts: int) -> tuple[Ended, Outcome, str]:
    """One session from its start-up to its report; how it ended, what it came to, in a line."""
    settings = load_settings()
    plan = _begun()
    ended = live_session(plan, settings)
    made, folder = _closed_anyhow(plan)
    outcome = outcome_of(
        ended,
        made,
        folder,
        flow_run_id=top_run_id(),
        halted=opening.halt_of_day(plan, settings),
        restarts=restarts,
    )
    return ended, outcome, headline(made)


def _may_restart(ended: Ended, outcome: Outcome) -> bool:
    is_in_order = outcome.flat and outcome.reconciled and outcome.halted is None
    return ended.is_crash and is_in_order and not CONTROL.is_stop_asked
