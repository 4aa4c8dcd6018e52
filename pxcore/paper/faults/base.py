"""When does a fault bite? At occasions, or at moments; always by its own seeded dice.

Each armed fault has a generator of its own, so one more fault does not change when the others
bite, and the same file with the same seed gives the same bad day.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every fault can say about when it bites.

    Times are market seconds after it was armed. Of the occasions between `from_s` and `until_s`
    the first `skip` pass; then each bites with probability `chance`, at most `count` times (None:
    for ever). `name` is what it is called in reports and when it is taken back.
    """

    name: str | None = None
    from_s: float = 0.0
    until_s: float | None = None
    skip: int = 0
    count: int | None = 1
    chance: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance is {self.chance:g}, must be from 0 to 1")
        if self.from_s < 0 or (self.until_s is not None and self.until_s < self.from_s):
            raise ValueError(f"from_s {self.from_s:g} to until_s {self.until_s} is no span of time")
        if self.skip < 0 or (self.count is not None and self.count < 1):
            raise ValueError(
                f"skip {self.skip} must not be below 0, count {self.count} not below 1"
            )


class Timed(Fault, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault that happens by itself at `from_s`, then every `every_s` until `count` is reached.

    Without `every_s` it happens once.
    """

    every_s: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every_s is not None and self.every_s <= 0:
            raise ValueError(f"every_s is {self.every_s:g}, must be above zero")

    def moments_s(self) -> Iterator[float]:
        """Seconds after it was armed at which it happens, if its dice agree."""
        moment, times = self.from_s + self.skip * (self.every_s or 0.0), 0
        while self.count is None or times < self.count:
            if self.until_s is not None and moment > self.until_s:
                return
            yield moment
            if self.every_s is None:
                return
            moment, times = moment + self.every_s, times + 1


F = TypeVar("F", bound=Fault)


class Armed:
    """One fault that lies in wait. `armed_at` is the zero of its seconds."""

    def __init__(self, fault: Fault, armed_at: datetime, dice: random.Random) -> None:
        self.fault = fault
        self.armed_at = armed_at
        self.bitten = 0
        self._seen = 0
        self._dice = dice

    @property
    def name(self) -> str:
        return self.fault.name or kind_of(self.fault)

    @property
    def is_spent(self) -> bool:
        return self.fault.count is not None and self.bitten >= self.fault.count

    def moment(self, after_s: float) -> datetime:
        return self.armed_at + timedelta(seconds=after_s)

    def bites(self, now: datetime) -> bool:
        """Does it bite at this occasion? Each call is one."""
        fault, after_s = self.fault, (now - self.armed_at).total_seconds()
        is_late = fault.until_s is not None and after_s > fault.until_s
        if self.is_spent or is_late or after_s < fault.from_s:
            return False
        self._seen += 1
        if not isinstance(fault, Timed) and self._seen <= fault.skip:
            return False
        if self._dice.random() >= fault.chance:
            return False
        self.bitten += 1
        return True


class Armory:
    """The faults that are armed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._armed: dict[type[Fault], list[Armed]] = {}
        self._count = 0

    def arm(self, fault: Fault, at: datetime) -> Armed:
        self._count += 1
        dice = random.Random(f"{self._seed}/{self._count}/{kind_of(fault)}")  # noqa: S311 - no secret
        armed = Armed(fault, at, dice)
        self._armed.setdefault(type(fault), []).append(armed)
        return armed

    def disarm(self, name: str | None = None) -> int:
        """Takes back those of this name, or all; returns how many there were."""
        gone = [armed for armed in self.armed if name in (None, armed.name)]
        for kind, among in self._armed.items():
            self._armed[kind] = [armed for armed in among if armed not in gone]
        return len(gone)

    @property
    def armed(self) -> tuple[Armed, ...]:
        return tuple(armed for among in self._armed.values() for armed in among)

    @property
    def is_empty(self) -> bool:
        return not any(self._armed.values())

    def is_armed(self, armed: Armed) -> bool:
        return armed in self._armed.get(type(armed.fault), ())

    def bites(
        self, kind: type[F], now: datetime, fits: Callable[[F], bool] = lambda fault: True
    ) -> F | None:
        """The first armed fault of this kind that fits the occasion and bites; None as a rule."""
        for armed in self._armed.get(kind, ()):
            fault = armed.fault
            if isinstance(fault, kind) and fits(fault) and armed.bites(now):
                return fault
        return None


def kind_of(fault: Fault) -> str:
    """The fault's name in files and reports."""
    return str(fault.__struct_config__.tag)
