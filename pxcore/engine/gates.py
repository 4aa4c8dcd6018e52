"""The gates that an entry passes, each a small pure function, in one order.

Only `review` makes an `Approved`, and only an `Approved` becomes an order: the type is the
proof that every gate was asked.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.engine.commands import Denied, Gate, Unit
from pxcore.engine.config import Limits
from pxcore.engine.limits import DayMoney
from pxcore.engine.refusals import Refusal
from pxcore.engine.strategy import Enter
from pxcore.model import STOP_LOSS_TICKS_MIN, Bracket


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """All that the decision on one entry may look at. Ages are seconds, None for never seen.

    `clock_problem` is why our time may be wrong; `quote_problem` what is wrong with a quote that
    has no age: a side that is missing, say.
    `absent_s` is how long the operator has been away, `worst_case_usd` what the entry loses at
    its stop, slippage and costs included. Until `unsent_until` entries wait, since the last one was
    not sent.
    """

    now: datetime
    kill_reason: str | None
    halt_reason: str | None
    is_paused: bool
    absent_s: float | None
    window_start: datetime
    window_end: datetime
    no_entry_until: datetime | None
    clock_problem: str | None
    unknown_because: str | None
    quote_age_s: float | None
    quote_problem: str | None
    print_age_s: float | None
    spread_ticks: int | None
    account_can_trade: bool
    exposure: int
    alive_orders: int
    phase: str
    trades_count: int
    entries_last_minute: int
    unsent_until: datetime | None
    unsent_because: str | None
    cooldown_until: datetime | None
    losses_in_a_row: int
    money: DayMoney
    worst_case_usd: Decimal
    size: int
    bracket: Bracket


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that passed every gate."""

    signal: Enter
    size: int
    bracket: Bracket


_Check = Callable[[EntryView, Limits], Refusal | None]


def _state(gate: Gate, detail: str) -> Refusal:
    return Refusal(gate, Unit.STATE, detail=detail)


def _kill_switch(view: EntryView, limits: Limits) -> Refusal | None:
    return _state(Gate.KILL_SWITCH, view.kill_reason) if view.kill_reason else None


def _halted(view: EntryView, limits: Limits) -> Refusal | None:
    return _state(Gate.HALTED, view.halt_reason) if view.halt_reason else None


def _paused(view: EntryView, limits: Limits) -> Refusal | None:
    return _state(Gate.PAUSED, "paused") if view.is_paused else None


def _presence(view: EntryView, limits: Limits) -> Refusal | None:
    most, absent_s = limits.presence_s, view.absent_s
    if most is None or (absent_s is not None and absent_s <= most):
        return None
    return Refusal(Gate.PRESENCE, Unit.SECONDS, absent_s, most)


def _window(view: EntryView, limits: Limits) -> Refusal | None:
    """The limit is the end of the window that the moment is beyond."""
    if view.now < view.window_start:
        return Refusal(Gate.WINDOW, Unit.TIME, view.now, view.window_start)
    if view.now >= view.window_end:
        return Refusal(Gate.WINDOW, Unit.TIME, view.now, view.window_end)
    return None


def _no_entry(view: EntryView, limits: Limits) -> Refusal | None:
    if view.no_entry_until is None:
        return None
    return Refusal(Gate.NO_ENTRY, Unit.TIME, view.now, view.no_entry_until)


def _clock(view: EntryView, limits: Limits) -> Refusal | None:
    return _state(Gate.CLOCK, view.clock_problem) if view.clock_problem else None


def _state_known(view: EntryView, limits: Limits) -> Refusal | None:
    return _state(Gate.STATE_UNKNOWN, view.unknown_because) if view.unknown_because else None


def _data_fresh(view: EntryView, limits: Limits) -> Refusal | None:
    most = limits.stale_data_s
    if view.quote_age_s is None and view.quote_problem is not None:
        return Refusal(Gate.STALE_DATA, Unit.SECONDS, None, most, view.quote_problem)
    for name, age_s in (("quote", view.quote_age_s), ("print", view.print_age_s)):
        if age_s is None:
            return Refusal(Gate.STALE_DATA, Unit.SECONDS, None, most, f"no {name} yet")
        if age_s > most:
            return Refusal(Gate.STALE_DATA, Unit.SECONDS, age_s, most, name)
    return None


def _spread(view: EntryView, limits: Limits) -> Refusal | None:
    most = limits.spread_ticks_max
    if most is None or (view.spread_ticks is not None and view.spread_ticks <= most):
        return None
    return Refusal(Gate.SPREAD, Unit.TICKS, view.spread_ticks, most)


def _account(view: EntryView, limits: Limits) -> Refusal | None:
    return None if view.account_can_trade else _state(Gate.ACCOUNT, "may not trade")


def _flat(view: EntryView, limits: Limits) -> Refusal | None:
    if view.phase == "flat" and view.exposure == 0 and view.alive_orders == 0:
        return None
    orders = "1 order" if view.alive_orders == 1 else f"{view.alive_orders} orders"
    return _state(Gate.NOT_FLAT, f"{view.phase}, {view.exposure} held, {orders} alive")


