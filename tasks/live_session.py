"""The live session: one time-bounded task that supervises the session's process."""

from pxcore.config.masking import Masker
from pxcore.config.settings import Settings
from pxcore.session.lines import Ended, Line
from pxcore.session.plan import SessionPlan
from pxcore.session.supervisor import Supervisor
from tasks.control import CONTROL
from tasks.live_page import LivePage
from tasks.policy import ONCE
from tasks.refusals import task_that_may_refuse
from tasks.run_log import RunLog


@task_that_may_refuse("live-session", **ONCE)
def live_session(plan: SessionPlan, settings: Settings) -> Ended:
    """How the session ended. It is called in the flow's main thread, so that a cancel or a
    time-out interrupts it; the session's process then flattens by itself.
    """
    with RunLog(Masker(settings.secrets)) as run_log, LivePage(plan) as page:

        def on_line(line: Line) -> None:
            run_log.line(line)
            page.take(line)
            CONTROL.tell(line)

        supervisor = Supervisor(plan, settings, on_line=on_line)
        with CONTROL.supervising(supervisor):
            return supervisor.run()
