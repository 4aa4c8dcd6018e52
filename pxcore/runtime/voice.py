"""What the session says, without ever waiting for whoever listens."""

import queue
import threading
from typing import BinaryIO

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
