"""When an instruction passed each step of its way, on one clock (`time.perf_counter_ns`)."""

import time

from pxcore.engine.commands import Command
from pxcore.journal.rows import Timing
from pxcore.session.inbox import Came


class Stamps:
    """Of one instruction; what it never passed is None."""

    def __init__(self, came: Came, decided_ns: int) -> None:
        self._came = came
        self._decided_ns = decided_ns
        self._dispatched_ns: int | None = None
        self._ready_ns: int | None = None
        self._written_ns: int | None = None
        self._sent_ns: int | None = None

    def dispatched(self) -> None:
        """The dispatcher has it."""
        self._dispatched_ns = time.perf_counter_ns()

    def ready(self) -> None:
        """Its request is made, and its connection taken."""
        self._ready_ns = time.perf_counter_ns()

    def written(self) -> None:
        """Its intent is with the operating system, or need not be."""
        self._written_ns = time.perf_counter_ns()

    def sent(self) -> None:
        """Its bytes are with the system's socket."""
        self._sent_ns = time.perf_counter_ns()

    def answered(self, command: Command, tag: str | None) -> Timing:
        """The row of the journal; its last step is now."""
        came, now_ns = self._came, time.perf_counter_ns()

        def us(moment_ns: int | None) -> float | None:
            return None if moment_ns is None else round((moment_ns - came.received_ns) / 1000, 1)

        return Timing(
            command=str(type(command).__struct_config__.tag),
            tag=tag,
            is_at_once=self._sent_ns is not None,
            decoded_us=us(came.decoded_ns) or 0.0,
            queued_us=us(came.queued_ns) or 0.0,
            decided_us=us(self._decided_ns) or 0.0,
            dispatched_us=us(self._dispatched_ns),
            ready_us=us(self._ready_ns),
            written_us=us(self._written_ns),
            sent_us=us(self._sent_ns),
            answered_us=us(now_ns) or 0.0,
        )
