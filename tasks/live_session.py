"""The live session: one time-bounded task that supervises the session's process."""

from prefect import task

from pxcore.masking import Masker
from pxcore.runtime.lines import Ended, Line
from pxcore.runtime.plan import SessionPlan
from pxcore.runtime.supervisor import Supervisor
from pxcore.settings import Settings
from tasks.control import CONTROL
from tasks.live_page import LivePage
from tasks.policy import ONCE
from tasks.run_log import RunLog
from tasks.run_watch import RunWatch


@task(name="live-session", **ONCE)
def live_session(plan: SessionPlan, settings: Settings) -> Ended:
    """How the session ended. It is called in the flow's main thread, so that a cancel or a
    time-out interrupts it; the session's process then flattens by itself.

    A run that somebody cancelled or paused, by force or not, has its session asked to stop,
    whether or not anything of Prefect's tells this process.
    """
    with RunLog(Masker(settings.secrets)) as run_log, LivePage(plan) as page:

        def on_line(line: Line) -> None:
            run_log.line(line)
            page.take(line)
            CONTROL.tell(line)

        supervisor = Supervisor(plan, settings, on_line=on_line)

        def on_ended(state: str) -> None:
            run_log.alarm(f"this run is {state} in Prefect: its session is asked to stop")
            CONTROL.note_run_ended(state)
            supervisor.ask_to_stop()

        with CONTROL.supervising(supervisor), RunWatch(on_ended):
            return supervisor.run()
