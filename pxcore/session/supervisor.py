"""The parent's side of a session: start its process, relay what it says, and see it end flat.

May be interrupted at any line (a cancel, a time-out, a signal): the pipe closes, the session
flattens by itself. When the session has died or hangs, its account is flattened from here.
"""

import queue
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import IO

import msgspec

from pxcore.clock.own_time import Attended
from pxcore.config.paths import Paths
from pxcore.config.settings import Mode, Settings
from pxcore.engine.commands import Level, Notice
from pxcore.engine.events import Ask
from pxcore.flatten.door import Door
from pxcore.gateway.rest import Urgency
from pxcore.host.handing import hand_over
from pxcore.host.spawn import end, end_of_input, spawn
from pxcore.host.starting import Hangs, Step
from pxcore.model import ProtocolError, PxError, Scope, Unavailable
from pxcore.ownership.account_lock import AccountBusy
from pxcore.session.lines import Ended, ExitStatus, Line, Milestone, Progress, read_line
from pxcore.session.plan import SessionPlan, latch_halt_of, require_agreement
from pxcore.session.progress import HALTED
from pxcore.venue.connect import connect

_SILENCE_S = 20.0  # a session says something every half second
_LOOK_S = 0.5
_GAP_S = 2.0  # a longer one between two looks was our own
_PATIENCE_S = (25.0, 5.0, 5.0)  # pipe closed, SIGTERM, SIGKILL; Prefect's cancel allows 30 s
_PATIENCE_WITH_HUNG_S = (3.0, 2.0, 5.0)
_LATE_S = 240.0  # after the window's end, in seconds of ours: more than its own flatten may take
_LAST_RESORT_S = 60.0


