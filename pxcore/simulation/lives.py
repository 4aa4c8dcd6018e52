"""Who acts for us on a simulated day: a session, or whoever flattens for one that has died."""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Final

from pxcore.engine.commands import Command, PlaceEntry, PlaceStop
from pxcore.engine.engine import Engine
from pxcore.engine.events import Event, SnapshotTaken
from pxcore.engine.flatten import Flattener
from pxcore.engine.foreign import narrowed
from pxcore.model import Scope, Snapshot
from pxcore.simulation.clock_steps import SessionTime
from pxcore.simulation.desk import SimulatedSender
from pxcore.simulation.stranger_judge import WatchedStranger

_CONFIRM_S: Final = 3.0


class SimulatedSession:
    """One life of the engine, and what it was told and said: its journal."""

    def __init__(
        self, engine: Engine, desk: SimulatedSender, time: SessionTime, watched: WatchedStranger
    ) -> None:
        self.engine = engine
        self._watched = watched
        self.desk = desk
        self.time = time
        self.journal: list[tuple[Event, tuple[Command, ...]]] = []
        self.sent_at: dict[str, datetime] = {}  # entries and stops, by the venue's time

    def learn(self, event: Event, now: datetime) -> tuple[Event, tuple[Command, ...]]:
        """As it is told by its own time, and what it says to that."""
        event = self.time.stamped(event)
        commands = tuple(self.engine.step(event))
        self._watched.judge()
        self.journal.append((event, commands))
        if self.engine.state.clock.why is not None:
            self.time.hear(event)
        for command in commands:
            if isinstance(command, PlaceEntry | PlaceStop):
                self.sent_at[command.tag] = now
            if isinstance(command, PlaceEntry):
                self.time.entered(now)
        return event, commands


class Rescue:
    """Flattens the account, what is of the `scope`, with the machine of `flatten.drive`."""

    def __init__(
        self, scope: Scope, *, until_restart_s: float, may_still_arrive: Callable[[datetime], bool]
    ) -> None:
        self.until_restart_s = until_restart_s
        self._scope = scope
        numbers = count(1)
        self._flattener = Flattener(
            reason="simulated death",
            number_request=lambda: next(numbers),
            round_s=16.0,
            confirm_s=_CONFIRM_S,
            is_taking_over=True,
            may_still_arrive=may_still_arrive,
        )

    def begin(self, now: datetime) -> list[Command]:
        return self._flattener.begin(now, orders=(), held=())

    def step(self, event: Event) -> list[Command]:
        kept = narrowed(event, self._scope)
        return [] if kept is None else self._flattener.step(kept)

    def proof_by(self, event: Event) -> Snapshot | None:
        """The look that proves it, if that is the event of just now."""
        return self._flattener.proof if isinstance(event, SnapshotTaken) else None
