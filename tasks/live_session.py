"""The live session: one time-bounded task that supervises the session's process."""

from prefect import task
from prefect.logging import get_run_logger

from pxcore.engine.commands import Level
from pxcore.runtime.lines import Ended, Line, Milestone
from pxcore.runtime.plan import SessionPlan
from pxcore.runtime.supervisor import Supervisor
from pxcore.settings import Settings
from tasks.control import CONTROL
from tasks.policy import ONCE

_LOG = {Level.INFO: "info", Level.WARNING: "warning", Level.ALARM: "error"}


@task(name="live-session", **ONCE)
def live_session(plan: SessionPlan, settings: Settings) -> Ended:
    """How the session ended. It is called in the flow's main thread, so that a cancel or a
    time-out interrupts it; the session's process then flattens by itself.
    """
    logger = get_run_logger()

    def on_line(line: Line) -> None:
        if isinstance(line, Milestone):
            getattr(logger, _LOG[line.level])("%s %s", line.code, line.text)
        CONTROL.tell(line)

    supervisor = Supervisor(plan, settings, on_line=on_line)
    with CONTROL.supervising(supervisor):
        return supervisor.run()
