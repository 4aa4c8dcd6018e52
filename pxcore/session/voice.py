"""What the session says, without ever waiting for whoever listens, and where nobody else can speak.

A session runs a strategy, which may print whatever it likes and start processes that do. All of
that goes to the log: the pipes to the parent are descriptors of our own.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple, Self

from loguru import logger
from msgspec.structs import replace

from pxcore.session.lines import Ended, Line, Milestone, Progress, encode
from pxcore.text.plain import plain

_QUEUED_MAX = 1000


class Pipes(NamedTuple):
    """Descriptors of the pipes to the parent: on which it asks, and on which we speak."""

    asks: int
    says: int


def own_pipes() -> Pipes:
    """The pipes that were standard input and output, for ourselves alone from here on.

    Standard output is standard error then, the process's log, and standard input is empty. A
    process that is forked has neither pipe, one that is started inherits none. To be called before
    anything is imported that is not ours.
    """
    sys.stdout.flush()
    pipes = Pipes(asks=os.dup(0), says=os.dup(1))
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr,unused-ignore]
    if hasattr(os, "register_at_fork"):  # Windows forks nothing
        os.register_at_fork(after_in_child=lambda: _close(*pipes))
    return pipes


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class Voice:
    """Lines to the parent's pipe, written by a thread of its own.

    A parent that does not read loses progress lines first, then milestones; one that is gone
    loses everything, and the session goes on to its flatten.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
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
                data = encode(_shown(line)) + b"\n"
            except Exception as error:  # the edge of this thread: the lines after it are said
                logger.error("a line cannot be said: {!r}", error)
                continue
            try:
                write_all(self._descriptor, data)
            except OSError:
                return


def _shown(line: Line) -> Line:
    """With texts that act on no screen: a reason may be a strategy's own words."""
    match line:
        case Milestone(text=text):
            return replace(line, text=plain(text))
        case Ended(reason=reason):
            return replace(line, reason=plain(reason))
        case Progress():
            return line


def write_all(descriptor: int, data: bytes) -> None:
    """Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


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
