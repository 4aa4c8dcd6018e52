"""What a session tells a person: to its parent, and to its log."""

from datetime import datetime

from loguru import logger

from pxcore.clock.clocks import Clock
from pxcore.engine.commands import Command, Level, Notice
from pxcore.model import Contract
from pxcore.session.lines import Milestone, Progress
from pxcore.session.progress import Narrator
from pxcore.session.voice import Voice

_DENIED_EVERY_S = 10.0
_LOG_LEVEL = {Level.INFO: "INFO", Level.WARNING: "WARNING", Level.ALARM: "ERROR"}


class Teller:
    """Waits for nobody."""

    def __init__(self, voice: Voice, contract: Contract, clock: Clock) -> None:
        self._voice = voice
        self._clock = clock
        self._narrator = Narrator(contract, denied_every_s=_DENIED_EVERY_S * clock.speed)

    def tell(self, command: Command, now: datetime) -> None:
        """What a person would want to read of it."""
        line = self._narrator.line(command, now)
        if line is not None:
            self._voice.say(line)
            logger.log(_LOG_LEVEL[line.level], "{} {}", line.code, line.text)

    def progress(self, line: Progress) -> None:
        self._voice.say(line)

    def alarm(self, code: str, text: str) -> None:
        logger.error("{} {}", code, text)
        line = Milestone(at=self._clock.now(), level=Level.ALARM, code=code, text=text)
        self._voice.say(line)

    def notice(self, notice: Notice) -> None:
        self.alarm(notice.code, notice.text)
