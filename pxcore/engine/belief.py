"""Which of the prices that are heard are believed: one that jumps waits for a second event.

Three prices are heard: the best bid, the best ask and the last print. Of each

    believed ──jump──► doubted ──a second event goes the same way──► believed
        ▲                 │
        └──near again─────┘ dropped

A jump is farther from the last believed price than anything seen since the session began: twice
the largest move from one event to the next, but never less than 40 ticks nor more than 400. It
counts for nothing until another event, of whichever of the three, has jumped in the same direction
within a second. Two that agree prove the smaller of their moves: in a crash whose gaps grow with
each event, each is believed with the next. In a market too quiet for that a third event will do,
whenever it comes. A price that is merely said again proves nothing: a quote repeats what did not
change. No jump is a quote where the market has just traded, nor a print at the bid or the ask.

The first price of a session, or after the market hub was away, has nothing to be near to: it is
doubted as well, until a second event is near it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

REACH_TICKS_MIN: Final = 40
REACH_TICKS_MAX: Final = 400
_TIMES_LARGEST: Final = 2
_CONFIRMED_WITHIN: Final = timedelta(seconds=1)
_EVENTS_ENOUGH: Final = 3  # that agree, however far apart in time


class BeliefOutcome(StrEnum):
    CONFIRMED = "confirmed"
    DROPPED = "dropped"
    IMPOSSIBLE = "impossible"  # the contract cannot be there


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a price that was not believed at once. `before_ticks` is what was believed
    until then, None before the first price.
    """

    outcome: BeliefOutcome
    of: str
    ticks: int
    before_ticks: int | None


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """A jump that nobody has confirmed. `direction` is 0 where nothing was believed before;
    `events` is how many agree so far, too far apart in time; `said` tells it from the same again.
    """

    ticks: int
    at: datetime
    direction: int
    events: int
    said: object


class Belief:
    """What is believed of one of the three prices. `ticks` is the last that was."""

    __slots__ = ("doubt", "is_missing", "name", "ticks")

    def __init__(self, name: str) -> None:
        self.name = name
        self.forget()

    def forget(self) -> None:
        self.ticks: int | None = None
        self.doubt: Doubt | None = None
        self.is_missing = True

    @property
    def is_known(self) -> bool:
        """Whether the price is there now, and believed."""
        return self.ticks is not None and self.doubt is None and not self.is_missing


class Heard(NamedTuple):
    """One price of an event. `ticks` is None where there is none; `said` is equal where only the
    same is said again.
    """

    of: Belief
    ticks: int | None
    said: object


Witness = tuple[Belief, Doubt]


