"""The wire between this process's session and whoever started the process by hand.

A flow run by Prefect's runner has nobody listening: then this does nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

from pxcore.session.lines import Line
from pxcore.session.supervisor import Supervisor


class Control:
    def __init__(self) -> None:
        self.listeners: list[Callable[[Line], None]] = []
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._supervisor: Supervisor | None = None
        self._is_stop_asked = False
        self.run_ended_as: str | None = None

    @property
    def is_stop_asked(self) -> bool:
        return self._is_stop_asked

    def note_run_ended(self, state: str) -> None:
        """Prefect says that this run is over, by the state of that name: the session that runs, or
        is about to, flattens and ends, and none starts again. From any thread.
        """
        logger.error("this run is {} in Prefect: its session is asked to stop", state)
        self.run_ended_as = state
        self.ask_to_stop()

    def tell(self, line: Line) -> None:
        for listener in self.listeners:
            listener(line)

    def ask_to_stop(self) -> None:
        """The session that runs, or else the next one, flattens and ends. From any thread."""
        with self._lock:
            self._is_stop_asked = True
            if self._supervisor is not None:
                self._supervisor.ask_to_stop()

    @contextmanager
    def supervising(self, supervisor: Supervisor) -> Iterator[None]:
        with self._lock:
            self._supervisor = supervisor
            self._idle.clear()
            if self._is_stop_asked:
                supervisor.ask_to_stop()
        try:
            yield
        finally:
            with self._lock:
                self._supervisor = None
            self._idle.set()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """True once no session is supervised here."""
        return self._idle.wait(timeout_s)


CONTROL = Control()
