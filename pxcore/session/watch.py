"""Threads that watch for a person's wish: the pipe of the parent, files, the control socket."""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from loguru import logger

from pxcore.clock.clocks import Clock
from pxcore.day.kill_switch import KillSwitch, both_of
from pxcore.engine.events import Ask, Asked, Event, KillSwitchSeen, OperatorSeen, ShellFault
from pxcore.model import PxError
from pxcore.ownership.account_lock import LEAVE, STOP, AccountBusy, AccountLock
from pxcore.ownership.control_socket import Call, Wish

_EVERY_S = 0.5
_BY_ITS_RUN = {  # what the run of the session, which holds its pipe, can want of it
    Ask.STOP: "its run was stopped",
    Ask.LEAVE: "its run left it to its bracket",
    Ask.FLATTEN: "its run wants it flat",
    Ask.PAUSE: "its run paused it",
    Ask.RESUME: "its run let it go on",
}


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
                deliver(Asked(at=clock.now(), ask=Ask.STOP, why="its run has ended"))
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                word = line.decode("utf-8", "replace").strip()
                if word in set(Ask):
                    deliver(Asked(at=clock.now(), ask=Ask(word), why=_BY_ITS_RUN[Ask(word)]))
                elif word:
                    deliver(ShellFault(at=clock.now(), what=f"unknown request {word!r}"))

    threading.Thread(target=run, name="pipe", daemon=True).start()


class FileWatch:
    """Looks every half second at the kill switch, at the wishes for this session, at the account's
    lock, and at the file that a person touches to say that they are there.

    `switch` says why nothing may be opened, as far as it knows at once: it may wait for nothing.
    `resumes` counts how often sessions were told in the store to enter again after it, `said` is
    who released it or let them in last, and why, as far as the store tells.
    Wishes come by the lock's socket as well, which needs no disk.
    """

    def __init__(
        self,
        switch: Callable[[], KillSwitch | None],
        lock: AccountLock,
        here_path: Path,
        *,
        clock: Clock,
        deliver: Callable[[Event], None],
        look_at_journal: Callable[[], None] = lambda: None,
        resumes: Callable[[], int] = lambda: 0,
        said: Callable[[], str] = lambda: "",
    ) -> None:
        self.lock_problem: str | None = None  # why others may take the account beside us
        self._looks = (
            self._look_at_switch,
            self._look_for_wish,
            self._tell_presence,
            self._look_at_lock,
            look_at_journal,
        )
        self._switch = switch
        self._lock = lock
        self._here_path = here_path
        self._here_s = 0.0  # when it was touched last, as far as we have told
        self._clock = clock
        self._deliver = deliver
        self._called: KillSwitch | None = None  # engaged by the socket
        self._told: KillSwitch | None = None
        self._resumes = resumes
        self._resumes_heard = resumes()
        self._may_resume = False  # told so, and the release may still be on its way
        self._said = said
        self._heard_why = ""  # by the socket
        self._wish_told: str | None = None
        self._failed = ""
        self._stopped = threading.Event()
        lock.listen(self._heed)
        self._thread = threading.Thread(target=self._run, name="file-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while True:
            for look in self._looks:
                self._try(look)
            if self._stopped.wait(_EVERY_S):
                return

    def _try(self, look: Callable[[], None]) -> None:
        """One that fails is told, and keeps neither the others nor the next time from it."""
        try:
            look()
        except Exception as error:  # the edge of this thread
            logger.opt(exception=error).error("a look at files failed")
            what = f"{look.__name__.strip('_').replace('_', ' ')}: {error}"
            if what != self._failed:
                self._failed = what
                self._deliver(ShellFault(at=self._clock.now(), what=what))

    def _look_at_switch(self) -> None:
        """A switch that is engaged again takes back what was said of the one before."""
        switch = both_of(self._switch(), self._called)
        heard = self._resumes()
        self._may_resume |= heard != self._resumes_heard
        self._resumes_heard = heard
        if switch is None and (self._told is not None or self._may_resume):
            why = self._heard_why or self._said()
            self._deliver(_released(self._clock.now(), resumes=self._may_resume, why=why))
            self._may_resume, self._heard_why = False, ""
        elif switch is not None and switch != self._told:
            self._deliver(_engaged(switch, self._clock.now()))
            self._may_resume, self._heard_why = False, ""
        self._told = switch

    def _look_for_wish(self) -> None:
        found = self._lock.wish()
        wish, why = (None, "") if found is None else found
        if wish is not None and wish != self._wish_told and self._wish_told != STOP:
            self._wish_told = wish
            self._tell(Ask.LEAVE if wish == LEAVE else Ask.STOP, why)

    def _heed(self, call: Call) -> None:
        """What reached us by the lock's socket. Called by its thread."""
        match call.wish:
            case Wish.STOP:
                self._tell(Ask.STOP, call.why)
            case Wish.LEAVE:
                self._tell(Ask.LEAVE, call.why)
            case Wish.KILL:
                self._called = KillSwitch(reason=call.why, flattens=call.flattens)
                self._try(self._look_at_switch)
            case Wish.RELEASE:
                self._called, self._heard_why = None, call.why
            case Wish.RESUME:
                self._may_resume, self._heard_why = True, call.why
                self._try(self._look_at_switch)
            case Wish.NONE:
                pass

    def _look_at_lock(self) -> None:
        """A lock whose file was deleted or replaced keeps nobody out: it is taken again."""
        problem = self._lock.problem()
        if problem is not None and problem != self.lock_problem:
            logger.error("the account's lock: {}", problem)
        self.lock_problem = problem
        if problem is None:
            return
        try:
            self._lock.take_again()
        except AccountBusy as busy:
            self._tell(Ask.LEAVE, str(busy))
        except (OSError, PxError) as error:
            self.lock_problem = f"{problem}; {error}"

    def _tell(self, ask: Ask, why: str) -> None:
        self._deliver(Asked(at=self._clock.now(), ask=ask, why=why))

    def _tell_presence(self) -> None:
        try:
            touched_s = self._here_path.stat().st_mtime
        except OSError:
            return  # nobody is there: what was told last grows old by itself
        if touched_s == self._here_s:
            return
        self._here_s = touched_s
        now = self._clock.now()
        age_s = max(time.time() - touched_s, 0.0) * self._clock.speed
        self._deliver(OperatorSeen(at=now, seen_at=now - timedelta(seconds=age_s)))


def _engaged(switch: KillSwitch, now: datetime) -> KillSwitchSeen:
    return KillSwitchSeen(at=now, reason=switch.reason, flattens=switch.flattens, resumes=False)


def _released(now: datetime, *, resumes: bool, why: str) -> KillSwitchSeen:
    return KillSwitchSeen(at=now, reason=None, resumes=resumes, why=why)