class Supervisor:
    """One session process. `on_line` is called with every line it says."""

    def __init__(
        self, plan: SessionPlan, settings: Settings, *, on_line: Callable[[Line], None]
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._on_line = on_line
        self._lines: queue.SimpleQueue[bytes | str | None] = queue.SimpleQueue()
        self._ended: Ended | None = None
        self._process: subprocess.Popen[str] | None = None
        self._is_stop_asked = False
        # What is held already when it begins is not left unguarded for as long as a start may take.
        self._is_starting = not plan.adopts_opening
        self._attended = Attended(_GAP_S)
        self._heard_at_s = 0.0

    def ask_to_stop(self) -> None:
        """The session flattens and ends; one that has not started yet does so at once."""
        self._is_stop_asked = True
        if self._process is not None:
            _ask(self._process, Ask.STOP)

    def ask_to_leave(self) -> None:
        """It ends and sends nothing, if it is flat or protected; else it flattens."""
        self._is_stop_asked = True
        if self._process is not None:
            _ask(self._process, Ask.LEAVE)

    def run(self) -> Ended:
        """How the session ended. `is_flat` is false when nobody could prove it.

        Raises AccountBusy when another session holds the account: nothing was touched.
        """
        require_agreement(self._plan, self._settings)
        paths = Paths(self._settings.home)
        process = spawn(
            "pxcore.session.process",
            hand_over(paths.handed, msgspec.json.encode(self._plan)),
            stderr=paths.logs / f"{self._plan.session_id}.err",
        )
        self._process = process
        if self._is_stop_asked:
            _ask(process, Ask.STOP)
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()
        try:
            why_not = self._relay(process)
        except BaseException:
            self._leave(process)
            raise
        patience = _PATIENCE_S if why_not is None else _PATIENCE_WITH_HUNG_S
        status = end(process, patience=patience)
        if self._ended is None:
            self._drain()
        if self._ended is not None and self._ended.is_refused and status == ExitStatus.NOT_STARTED:
            raise AccountBusy(self._ended.reason)
        if self._ended is not None and self._is_believed(self._ended, status):
            return self._ended
        if self._ended is None:
            why = why_not or f"session process ended with status {status} and no last line"
        elif self._ended.is_flat or self._ended.is_left:
            why = (
                f"{self._ended.reason}; its last word is not believed, its exit status is {status}"
            )
        else:
            why = self._ended.reason
        return self._flatten_for_it(why)

    def _leave(self, process: "subprocess.Popen[str]") -> None:
        """We are interrupted. Its pipe is closed, so it flattens, however long that takes, and ends
        by itself: it is waited for, and killed only when it has fallen silent.
        """
        try:
            end_of_input(process)
            process.wait(_PATIENCE_S[0])
        except subprocess.TimeoutExpired:
            if self._is_silent():
                end(process, patience=_PATIENCE_WITH_HUNG_S)
                self._flatten_for_it("session process hung while its flow was interrupted")

    def _read(self, stream: IO[str] | None) -> None:
        assert stream is not None
        for line in stream:
            self._heard_at_s = self._attended.total_s
            self._lines.put(line)
        self._lines.put(None)

    def _relay(self, process: "subprocess.Popen[str]") -> str | None:
        """Passes lines on until the last one. Why it gave up waiting, or None."""
        clock = self._settings.clock
        deadline = self._plan.window_end + timedelta(seconds=_LATE_S * clock.speed)
        step = self._starting(process)
        while True:
            try:
                line = self._next(step if self._is_starting else None)
            except queue.Empty:
                return f"session process said nothing for {_SILENCE_S:g} s"
            except Hangs as error:
                return str(error)
            if line is None:
                return None
            self._take(line)
            if clock.now() > deadline and self._ended is None:
                _ask(process, Ask.STOP)
                return "session process outlived its window"

    def _starting(self, process: "subprocess.Popen[str]") -> Step:
        log = Paths(self._settings.home).logs / f"{self._plan.session_id}.err"
        idle_s = self._settings.connect_timeout_s + self._settings.reply_timeout_s
        return Step("the session's start", process, log=log, idle_s=idle_s)

    def _next(self, step: Step | None) -> bytes | str | None:
        """Waits for the next line. One that is starting is waited for while it moves on; one that
        trades says something every half second. Raises Hangs or queue.Empty.
        """
        self._heard_at_s = self._attended.look()
        while True:
            try:
                line = self._lines.get(timeout=_LOOK_S)
            except queue.Empty:
                if self._has_died():
                    return None
                if step is not None:
                    step.look()
                elif self._is_silent():
                    raise
                continue
            if step is not None:
                step.note()
            return line

    def _is_silent(self) -> bool:
        """Since its last line, by the time in which we were there to hear it."""
        return self._attended.look() - self._heard_at_s > _SILENCE_S

    def _has_died(self) -> bool:
        """Its pipe may be kept open by a child of its, and then says nothing for ever."""
        return self._process is not None and self._process.poll() is not None

    def _drain(self) -> None:
        while True:
            try:
                line = self._lines.get(timeout=1.0)
            except queue.Empty:
                return
            if line is None:
                return
            self._take(line)

    def _take(self, text: bytes | str) -> None:
        try:
            line = read_line(text)
        except ProtocolError:
            line = Milestone(
                at=self._settings.clock.now(),
                level=Level.WARNING,
                code="session.noise",
                text=str(text).strip()[:200],
            )
        if isinstance(line, Progress):
            self._is_starting = False
        if isinstance(line, Ended):
            self._ended = line
        if isinstance(line, Milestone) and line.code == HALTED:
            self._latch(line.text)
        self._on_line(line)

    def _latch(self, reason: str) -> None:
        """The session does it too; one of the two may be killed, or find the store locked."""
        try:
            latch_halt_of(self._plan, self._settings, reason)
        except Unavailable as error:
            self._on_line(
                Milestone(
                    at=self._settings.clock.now(),
                    level=Level.WARNING,
                    code="halt.not_latched",
                    text=str(error),
                )
            )

    def _flatten_for_it(self, why: str) -> Ended:
        """The session did not end flat: look, and unless in shadow do it by REST from here."""
        if self._plan.mode is Mode.SHADOW:
            return Ended(reason=why, is_flat=self._ended is not None and self._ended.is_flat)
        is_crash = self._ended is None
        client = connect(self._settings)
        door = Door(
            self._settings,
            self._plan.account.id,
            client=client,
            scope=self._plan.scope,
            by="last resort",
            say=self._say,
        )
        try:
            door.flatten(
                why, timeout_s=_LAST_RESORT_S, about=self._plan.session_id, is_taking_over=True
            )
        except PxError as error:
            return Ended(reason=f"{why}; {error}", is_flat=False, is_crash=is_crash)
        finally:
            client.close()
        return Ended(reason=why, is_flat=True, is_crash=is_crash)

    def _say(self, notice: Notice) -> None:
        now = self._settings.clock.detached().now()
        self._on_line(Milestone(at=now, level=Level.ALARM, code=notice.code, text=notice.text))

    # -- believing it -------------------------------------------------------------------------

    def _is_believed(self, ended: Ended, status: int | None) -> bool:
        """Its last word is only a word: the exit status must be that of it, and the venue must
        show nothing of its contract.
        """
        if ended.is_left:
            return status in (ExitStatus.LEFT, ExitStatus.FLAT)
        if not ended.is_flat or status != ExitStatus.FLAT:
            return False
        return self._plan.mode is Mode.SHADOW or self._looks_flat()

    def _looks_flat(self) -> bool:
        with closing(connect(self._settings)) as client:
            try:
                look = client.snapshot(
                    self._plan.account.id, day_start=self._plan.day_start, urgency=Urgency.URGENT
                )
            except PxError as error:
                text = f"the session says flat, and the account cannot be read: {error}"
                self._say(Notice(level=Level.ALARM, code="end.unread", text=text))
                return False
        return look.only(Scope.of((self._plan.contract.id,))).is_flat


def _ask(process: "subprocess.Popen[str]", ask: Ask) -> None:
    if process.stdin is None or process.stdin.closed:
        return
    try:
        process.stdin.write(f"{ask}\n")
        process.stdin.flush()
    except BrokenPipeError:
        return  # it has gone already; what it left is looked at next
