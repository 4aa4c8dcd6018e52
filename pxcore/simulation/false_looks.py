"""What the venue tells of the account and is not so: looks that contradict themselves or are old,
cancels and closes that it calls done and does not do, reports that come again much later.

A single look lies in one place at most: one that lied everywhere alike could not be told from the
truth by anybody. Chances are drawn apart from the rest of the day.
"""

import random
from collections import deque
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from pxcore.engine.commands import CancelOrder, ClosePosition, Command
from pxcore.engine.events import CancelAnswered, CloseAnswered, Event, SendOutcome
from pxcore.model import Snapshot

OLD_MOST: Final = timedelta(seconds=0.7)  # less than the engine reckons with
_PAST_MOST: Final = 500


class Lies(msgspec.Struct, frozen=True, kw_only=True):
    """Chances from 0 to 1: that a look leaves out its positions, or the newest fills; that a look
    is old; that a cancel or a close is answered "done" and not done, so many times at most; that a
    report of the account cannot be read, or comes again seconds later.
    """

    no_positions: float = 0.0
    fills_late: float = 0.0
    old: float = 0.0
    not_done: float = 0.0
    not_done_max: int = 0
    unreadable: float = 0.0
    again: float = 0.0


def draw_lies(rng: random.Random) -> Lies:
    if rng.random() < 0.5:
        return Lies()

    def maybe(*values: float) -> float:
        return rng.choice((0.0, 0.0, *values))

    not_done = maybe(0.3, 1.0)
    return Lies(
        no_positions=maybe(0.2, 0.6),
        fills_late=maybe(0.2, 0.6),
        old=maybe(0.3, 0.8),
        not_done=not_done,
        not_done_max=rng.choice((1, 2)) if not_done else 0,
        unreadable=maybe(0.05, 0.2),
        again=maybe(0.1, 0.3),
    )


class Liar:
    """Of one day: what it told is counted over all of its sessions."""

    def __init__(self, lies: Lies, dice: random.Random) -> None:
        self.lies = lies
        self._dice = dice
        self._not_done = 0
        self._past: deque[Snapshot] = deque(maxlen=_PAST_MOST)

    def remember(self, look: Snapshot) -> None:
        """How the account is from now on."""
        if self.lies.old:
            self._past.append(look)

    def look(self, true: Snapshot, now: datetime) -> Snapshot:
        """What is told instead: old, without positions, without the newest fills, or the truth."""
        if self._throws(self.lies.old):
            return self._as_it_was(now - OLD_MOST * self._dice.random(), true)
        if self._throws(self.lies.no_positions):
            return replace(true, positions=())
        if true.fills and self._throws(self.lies.fills_late):
            return replace(true, fills=true.fills[: -self._dice.choice((1, 2))])
        return true

    def denies(self, command: Command, now: datetime) -> Event | None:
        """The answer to a cancel or a close that the venue calls done and does not do."""
        if self._not_done >= self.lies.not_done_max or not self._throws(self.lies.not_done):
            return None
        match command:
            case CancelOrder(order_id=order_id):
                answer: Event = CancelAnswered(at=now, order_id=order_id, answer=SendOutcome.DONE)
            case ClosePosition(contract_id=contract_id):
                answer = CloseAnswered(at=now, contract_id=contract_id, answer=SendOutcome.DONE)
            case _:
                return None
        self._not_done += 1
        return answer

    def is_unreadable(self) -> bool:
        return self._throws(self.lies.unreadable)

    def again_after(self) -> timedelta | None:
        if not self._throws(self.lies.again):
            return None
        return timedelta(seconds=self._dice.uniform(1.0, 10.0))

    def _as_it_was(self, at: datetime, true: Snapshot) -> Snapshot:
        before = [look for look in self._past if look.taken_at <= at]
        if not before or len(before) == len(self._past):
            return true  # nothing has happened since
        return replace(before[-1], taken_at=true.taken_at)

    def _throws(self, chance: float) -> bool:
        return chance > 0 and self._dice.random() < chance
