"""Threads that watch for a person's wish: the pipe of the parent, and the kill switch."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from pxcore.clock import Clock
from pxcore.engine.events import Ask, Asked, Event, KillSwitchSeen, ShellFault

_KILL_SWITCH_EVERY_S = 0.5


def watch_pipe(descriptor: int, *, clock: Clock, deliver: Callable[[Event], None]) -> None:
    """Each line is an Ask; the end of the file means that the parent is gone: stop.

    Reads with `os.read`: a daemon thread in a buffered read can abort the interpreter's exit.
    """

    def run() -> None:
        rest = b""
        while True:
            try:
                data = os.read(descriptor, 4096)
            except OSError:
                data = b""
            if not data:
                deliver(Asked(at=clock.now(), ask=Ask.STOP, why="the pipe of the flow closed"))
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                word = line.decode("utf-8", "replace").strip()
                if word in set(Ask):
                    deliver(Asked(at=clock.now(), ask=Ask(word), why="asked over the pipe"))
                elif word:
                    deliver(ShellFault(at=clock.now(), what=f"unknown request {word!r}"))

    threading.Thread(target=run, name="pipe", daemon=True).start()


class KillSwitchWatch:
    """Looks at the kill file every half second; the setting engages it for good."""

    def __init__(
        self, path: Path, *, setting: str, clock: Clock, deliver: Callable[[Event], None]
    ) -> None:
        self._path = path
        self._setting = setting
        self._clock = clock
        self._deliver = deliver
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kill-switch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        told: str | None = None
        while True:
            reason = read_kill_switch(self._path, self._setting)
            if reason != told:
                told = reason
                self._deliver(KillSwitchSeen(at=self._clock.now(), reason=reason))
            if self._stopped.wait(_KILL_SWITCH_EVERY_S):
                return


def read_kill_switch(path: Path, setting: str) -> str | None:
    """Why nothing may be opened, or None. A file that cannot be read counts as engaged."""
    if setting:
        return setting
    try:
        return path.read_text(encoding="utf-8").strip() or f"the file {path.name} exists"
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"the file {path.name} cannot be read: {error.strerror}"
