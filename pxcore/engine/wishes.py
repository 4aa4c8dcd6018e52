"""What people want of a session, by its pipe or the kill switch, and what its shell cannot do."""

from pxcore.engine.commands import Halt, Level
from pxcore.engine.ending import Ending
from pxcore.engine.events import Ask, Asked, KillSwitchSeen, ShellFault
from pxcore.engine.outbox import Outbox
from pxcore.engine.state import State


class Wishes:
    """Owned by the engine."""

    def __init__(self, state: State, out: Outbox, ending: Ending) -> None:
        self._state = state
        self._out = out
        self._ending = ending
        self._is_kill_engaged = False

    def on_asked(self, event: Asked) -> None:
        self._out.notice(Level.INFO, f"asked.{event.ask}", f"asked to {event.ask}: {event.why}")
        match event.ask:
            case Ask.STOP:
                self._ending.end(event.at, event.why)
            case Ask.FLATTEN:
                self._state.is_paused = True
                self._ending.flatten(event.at, event.why)
            case Ask.PAUSE:
                self._state.is_paused = True
            case Ask.RESUME:
                self._state.is_paused = False
            case Ask.LEAVE:
                self._ending.ask_to_leave(event.at, event.why)

    def on_kill_switch(self, event: KillSwitchSeen) -> None:
        """Released, it keeps entries out of this session until a person lets them in."""
        state = self._state
        if event.reason is None:
            by = f": {event.why}" if event.why else ""
            if event.resumes and state.kill_reason is not None:
                self._out.notice(Level.WARNING, "kill_switch.resumed", f"told to enter again{by}")
                state.kill_reason = None
            elif self._is_kill_engaged:
                state.kill_reason = f"{state.kill_reason}; released, and not told to enter again"
                told = f"kill switch released{by}; no entries until a person lets this session in"
                self._out.notice(Level.WARNING, "kill_switch.released", told)
            self._is_kill_engaged = False
            return
        if not self._is_kill_engaged:
            told = f"kill switch engaged: {event.reason}"
            self._out.notice(Level.ALARM, "kill_switch", told)
        self._is_kill_engaged, state.kill_reason = True, event.reason
        if event.flattens and self._ending.reason is None:
            self._ending.end(event.at, f"kill switch: {event.reason}")

    def on_fault(self, event: ShellFault) -> None:
        self._out.notice(Level.ALARM, "fault", event.what)
        if self._state.halt_reason is None:
            self._state.halt_reason = event.what
            self._out.add(Halt(reason=event.what))
