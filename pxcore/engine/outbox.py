"""What one step decides, in its order. Every part of the engine puts its commands here."""

from pxcore.engine.commands import Command, Level, Notice


class Outbox:
    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.early: list[Command] = []  # said before the first event

    def add(self, command: Command) -> None:
        self.commands.append(command)

    def notice(self, level: Level, code: str, text: str) -> None:
        self.commands.append(Notice(level=level, code=code, text=text))

    def notice_early(self, level: Level, code: str, text: str) -> None:
        """Before the first event: it goes out with what that decides."""
        self.early.append(Notice(level=level, code=code, text=text))
