"""What Prefect's server says of our own run, looked at from its start to its end.

The runner's own way to end a run dies for good in an outage of the API, and a run that is forced
into another state is told nothing at all. So the run asks itself: once somebody wants it over,
`on_ended` is called with that state. An API that is away ends nothing, and neither does a state
that nobody wished: a run may be called Crashed because its heartbeats were lost.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import UUID

from loguru import logger
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

_WISHED = (StateType.CANCELLING, StateType.CANCELLED, StateType.PAUSED)
_EVERY_S = 2.0
_JOIN_S = 3.0


class RunWatch:
    """`with RunWatch(on_ended):` in the flow's thread; without a run it does nothing."""

    def __init__(self, on_ended: Callable[[str], None], *, every_s: float = _EVERY_S) -> None:
        self._on_ended = on_ended
        self._every_s = every_s
        self._stopped = threading.Event()
        self._run_id = flow_run.id
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._run_id is not None:
            self._thread = threading.Thread(target=self._run, name="run-watch", daemon=True)
            self._thread.start()
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

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with get_client(sync_client=True) as client:
                    self._watch(client)
                return
            except Exception as error:  # whatever it is: without its word the session goes on
                logger.debug("the run's state is not known: {}", error)
                self._stopped.wait(self._every_s)

    def _watch(self, client: SyncPrefectClient) -> None:
        """Until it is stopped, or the run is wished to be over. Raises what the client raises."""
        while True:
            state = client.read_flow_run(UUID(str(self._run_id))).state
            if state is not None and state.type in _WISHED:
                self._on_ended(state.name or str(state.type))
                return
            if self._stopped.wait(self._every_s):
                return


def top_run_id() -> str:
    """Of the run that a person or the schedule started, also from a flow within it."""
    return str(flow_run.root_flow_run_id or flow_run.id)
