"""Which of the limits may only be tightened during a day, in which direction, and the comparing.

Every field of `Limits` counts but `flatten_round_s` and `time_scale`: how long an answer may take
and how fast a paper clock runs are facts, of which neither side is the safer one. Not limits
either, and so a matter of each session's settings: the window, the times without entries, the
size (`contracts_max` caps it) and the bracket (the headroom caps what it may cost).

Seconds are compared in our own time: a paper clock multiplies some of them by its speed, so the
same setting at another speed is the same limit.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from pxcore.engine.config import Limits
from pxcore.engine.limit_table import LIMITS, Direction, Value

_DIGITS = 6  # microseconds: what multiplying and dividing by a speed may have changed is less

if TYPE_CHECKING:

    class Bounds(msgspec.Struct, frozen=True):
        """Fields as in `LIMITS`."""

        def __init__(self, **bounds: Value | None) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

else:
    Bounds = msgspec.defstruct(
        "Bounds",
        [(name, kind.of | None, None) for name, kind in LIMITS.items()],
        namespace={
            "__doc__": "What limits are held to, as in `LIMITS`, seconds of our own time; "
            "None binds not."
        },
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )


class Loosened(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that was asked to be looser than it is; `wanted` of None is no limit at all."""

    name: str
    in_force: Value
    wanted: Value | None

    def __str__(self) -> str:
        asked = "none" if self.wanted is None else text_of(self.wanted)
        return f"{self.name} {asked} is looser than {text_of(self.in_force)}, which is in force"


def text_of(value: Value) -> str:
    """To the microsecond, and without an exponent: `60`, `0.61`."""
    if isinstance(value, float):
        return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
    return str(value) if isinstance(value, int) else f"{value:f}"


def at_clock_speed(name: str, value: Value, speed: float) -> Value:
    """The limit of our own time as `Limits` has it, at the speed of the paper clock."""
    return float(value) * speed if LIMITS[name].is_at_clock_speed else value


def bounds_of(limits: Limits) -> Bounds:
    """The limits as bounds: those that are there, in our own time."""
    return replace(Bounds(), **{name: _own(limits, name) for name in LIMITS})


def tighter_of(bounds: Iterable[Bounds]) -> Bounds:
    """Of each limit the tightest of them all."""
    found: dict[str, Any] = {}
    for one in bounds:
        for name in LIMITS:
            value = getattr(one, name)
            if value is not None and (name not in found or _is_tighter(name, value, found[name])):
                found[name] = value
    return Bounds(**found)


def tightest(in_force: Bounds, wanted: Limits) -> Limits:
    """What is wanted, but nowhere looser than what is in force; at the clock of what is wanted."""
    changes: dict[str, Value] = {}
    for name in LIMITS:
        bound: Value | None = getattr(in_force, name)
        own = _own(wanted, name)
        if bound is not None and (own is None or _is_tighter(name, bound, own)):
            changes[name] = at_clock_speed(name, bound, wanted.time_scale)
    return replace(wanted, **changes)


def loosened(in_force: Bounds, wanted: Limits) -> tuple[Loosened, ...]:
    """Where what is wanted is looser than what is in force."""
    return _looser(in_force, bounds_of(wanted), LIMITS)


def not_tighter(current: Bounds, asked: Bounds) -> tuple[Loosened, ...]:
    """Where what is asked for would loosen what is current. What it does not name stays."""
    return _looser(current, asked, names_in(asked))


def names_in(bounds: Bounds) -> tuple[str, ...]:
    """The limits that it binds."""
    return tuple(name for name in LIMITS if getattr(bounds, name) is not None)


def only(bounds: Bounds, names: Iterable[str]) -> Bounds:
    """Of these limits alone."""
    return replace(Bounds(), **{name: getattr(bounds, name) for name in names})


def _looser(in_force: Bounds, wanted: Bounds, names: Iterable[str]) -> tuple[Loosened, ...]:
    found = []
    for name in names:
        bound: Value | None = getattr(in_force, name)
        value: Value | None = getattr(wanted, name)
        if bound is not None and (value is None or _is_tighter(name, bound, value)):
            found.append(Loosened(name=name, in_force=bound, wanted=value))
    return tuple(found)


def _is_tighter(name: str, one: Value, other: Value) -> bool:
    return one < other if LIMITS[name].tighter is Direction.LOWER else one > other


def _own(limits: Limits, name: str) -> Value | None:
    value: Value | None = getattr(limits, name)
    if value is None or not LIMITS[name].is_at_clock_speed:
        return value
    return round(float(value) / limits.time_scale, _DIGITS)
