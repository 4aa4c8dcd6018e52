"""The gates that an entry passes, each a small pure function, in one order.

Only `review` makes an `Approved`, and only an `Approved` becomes an order: the type is the
proof that every gate was asked.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.engine.commands import Denied, Gate
from pxcore.engine.config import Limits
from pxcore.engine.strategy import Enter
from pxcore.model import STOP_LOSS_TICKS_MIN, Bracket


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """All that the decision on one entry may look at. Ages are seconds, None for never seen."""

    now: datetime
    kill_reason: str | None
    halt_reason: str | None
    is_paused: bool
    window_start: datetime
    window_end: datetime
    unknown_because: str | None
    quote_age_s: float | None
    print_age_s: float | None
    account_can_trade: bool
    exposure: int
    alive_orders: int
    phase: str
    trades_count: int
    cooldown_until: datetime | None
    day_usd: Decimal
    worst_case_usd: Decimal
    size: int
    bracket: Bracket


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that passed every gate."""

    signal: Enter
    size: int
    bracket: Bracket


Refusal = tuple[Gate, object, object]
_Check = Callable[[EntryView, Limits], Refusal | None]


def _kill_switch(view: EntryView, limits: Limits) -> Refusal | None:
    return (Gate.KILL_SWITCH, view.kill_reason, "released") if view.kill_reason else None


def _halted(view: EntryView, limits: Limits) -> Refusal | None:
    return (Gate.HALTED, view.halt_reason, "no halt") if view.halt_reason else None


def _paused(view: EntryView, limits: Limits) -> Refusal | None:
    return (Gate.PAUSED, "paused", "running") if view.is_paused else None


def _window(view: EntryView, limits: Limits) -> Refusal | None:
    if view.window_start <= view.now < view.window_end:
        return None
    start, end = view.window_start, view.window_end
    return Gate.WINDOW, f"{view.now:%H:%M:%S.%f} UTC", f"{start:%H:%M:%S} to {end:%H:%M:%S} UTC"


def _state_known(view: EntryView, limits: Limits) -> Refusal | None:
    return (Gate.STATE_UNKNOWN, view.unknown_because, "known") if view.unknown_because else None


def _data_fresh(view: EntryView, limits: Limits) -> Refusal | None:
    for name, age_s in (("quote", view.quote_age_s), ("print", view.print_age_s)):
        if age_s is None:
            return Gate.STALE_DATA, f"no {name} yet", f"{limits.stale_data_s:g} s"
        if age_s > limits.stale_data_s:
            return Gate.STALE_DATA, f"{name} {age_s:.1f} s old", f"{limits.stale_data_s:g} s"
    return None


def _account(view: EntryView, limits: Limits) -> Refusal | None:
    return None if view.account_can_trade else (Gate.ACCOUNT, "may not trade", "may trade")


def _flat(view: EntryView, limits: Limits) -> Refusal | None:
    if view.phase == "flat" and view.exposure == 0 and view.alive_orders == 0:
        return None
    held = f"{view.phase}: {view.exposure} held, {view.alive_orders} orders alive"
    return Gate.NOT_FLAT, held, "flat, no orders"


def _trades(view: EntryView, limits: Limits) -> Refusal | None:
    if view.trades_count < limits.trades_max:
        return None
    return Gate.TRADES_MAX, view.trades_count, limits.trades_max


def _cooldown(view: EntryView, limits: Limits) -> Refusal | None:
    if view.cooldown_until is None or view.now >= view.cooldown_until:
        return None
    left_s = (view.cooldown_until - view.now).total_seconds()
    return Gate.COOLDOWN, f"{left_s:.1f} s left", f"{limits.cooldown_s:g} s after a loss"


def _headroom(view: EntryView, limits: Limits) -> Refusal | None:
    headroom_usd = limits.loss_usd_max + view.day_usd
    if view.worst_case_usd <= headroom_usd:
        return None
    return (
        Gate.LOSS_HEADROOM,
        f"{view.worst_case_usd:.2f} USD at risk",
        f"{headroom_usd:.2f} USD of headroom",
    )


def _size(view: EntryView, limits: Limits) -> Refusal | None:
    if 0 < view.size <= limits.contracts_max:
        return None
    return Gate.SIZE, view.size, f"1 to {limits.contracts_max}"


def _bracket(view: EntryView, limits: Limits) -> Refusal | None:
    if view.bracket.stop_loss_ticks < STOP_LOSS_TICKS_MIN:
        return Gate.BRACKET, view.bracket.stop_loss_ticks, f"stop of {STOP_LOSS_TICKS_MIN} ticks"
    if view.bracket.take_profit_ticks < 1:
        return Gate.BRACKET, view.bracket.take_profit_ticks, "target of 1 tick"
    return None


_CHECKS: tuple[_Check, ...] = (
    _kill_switch,
    _halted,
    _paused,
    _window,
    _state_known,
    _data_fresh,
    _account,
    _flat,
    _trades,
    _cooldown,
    _headroom,
    _size,
    _bracket,
)


def review(signal: Enter, view: EntryView, limits: Limits) -> Approved | Denied:
    """The first gate that refuses, or the proof that none did."""
    for check in _CHECKS:
        refused = check(view, limits)
        if refused is not None:
            gate, value, limit = refused
            return Denied(
                gate=gate,
                value=str(value),
                limit=str(limit),
                side=signal.side,
                reason=signal.reason,
            )
    return Approved(signal=signal, size=view.size, bracket=view.bracket)