class Beliefs:
    """The three, and how far a price may move at once. `usual_ticks` is how far it may without
    teaching anything new, `print_at` when the last print came that was believed.
    """

    def __init__(self, *, time_scale: float) -> None:
        self.bid, self.ask, self.last = Belief("bid"), Belief("ask"), Belief("print")
        self.reach_ticks = REACH_TICKS_MIN
        self.print_at: datetime | None = None
        self.usual_ticks = REACH_TICKS_MIN // _TIMES_LARGEST
        self._largest_ticks = 0  # a move over a time without a price counts for nothing here
        self._within = _CONFIRMED_WITHIN * time_scale
        self._findings: list[Finding] = []

    @property
    def has_doubt(self) -> bool:
        return any(belief.doubt is not None for belief in self._all)

    @property
    def _all(self) -> tuple[Belief, Belief, Belief]:
        return self.bid, self.ask, self.last

    def forget(self) -> None:
        """The market was not heard. How far it may move, the day has taught all the same."""
        self.print_at = None
        for belief in self._all:
            belief.forget()

    def weigh(self, event: Sequence[Heard], at: datetime) -> tuple[Finding, ...]:
        """Judges the prices of one event, learned at that moment, by what earlier ones said."""
        self._findings.clear()
        earlier = [(b, b.doubt) for b in self._all if b.doubt is not None]
        for belief, ticks, said in event:
            if ticks is None:
                belief.is_missing, belief.doubt = True, None
            elif belief.doubt is not None and belief.doubt.said == said:
                continue
            elif belief.ticks is not None and self._are_near(ticks, belief.ticks):
                self._accept(belief, ticks)
            else:
                direction = _direction(belief.ticks, ticks)
                jump = Doubt(ticks=ticks, at=at, direction=direction, events=1, said=said)
                self._judge(belief, jump, [*earlier, *self._standing_beside(belief, at)])
        self._learn()
        return tuple(self._findings)

    def _accept(self, belief: Belief, ticks: int) -> None:
        """It is where it was; so what jumped away did not, and nothing trades far from it."""
        has_moved = ticks != belief.ticks
        self._drop(belief)
        self._believe(belief, ticks)
        printed = self.last.doubt
        if has_moved and printed is not None and not self._are_near(printed.ticks, ticks):
            self._drop(self.last)

    def _judge(self, belief: Belief, jump: Doubt, witnesses: list[Witness]) -> None:
        agreeing = [(other, doubt) for other, doubt in witnesses if self._agree(doubt, jump)]
        events = 1 + max((doubt.events for _, doubt in agreeing), default=0)
        in_time = [
            (other, doubt)
            for other, doubt in agreeing
            if jump.at - doubt.at <= self._within or events >= _EVENTS_ENOUGH
        ]
        if not any(other is belief for other, _ in agreeing):
            self._drop(belief)
        for other, doubt in in_time:
            if other.doubt is doubt and self._proves(jump, doubt):
                self._confirm(other, doubt.ticks)
        if any(self._proves(doubt, jump) for _, doubt in in_time):
            self._confirm(belief, jump.ticks)
        else:
            belief.is_missing = False
            belief.doubt = jump if in_time else replace(jump, events=events)

    def _standing_beside(self, belief: Belief, at: datetime) -> list[Witness]:
        """What other events have proven: for a side the newest print, for a print the sides."""
        if belief is self.last:
            standing = [side for side in (self.bid, self.ask) if side.is_known]
        else:
            is_new = self.print_at is not None and at - self.print_at <= self._within
            standing = [self.last] if is_new else []
        return [
            (one, Doubt(ticks=one.ticks, at=at, direction=0, events=1, said=None))
            for one in standing
            if one.ticks is not None
        ]

    def _learn(self) -> None:
        """How far a price may move at once from the next event on."""
        largest = min(self._largest_ticks, REACH_TICKS_MAX)
        self.usual_ticks = max(self.usual_ticks, largest)
        self.reach_ticks = min(_TIMES_LARGEST * self.usual_ticks, REACH_TICKS_MAX)

    def _are_near(self, one: int, other: int) -> bool:
        return abs(one - other) <= self.reach_ticks

    def _agree(self, one: Doubt, other: Doubt) -> bool:
        is_same_way = one.direction != 0 and one.direction == other.direction
        return is_same_way or self._are_near(one.ticks, other.ticks)

    def _proves(self, witness: Doubt, doubt: Doubt) -> bool:
        """Of two that agree: one that went as far, or farther, says that the other is true."""
        is_beyond = doubt.direction * (witness.ticks - doubt.ticks) > 0
        return is_beyond or self._are_near(witness.ticks, doubt.ticks)

    def _confirm(self, belief: Belief, ticks: int) -> None:
        if belief.ticks is not None and not self._are_near(ticks, belief.ticks):
            self._find(BeliefOutcome.CONFIRMED, belief, ticks)  # a first price is no news
        self._believe(belief, ticks)

    def _believe(self, belief: Belief, ticks: int) -> None:
        if belief.ticks is not None and not belief.is_missing:
            self._largest_ticks = max(self._largest_ticks, abs(ticks - belief.ticks))
        belief.ticks, belief.doubt, belief.is_missing = ticks, None, False

    def _drop(self, belief: Belief) -> None:
        if belief.doubt is not None:
            self._find(BeliefOutcome.DROPPED, belief, belief.doubt.ticks)
            belief.doubt = None

    def _find(self, outcome: BeliefOutcome, belief: Belief, ticks: int) -> None:
        self._findings.append(
            Finding(outcome=outcome, of=belief.name, ticks=ticks, before_ticks=belief.ticks)
        )


def _direction(before: int | None, ticks: int) -> int:
    """+1 for a jump upwards; 0 where there is nothing to jump from."""
    return 0 if before is None else (1 if ticks > before else -1)
