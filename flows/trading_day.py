"""One trading day: start up, trade the window, end the day.

Every step that matters for money is elsewhere: this file only says what follows what.
"""

from pathlib import Path

from prefect import State, flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed

from flows.outcome import DayFailed, Outcome, outcome_of
from flows.parameters import Run, in_force
from pxcore.reports.daily import DailyReport
from pxcore.reports.render import headline
from pxcore.runtime.alarms import closing_alerted
from pxcore.runtime.lock import AccountBusy
from pxcore.runtime.plan import NotNow, SessionPlan, connect
from pxcore.settings import load_settings
from tasks import end_of_day as closing
from tasks import startup as opening
from tasks.live_session import live_session
from tasks.run_log import logged_run

# Flows take neither settings nor clients: a flow's parameters are stored and shown in clear.

_AS_SET = Run()


@flow(name="startup", retries=0, persist_result=False)
def startup() -> SessionPlan:
    """Log in, resolve account and contract, and begin from an account that is in order."""
    settings = load_settings()
    client = connect(settings)
    opening.check_strategy(settings)
    opening.check_window(settings)
    opening.log_in(client)
    account = opening.resolve_account(client, settings)
    contract = opening.resolve_contract(client, settings)
    recovered = opening.recover(client, account, contract, settings)
    return opening.plan_session(client, account, contract, recovered, settings)


@flow(name="end-of-day", retries=0, persist_result=False, validate_parameters=False)
def end_of_day(plan: SessionPlan) -> tuple[DailyReport, Path]:
    """Our record against the venue's, and the daily-loss report."""
    settings = load_settings()
    with closing_alerted(settings, about=plan.session_id, account_id=plan.account.id):
        venue = closing.read_venue(connect(settings), plan, settings)
        made, folder = closing.report(plan, settings, venue)
    published = closing.publish(made, return_state=True)
    if published.is_failed():
        get_run_logger().warning("the report is on disk, not in Prefect: %s", published.message)
    return made, folder


@flow(name="trading-day", retries=0, persist_result=False)
def trading_day(run: Run = _AS_SET) -> State[Outcome]:
    """The whole day with the settings of this process. Fails unless it ends flat and reconciled.

    Args:
        run: what this run trades, instead of what the settings say
    """
    with in_force(run), logged_run(load_settings()):
        try:
            plan = startup()
            ended = live_session(plan, load_settings())
        except (NotNow, AccountBusy) as reason:
            return Cancelled(name="Skipped", message=str(reason))
        made, folder = end_of_day(plan)
    outcome = outcome_of(ended, made, folder, flow_run_id=str(flow_run.id))
    if not (outcome.flat and outcome.reconciled):
        raise DayFailed(outcome, headline(made))
    return Completed(message=headline(made), data=outcome)
