"""Why a gate refused an entry: two numbers of one unit, as values here and as text in a journal."""

from datetime import datetime
from decimal import Decimal

import msgspec

from pxcore.engine.commands import Denied, Gate, Unit
from pxcore.model import Side

_DOLLARS_MAX = 10**12
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
Measure = int | float | Decimal | datetime


class Refusal(msgspec.Struct, frozen=True):
    """`value` is what the gate found and `limit` what it allows, both in `unit`; None where there
    is no number, or where it is not known. `detail` is what no number says.
    """

    gate: Gate
    unit: Unit
    value: Measure | None = None
    limit: Measure | None = None
    detail: str = ""

    def of_entry(self, side: Side, reason: str) -> Denied:
        return Denied(
            gate=self.gate,
            value=_written(self.value),
            limit=_written(self.limit),
            unit=self.unit,
            detail=self.detail,
            side=side,
            reason=reason,
        )


def refusal_of(denied: Denied) -> Refusal | None:
    """The two numbers again. None for one of a journal that has words instead, or no numbers of
    that unit.
    """
    if denied.unit is None:
        return None
    try:
        value, limit = _read(denied.value, denied.unit), _read(denied.limit, denied.unit)
    except (ValueError, ArithmeticError):
        return None
    return Refusal(denied.gate, denied.unit, value, limit, denied.detail)


def _written(value: Measure | None) -> str:
    """Seconds to the millisecond: two replays of one journal write the same."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case float():
            return f"{value:.3f}"
        case _:
            return str(value)


def _read(text: str, unit: Unit) -> Measure | None:
    if not text:
        return None
    match unit:
        case Unit.TIME:
            return _moment(text)
        case Unit.SECONDS:
            return float(text)
        case Unit.USD:
            return _dollars(text)
        case Unit.STATE:
            raise ValueError(text)  # it has none
        case _:
            return int(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(text)  # it cannot be held against the other one, or told in Chicago's
    return moment


def _dollars(text: str) -> Decimal:
    """Raises for what is no amount: written out, a large exponent fills the memory."""
    value = Decimal(text)
    if not abs(value) < _DOLLARS_MAX:
        raise ValueError(text)
    return value
