"""Average cost: what an execution does to a position. Pure and exact.

The averages are fractions of ticks, so nothing is lost on the way; an execution's profit or
loss is rounded to the cent once (half to even), because the balance moves in cents.
Source: gateway reference, 7.7 and 7.9.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pxcore.model import Contract

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Turn:
    """One half-turn and the position after it.

    `size` is unsigned, `held` signed; `gain_ticks` is None on an opening; `average_ticks` is kept
    when the position closes.
    """

    size: int
    gain_ticks: Fraction | None
    held: int
    average_ticks: Fraction


def turns(held: int, average_ticks: Fraction, signed: int, price_ticks: int) -> tuple[Turn, ...]:
    """An execution of `signed` contracts: one half-turn, or two when it crosses zero."""
    if held * signed >= 0:
        return (_opening(held, average_ticks, signed, price_ticks),)
    closed = min(abs(signed), abs(held))
    direction = 1 if held > 0 else -1
    gain = (price_ticks - average_ticks) * closed * direction
    closing = Turn(closed, gain, held - direction * closed, average_ticks)
    rest = signed + direction * closed
    if rest == 0:
        return (closing,)
    return closing, _opening(0, Fraction(0), rest, price_ticks)


def usd(contract: Contract, ticks: Fraction) -> Decimal:
    """Ticks times contracts as USD, to the cent."""
    exact = contract.tick_value * ticks.numerator / ticks.denominator
    return exact.quantize(_CENT)


def average_price(contract: Contract, average_ticks: Fraction) -> Decimal:
    """In price units; rounded to nine places where it has no end."""
    if average_ticks.denominator == 1:
        return contract.price(average_ticks.numerator)
    return round(contract.tick_size * average_ticks.numerator / average_ticks.denominator, 9)


def _opening(held: int, average_ticks: Fraction, signed: int, price_ticks: int) -> Turn:
    after = held + signed
    cost = average_ticks * abs(held) + Fraction(price_ticks) * abs(signed)
    return Turn(abs(signed), None, after, cost / abs(after))
