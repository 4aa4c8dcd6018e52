"""Threads that watch for a person's wish: the pipe of the parent, and the kill switch."""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pxcore.clock import Clock
from pxcore.engine.events import Ask, Asked, Event, KillSwitchSeen, OperatorSeen, ShellFault
from pxcore.runtime.kill_switch import KillSwitch
from pxcore.runtime.lock import LEAVE

_EVERY_S = 0.5


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


class FileWatch:
    """Looks every half second at the kill switch, at the file that asks this session to stop, and
    at the one that a person touches to say that they are there.

    `switch` says why nothing may be opened, as far as it knows at once: it may wait for nothing.
    """

    def __init__(
        self,
        switch: Callable[[], KillSwitch | None],
        stop_path: Path,
        here_path: Path,
        *,
        clock: Clock,
        deliver: Callable[[Event], None],
    ) -> None:
        self._switch = switch
        self._stop_path = stop_path
        self._here_path = here_path
        self._here_s = 0.0  # when it was touched last, as far as we have told
        self._clock = clock
        self._deliver = deliver
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        told: KillSwitch | None = None
        is_stop_told = False
        while True:
            switch = self._switch()
            if switch != told:
                told = switch
                self._deliver(_seen(switch, self._clock.now()))
            if not is_stop_told and self._stop_path.exists():
                is_stop_told = True
                self._deliver(self._wish())
            self._tell_presence()
            if self._stopped.wait(_EVERY_S):
                return

    def _wish(self) -> Asked:
        try:
            text = self._stop_path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            text = ""
        ask = Ask.LEAVE if text == LEAVE else Ask.STOP
        why = "another command asked for the account"
        return Asked(at=self._clock.now(), ask=ask, why=why)

    def _tell_presence(self) -> None:
        try:
            touched_s = self._here_path.stat().st_mtime
        except OSError:
            return  # nobody there: what was told last grows old by itself
        if touched_s <= self._here_s:
            return
        self._here_s = touched_s
        now = self._clock.now()
        age_s = max(time.time() - touched_s, 0.0) * self._clock.speed
        self._deliver(OperatorSeen(at=now, seen_at=now - timedelta(seconds=age_s)))


def _seen(switch: KillSwitch | None, now: datetime) -> KillSwitchSeen:
    if switch is None:
        return KillSwitchSeen(at=now, reason=None)
    return KillSwitchSeen(at=now, reason=switch.reason, flattens=switch.flattens)