def _trades(view: EntryView, limits: Limits) -> Refusal | None:
    if view.trades_count < limits.trades_max:
        return None
    return Refusal(Gate.TRADES_MAX, Unit.TRADES, view.trades_count, limits.trades_max)


def _entry_rate(view: EntryView, limits: Limits) -> Refusal | None:
    most = limits.entries_per_minute_max
    if most is None or view.entries_last_minute < most:
        return None
    return Refusal(Gate.ENTRY_RATE, Unit.ENTRIES, view.entries_last_minute, most)


def _not_sent(view: EntryView, limits: Limits) -> Refusal | None:
    """The value is how long the next entry has still to wait."""
    if view.unsent_until is None or view.now >= view.unsent_until:
        return None
    left_s = (view.unsent_until - view.now).total_seconds() / limits.time_scale
    return Refusal(Gate.NOT_SENT, Unit.SECONDS, left_s, None, view.unsent_because or "")


def _cooldown(view: EntryView, limits: Limits) -> Refusal | None:
    if view.cooldown_until is None or view.now >= view.cooldown_until:
        return None
    left_s = (view.cooldown_until - view.now).total_seconds()
    return Refusal(Gate.COOLDOWN, Unit.SECONDS, left_s, limits.cooldown_s)


def _losses_in_a_row(view: EntryView, limits: Limits) -> Refusal | None:
    most = limits.losses_in_a_row_max
    if most is None or view.losses_in_a_row < most:
        return None
    return Refusal(Gate.LOSSES_IN_A_ROW, Unit.LOSSES, view.losses_in_a_row, most)


def _headroom(view: EntryView, limits: Limits) -> Refusal | None:
    return _room(Gate.LOSS_HEADROOM, view, view.money.loss_headroom_usd(limits))


def _drawdown(view: EntryView, limits: Limits) -> Refusal | None:
    return _room(Gate.DRAWDOWN, view, view.money.drawdown_headroom_usd(limits))


def _loss_floor(view: EntryView, limits: Limits) -> Refusal | None:
    """Without the account's worth the limit is the floor itself, else what is left above it."""
    if limits.balance_usd_floor is not None and view.money.equity_usd is None:
        return Refusal(Gate.LOSS_FLOOR, Unit.USD, None, limits.balance_usd_floor)
    return _room(Gate.LOSS_FLOOR, view, view.money.floor_headroom_usd(limits))


def _room(gate: Gate, view: EntryView, headroom_usd: Decimal | None) -> Refusal | None:
    if headroom_usd is None or view.worst_case_usd <= headroom_usd:
        return None
    return Refusal(gate, Unit.USD, view.worst_case_usd, headroom_usd)


def _size(view: EntryView, limits: Limits) -> Refusal | None:
    if 0 < view.size <= limits.contracts_max:
        return None
    return Refusal(Gate.SIZE, Unit.CONTRACTS, view.size, limits.contracts_max)


def _bracket(view: EntryView, limits: Limits) -> Refusal | None:
    stop, target = view.bracket.stop_loss_ticks, view.bracket.take_profit_ticks
    if stop < STOP_LOSS_TICKS_MIN:
        return Refusal(Gate.BRACKET, Unit.TICKS, stop, STOP_LOSS_TICKS_MIN, "stop")
    return Refusal(Gate.BRACKET, Unit.TICKS, target, 1, "target") if target < 1 else None


_CHECKS: dict[Gate, _Check] = {
    Gate.KILL_SWITCH: _kill_switch,
    Gate.HALTED: _halted,
    Gate.PAUSED: _paused,
    Gate.PRESENCE: _presence,
    Gate.WINDOW: _window,
    Gate.NO_ENTRY: _no_entry,
    Gate.CLOCK: _clock,
    Gate.STATE_UNKNOWN: _state_known,
    Gate.STALE_DATA: _data_fresh,
    Gate.SPREAD: _spread,
    Gate.ACCOUNT: _account,
    Gate.NOT_FLAT: _flat,
    Gate.TRADES_MAX: _trades,
    Gate.ENTRY_RATE: _entry_rate,
    Gate.NOT_SENT: _not_sent,
    Gate.COOLDOWN: _cooldown,
    Gate.LOSSES_IN_A_ROW: _losses_in_a_row,
    Gate.LOSS_HEADROOM: _headroom,
    Gate.DRAWDOWN: _drawdown,
    Gate.LOSS_FLOOR: _loss_floor,
    Gate.SIZE: _size,
    Gate.BRACKET: _bracket,
}


_CHECKS_IN_ORDER = tuple(_CHECKS.values())


def each_gate(view: EntryView, limits: Limits) -> dict[Gate, Refusal | None]:
    """What every gate says of this entry, in their order: why it would be refused, or None."""
    return {gate: check(view, limits) for gate, check in _CHECKS.items()}


def review(signal: Enter, view: EntryView, limits: Limits) -> Approved | Denied:
    """The first gate that refuses, or the proof that none did."""
    for check in _CHECKS_IN_ORDER:
        refused = check(view, limits)
        if refused is not None:
            return refused.of_entry(signal.side, signal.reason)
    return Approved(signal=signal, size=view.size, bracket=view.bracket)
