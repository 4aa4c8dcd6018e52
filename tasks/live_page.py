"""A session under way, on its run's page: where it stands, and events for automations.

At best and beside everything: a thread of its own tells Prefect, and an API that is away costs
the page and nothing else.
"""

import contextvars
import threading
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from loguru import logger

from pxcore.session.lines import Ended, Line, Milestone, Progress
from pxcore.session.plan import SessionPlan
from pxcore.session.progress import HALTED
from tasks.pages import emit, publish_progress, update_progress

_EVERY_S = 5.0
_JOIN_S = 3.0
EVENTS = {
    "entry.sent": "px.order.sent",
    "phase.unprotected": "px.order.filled",
    "phase.protected": "px.position.protected",
    "phase.flat": "px.position.closed",
    HALTED: "px.limit.reached",
    "kill_switch": "px.kill_switch.engaged",
}


class LivePage:
    """`take` every line of the session, from any thread."""

    def __init__(self, plan: SessionPlan) -> None:
        self._plan = plan
        self._progress: Progress | None = None
        self._last = "starting"
        self._artifact: UUID | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        context = contextvars.copy_context()  # which run it is, and whose server
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="live-page", daemon=True
        )
        self._thread.start()
        self._emit("px.session.started", {})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def take(self, line: Line) -> None:
        match line:
            case Progress():
                self._progress = line
            case Milestone(code=code, text=text):
                self._last = f"{code} {text}"
                if code in EVENTS:
                    self._emit(EVENTS[code], {"code": code, "text": text})
            case Ended(reason=reason, is_flat=is_flat):
                self._last = f"ended {'flat' if is_flat else 'NOT PROVEN FLAT'}: {reason}"
                self._emit("px.session.ended", {"reason": reason, "is_flat": is_flat})

    def _run(self) -> None:
        while True:
            is_last = self._stopped.wait(_EVERY_S if self._artifact is not None else 1.0)
            try:
                self._show()
            except Exception as error:  # Prefect's page is a courtesy
                logger.debug("live page: {}", error)
            if is_last:
                return

    def _show(self) -> None:
        told, done = self._told(), self._done()
        if self._artifact is None:
            key = f"live-{self._plan.account.id}"
            self._artifact = publish_progress(key=key, percent=done, about=told)
        else:
            update_progress(self._artifact, percent=done, about=told)

    def _done(self) -> float:
        """Of the window, in per cent."""
        if self._progress is None:
            return 0.0
        plan = self._plan
        whole = (plan.window_end - plan.window_start).total_seconds()
        gone = (self._progress.at - plan.window_start).total_seconds()
        return round(min(max(gone / whole, 0.0), 1.0) * 100, 1)

    def _told(self) -> str:
        plan, at = self._plan, self._progress
        title = f"{plan.mode}, account {plan.account.id}, {plan.contract.name}"
        if at is None:
            return f"{title}: {self._last}"
        held = f"{at.exposure:+d} at {at.average_price}" if at.exposure else "flat"
        return (
            f"{title}: {held} ({at.phase}), day P&L {_usd(at.day_usd)} USD, headroom "
            f"{_usd(at.headroom_usd)} USD, {at.trades} trades, {at.denials} denied; "
            f"last: {self._last}"
        )

    def _emit(self, name: str, payload: dict[str, Any]) -> None:
        try:
            emit(
                name,
                resource={
                    "prefect.resource.id": f"px.session.{self._plan.session_id}",
                    "prefect.resource.name": self._plan.session_id,
                    "px.account": str(self._plan.account.id),
                },
                payload=payload,
            )
        except Exception as error:  # so are its events
            logger.debug("event {}: {}", name, error)


def _usd(amount: Any) -> str:
    return "-" if amount is None else f"{amount:+,.2f}"
