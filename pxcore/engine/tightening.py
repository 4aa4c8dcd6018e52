"""Which of the limits may only be tightened during a day, in which direction, and the comparing.

Every field of `Limits` counts but `flatten_round_s` and `time_scale`: how long an answer may take
and how fast a paper clock runs are facts, of which neither side is the safer one. Not limits
either, and so a matter of each session's settings: the window, the times without entries, the
size (`contracts_max` caps it) and the bracket (the headroom caps what it may cost).

Seconds are compared in our own time: a paper clock multiplies some of them by its speed, so the
same setting at another speed is the same limit.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace

from pxcore.engine.config import Limits

Value = Decimal | int | float


class Direction(Enum):
    """On which side of two values the tighter one lies."""

    LOWER = "lower"
    HIGHER = "higher"


DIRECTIONS: dict[str, Direction] = {
    "loss_usd_max": Direction.LOWER,
    "drawdown_usd_max": Direction.LOWER,
    "balance_usd_floor": Direction.HIGHER,
    "profit_usd_lock": Direction.LOWER,
    "trades_max": Direction.LOWER,
    "losses_in_a_row_max": Direction.LOWER,
    "entries_per_minute_max": Direction.LOWER,
    "contracts_max": Direction.LOWER,
    "spread_ticks_max": Direction.LOWER,
    "presence_s": Direction.LOWER,
    "cooldown_s": Direction.HIGHER,
    "slippage_ticks": Direction.HIGHER,  # more is kept free before an entry
    "costs_usd_per_side": Direction.HIGHER,
    "stale_data_s": Direction.LOWER,
    "entry_deadline_s": Direction.LOWER,
    "unknown_grace_s": Direction.HIGHER,  # a lost order is taken for possible for longer
    "protection_deadline_s": Direction.LOWER,
    "settle_deadline_s": Direction.LOWER,
    "blind_limit_s": Direction.LOWER,
    "venue_refusals_max": Direction.LOWER,
    "strategy_errors_max": Direction.LOWER,
}

# Multiplied by the clock's speed in `Limits`. Source: `config.limits.limits_of`.
_AT_CLOCK_SPEED = frozenset(
    (
        "presence_s",
        "stale_data_s",
        "entry_deadline_s",
        "unknown_grace_s",
        "protection_deadline_s",
        "settle_deadline_s",
        "blind_limit_s",
    )
)
_DIGITS = 6  # microseconds: what multiplying and dividing by a speed may have changed is less


class Bounds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What limits are held to: fields as in `Limits`, seconds of our own time; None binds not."""

    loss_usd_max: Decimal | None = None
    drawdown_usd_max: Decimal | None = None
    balance_usd_floor: Decimal | None = None
    profit_usd_lock: Decimal | None = None
    trades_max: int | None = None
    losses_in_a_row_max: int | None = None
    entries_per_minute_max: int | None = None
    contracts_max: int | None = None
    spread_ticks_max: int | None = None
    presence_s: float | None = None
    cooldown_s: float | None = None
    slippage_ticks: int | None = None
    costs_usd_per_side: Decimal | None = None
    stale_data_s: float | None = None
    entry_deadline_s: float | None = None
    unknown_grace_s: float | None = None
    protection_deadline_s: float | None = None
    settle_deadline_s: float | None = None
    blind_limit_s: float | None = None
    venue_refusals_max: int | None = None
    strategy_errors_max: int | None = None


class Loosened(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that was asked to be looser than it is; `wanted` of None is no limit at all."""

    name: str
    in_force: Value
    wanted: Value | None

    def __str__(self) -> str:
        asked = "no limit" if self.wanted is None else text_of(self.wanted)
        return f"{self.name} {asked} is looser than the {text_of(self.in_force)} in force"


def text_of(value: Value) -> str:
    """To the microsecond, and without an exponent: `60`, `0.61`."""
    if isinstance(value, float):
        return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
    return str(value) if isinstance(value, int) else f"{value:f}"


def bounds_of(limits: Limits) -> Bounds:
    """The limits as bounds: those that are there, in our own time."""
    return replace(Bounds(), **{name: _own(limits, name) for name in DIRECTIONS})


def tighter_of(bounds: Iterable[Bounds]) -> Bounds:
    """Of each limit the tightest of them all."""
    found: dict[str, Any] = {}
    for one in bounds:
        for name in DIRECTIONS:
            value = getattr(one, name)
            if value is not None and (name not in found or _is_tighter(name, value, found[name])):
                found[name] = value
    return Bounds(**found)


def tightest(in_force: Bounds, wanted: Limits) -> Limits:
    """What is wanted, but nowhere looser than what is in force; at the clock of what is wanted."""
    changes: dict[str, Value] = {}
    for name in DIRECTIONS:
        bound: Value | None = getattr(in_force, name)
        own = _own(wanted, name)
        if bound is not None and (own is None or _is_tighter(name, bound, own)):
            is_at_speed = name in _AT_CLOCK_SPEED
            changes[name] = float(bound) * wanted.time_scale if is_at_speed else bound
    return replace(wanted, **changes)


def loosened(in_force: Bounds, wanted: Limits) -> tuple[Loosened, ...]:
    """Where what is wanted is looser than what is in force."""
    return _looser(in_force, bounds_of(wanted), DIRECTIONS)


def not_tighter(current: Bounds, asked: Bounds) -> tuple[Loosened, ...]:
    """Where what is asked for would loosen what is current. What it does not name stays."""
    return _looser(current, asked, names_in(asked))


def names_in(bounds: Bounds) -> tuple[str, ...]:
    """The limits that it binds."""
    return tuple(name for name in DIRECTIONS if getattr(bounds, name) is not None)


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
    return one < other if DIRECTIONS[name] is Direction.LOWER else one > other


def _own(limits: Limits, name: str) -> Value | None:
    value: Value | None = getattr(limits, name)
    if value is None or name not in _AT_CLOCK_SPEED:
        return value
    return round(float(value) / limits.time_scale, _DIGITS)
