"""Why an entry was refused, in words for a person. Moments are Chicago's."""

from datetime import datetime

from pxcore.calendar.hours import time_told
from pxcore.engine.commands import Denied, Gate, Unit
from pxcore.engine.refusals import Measure, Refusal, refusal_of
from pxcore.text.counting import counted

_ROOM_BEFORE = {
    Gate.LOSS_HEADROOM: "the daily loss limit",
    Gate.DRAWDOWN: "the drawdown limit",
    Gate.LOSS_FLOOR: "the loss floor",
}
_ONE = {
    Unit.TICKS: ("tick", ""),
    Unit.CONTRACTS: ("contract", ""),
    Unit.TRADES: ("trade", ""),
    Unit.ENTRIES: ("entry", "entries"),
    Unit.LOSSES: ("loss", "losses"),
}


def denial_told(denied: Denied) -> str:
    """The reason in a sentence. One of an old journal is told as that journal has it."""
    refusal = refusal_of(denied)
    if refusal is None:
        return f"{denied.value}, limit is {denied.limit}"
    return refusal_told(refusal)


def value_told(denied: Denied) -> str:
    """What was found, by itself."""
    refusal = refusal_of(denied)
    if refusal is None:
        return denied.value
    told = "" if refusal.value is None else _told(refusal.value, refusal.unit)
    return f"{refusal.detail} {told}".strip() or "not known"


def limit_told(denied: Denied) -> str:
    """What is allowed, by itself; empty where there is no such number."""
    refusal = refusal_of(denied)
    if refusal is None:
        return denied.limit
    return "" if refusal.limit is None else _told(refusal.limit, refusal.unit)


def refusal_told(refusal: Refusal) -> str:
    """As in "quote 6.2 s old, limit 5 s"."""
    unit, detail = refusal.unit, refusal.detail
    value = "" if refusal.value is None else _told(refusal.value, unit)
    limit = "" if refusal.limit is None else _told(refusal.limit, unit)
    match refusal.gate:
        case Gate.KILL_SWITCH:
            return f"the kill switch is on: {detail}"
        case Gate.HALTED:
            return f"halted for today: {detail}"
        case Gate.PAUSED:
            return "the session is paused"
        case Gate.PRESENCE if not value:
            return f"no operator check-in yet, one is due every {limit}"
        case Gate.PRESENCE:
            return f"last operator check-in {value} ago, one is due every {limit}"
        case Gate.WINDOW if isinstance(refusal.value, datetime):
            now = value.removesuffix(" Chicago")
            return f"it is {now}, the window {_window_does(refusal)} at {limit}"
        case Gate.NO_ENTRY:
            return f"no entries until {limit}"
        case Gate.CLOCK:
            return f"the time is in doubt: {detail}"
        case Gate.STATE_UNKNOWN:
            return f"the account's state is not known: {detail}"
        case Gate.STALE_DATA:
            return f"{detail} {value} old, limit {limit}" if value else detail
        case Gate.SPREAD:
            return f"spread {value or 'not known'}, limit {limit}"
        case Gate.ACCOUNT:
            return "the venue does not let this account trade"
        case Gate.NOT_FLAT:
            return f"not flat: {detail}"
        case Gate.TRADES_MAX:
            return f"{value} today, limit {refusal.limit}"
        case Gate.ENTRY_RATE:
            return f"{value} in the last minute, limit {refusal.limit}"
        case Gate.NOT_SENT:
            return f"the last entry was not sent ({detail}), the next may go in {value}"
        case Gate.COOLDOWN:
            return f"cooldown after a loss: {value} of {limit} left"
        case Gate.LOSSES_IN_A_ROW:
            return f"{value} in a row, limit {refusal.limit}"
        case Gate.LOSS_FLOOR if not value:
            return f"the account's balance is not known, its floor is {limit}"
        case Gate.LOSS_HEADROOM | Gate.DRAWDOWN | Gate.LOSS_FLOOR:
            return f"{value} at risk, {limit} left before {_ROOM_BEFORE[refusal.gate]}"
        case Gate.SIZE:
            return f"size {refusal.value}, allowed are 1 to {refusal.limit}"
        case Gate.BRACKET:
            return f"{detail} {value} away, the least is {limit}"
        case _:
            return f"{detail} {value}, limit {limit}".strip()


def _window_does(refusal: Refusal) -> str:
    now, edge = refusal.value, refusal.limit
    is_before = isinstance(now, datetime) and isinstance(edge, datetime) and now < edge
    return "opens" if is_before else "closed"


def _told(value: Measure, unit: Unit) -> str:
    if isinstance(value, datetime):
        return time_told(value)
    match unit:
        case Unit.SECONDS:
            return f"{value:.1f} s"
        case Unit.USD:
            return f"{value:.2f} USD"
        case _:
            one, many = _ONE[unit]
            return counted(int(value), one, many)
