"""Whether a session trusted a time that it could not trust, or judged what it was not there to see.

Judged by what it was told and said, in its own time.
"""

from datetime import datetime, timedelta
from typing import Final

from pxcore.engine.commands import Command, FlatProven, Halt, Notice, PlaceEntry, TakeSnapshot
from pxcore.engine.events import (
    ClockStepped,
    Event,
    FillSeen,
    OrderSeen,
    PositionSeen,
    SnapshotTaken,
)
from pxcore.model import MarketTrade, Quote
from pxcore.simulation.scenario import Scenario
from pxcore.simulation.told import FLATTENS
from pxcore.simulation.violations import Invariant, Violation

_AGREES: Final = timedelta(seconds=2)  # a price's stamp with our time
_STILL: Final = timedelta(seconds=5)  # longer than any usual pause between two events
_BEAT: Final = timedelta(seconds=0.3)  # of our clock, and a report on its way
_DEADLINES: Final = ("overdue", "own_stop")
_NO_OUTCOME: Final = "entry without an outcome"


class TimeJudge:
    """`start_over` with each session."""

    def __init__(self, scenario: Scenario) -> None:
        limits = scenario.config.limits
        self._contract_id = scenario.config.contract.id
        self._settle = timedelta(seconds=limits.settle_deadline_s)
        self._doubt_max = timedelta(seconds=limits.stale_data_s)
        self.start_over()

    def start_over(self) -> None:
        self._told_at: datetime | None = None
        self._woke_at: datetime | None = None
        self._must_look = False
        self._asked: set[int] = set()  # looks, since everything stood still last
        self._is_doubted = False
        self._held_in_doubt = timedelta()
        self._is_told = False  # by the stream, that something is held
        self._is_flattening = False

    def learned(self, event: Event, commands: tuple[Command, ...]) -> None:
        self._note_pause(event.at)
        match event:
            case ClockStepped():
                self._is_doubted = True
            case Quote() | MarketTrade() if abs(event.at - event.happened_at) <= _AGREES:
                self._is_doubted = False
            case OrderSeen() | FillSeen() | PositionSeen() if self._says_held(event):
                self._is_told = True
            case SnapshotTaken(request=request) if request in self._asked:
                self._must_look = False
            case _:
                pass
        for command in commands:
            self._judge(command, event.at)

    def at_step(self, elapsed: timedelta, *, is_held: bool, is_hindered: bool) -> None:
        """What is held, as it was told, is closed once our time has been in doubt for long."""
        if not is_held:
            self._is_told = False
        if not (self._is_doubted and self._is_told) or self._is_flattening:
            self._held_in_doubt = timedelta()
            return
        if not is_hindered:
            self._held_in_doubt += elapsed
        if self._held_in_doubt > self._doubt_max + self._settle + _BEAT:
            raise Violation(Invariant.DOUBTED_TIME, f"held for {self._held_in_doubt}")

    def _says_held(self, event: OrderSeen | FillSeen | PositionSeen) -> bool:
        match event:
            case OrderSeen(order=order):
                return order.filled_size > 0 and order.contract_id == self._contract_id
            case FillSeen(fill=fill):
                return fill.contract_id == self._contract_id
            case PositionSeen(position=position):
                return not position.is_flat and position.contract_id == self._contract_id

    def _note_pause(self, now: datetime) -> None:
        before, self._told_at = self._told_at, now
        if before is not None and now - before > _STILL:
            self._woke_at, self._must_look = now, True
            self._asked.clear()

    def _judge(self, command: Command, now: datetime) -> None:
        match command:
            case TakeSnapshot(request=request):
                self._asked.add(request)
            case PlaceEntry(tag=tag) if self._is_doubted:
                raise Violation(Invariant.CLOCK, f"entry {tag} at {now}")
            case PlaceEntry(tag=tag) if self._must_look:
                raise Violation(Invariant.WOKE_UNKNOWING, f"entry {tag} at {now}")
            case Notice(code=code) if code == FLATTENS:
                self._is_flattening = True
            case FlatProven():
                self._is_flattening = False
            case Notice(code=code, text=text) if code in _DEADLINES:
                self._judge_deadline(text, now)
            case Halt(reason=reason) if reason.startswith(_NO_OUTCOME):
                self._judge_deadline(reason, now)
            case _:
                pass

    def _judge_deadline(self, text: str, now: datetime) -> None:
        """What waits to be heard has as long as a report may take."""
        if self._woke_at is not None and now - self._woke_at < self._settle:
            raise Violation(
                Invariant.JUDGED_ASLEEP, f"{text}, at {now}, awake since {self._woke_at}"
            )
