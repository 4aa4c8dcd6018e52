"""What the session says, without ever waiting for whoever listens."""

import queue
import threading
from collections.abc import Callable
from typing import BinaryIO, Self

from pxcore.runtime.lines import Ended, Line, Progress, encode

_QUEUED_MAX = 1000


class Voice:
    """Lines to the parent's pipe, written by a thread of its own.

    A parent that does not read loses progress lines first, then milestones; one that is gone
    loses everything, and the session goes on to its flatten.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._queue: queue.Queue[Line | None] = queue.Queue(_QUEUED_MAX)
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def say(self, line: Line) -> None:
        if isinstance(line, Progress) and not self._queue.empty():
            return
        try:
            self._queue.put_nowait(line)
        except queue.Full:
            return

    def end(self, line: Ended, timeout_s: float = 2.0) -> None:
        """The last line; waits for so long at most until it is out."""
        try:
            self._queue.put(line, timeout=timeout_s)
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                self._stream.write(encode(line) + b"\n")
                self._stream.flush()
            except OSError:
                return


class Heartbeat:
    """Says something every few seconds while a long step runs, so that it is not taken for hung."""

    def __init__(self, say: Callable[[], None], *, every_s: float = 5.0) -> None:
        self._say = say
        self._every_s = every_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._done.wait(self._every_s):
            self._say()
