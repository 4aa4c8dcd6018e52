"""The day's money against the hard limits: what must end the day now, and what is left.

Four limits look at it: the daily loss, the drawdown from the day's highest point, the floor under
which the account must not fall (a program's maximum loss), and the profit at which the day is
locked. All count realised and open profit, fees and commissions, of the trading day.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from pxcore.engine.commands import FallSeen, PeakSeen
from pxcore.engine.config import Limits
from pxcore.engine.rounds import Round
from pxcore.model import Contract, Fill


class Extremes(msgspec.Struct, frozen=True, kw_only=True):
    """Of the day's money so far, in USD: its highest point, how far below the highest before it it
    has stood at the worst, and the least headroom, None as long as no limit was looked at. A day
    begins at zero.
    """

    peak_usd: Decimal = Decimal(0)
    fall_usd: Decimal = Decimal(0)
    headroom_usd: Decimal | None = None

    def after(self, day_usd: Decimal, headroom_usd: Decimal | None = None) -> "Extremes":
        """The day stands there now."""
        peak_usd = max(self.peak_usd, day_usd)
        found = Extremes(
            peak_usd=peak_usd,
            fall_usd=max(self.fall_usd, peak_usd - day_usd),
            headroom_usd=_least(self.headroom_usd, headroom_usd),
        )
        return self if found == self else found

    def and_of(self, other: "Extremes") -> "Extremes":
        """Of two accounts of the same day."""
        return Extremes(
            peak_usd=max(self.peak_usd, other.peak_usd),
            fall_usd=max(self.fall_usd, other.fall_usd),
            headroom_usd=_least(self.headroom_usd, other.headroom_usd),
        )


def extremes_of(said: PeakSeen | FallSeen) -> Extremes:
    """What a session told of them."""
    if isinstance(said, PeakSeen):
        return Extremes(peak_usd=said.peak_usd)
    return Extremes(fall_usd=said.fall_usd, headroom_usd=said.headroom_usd)


def _least(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return min((x for x in (one, other) if x is not None), default=None)


class DayMoney(msgspec.Struct, frozen=True, kw_only=True):
    """In USD. `equity_usd` is the balance and what is open; None while that is not known."""

    day_usd: Decimal
    peak_usd: Decimal
    equity_usd: Decimal | None

    def headroom_usd(self, limits: Limits) -> Decimal:
        """How far the nearest of the limits on losses is; below zero once it is broken."""
        nearest = self.loss_headroom_usd(limits)
        for room in (self.drawdown_headroom_usd(limits), self.floor_headroom_usd(limits)):
            if room is not None and room < nearest:
                nearest = room
        return nearest

    def loss_headroom_usd(self, limits: Limits) -> Decimal:
        return limits.loss_usd_max + self.day_usd

    def drawdown_headroom_usd(self, limits: Limits) -> Decimal | None:
        if limits.drawdown_usd_max is None:
            return None
        return limits.drawdown_usd_max - (self.peak_usd - self.day_usd)

    def floor_headroom_usd(self, limits: Limits) -> Decimal | None:
        if limits.balance_usd_floor is None or self.equity_usd is None:
            return None
        return self.equity_usd - limits.balance_usd_floor


def breach(money: DayMoney, limits: Limits) -> str | None:
    """Why nothing more may be held today, or None. The numbers are in the sentence."""
    if money.loss_headroom_usd(limits) <= 0:
        return f"daily loss: {money.day_usd:.2f} USD of {limits.loss_usd_max}"
    room = money.drawdown_headroom_usd(limits)
    if room is not None and room <= 0:
        below = money.peak_usd - money.day_usd
        return (
            f"drawdown: {below:.2f} USD below the day's peak of {money.peak_usd:.2f}, "
            f"limit is {limits.drawdown_usd_max}"
        )
    room = money.floor_headroom_usd(limits)
    if room is not None and room <= 0:
        return (
            f"loss floor: the account stands at {money.equity_usd:.2f} USD, "
            f"its floor is {limits.balance_usd_floor}"
        )
    if limits.profit_usd_lock is not None and money.day_usd >= limits.profit_usd_lock:
        return f"profit lock: {money.day_usd:.2f} USD of {limits.profit_usd_lock}"
    return None


def worst_case_usd(contract: Contract, limits: Limits, *, stop_ticks: int, size: int) -> Decimal:
    """What an entry loses, in USD, at its stop with slippage and the costs of both sides."""
    ticks = stop_ticks + limits.slippage_ticks
    return contract.usd(ticks, size) + 2 * limits.costs_usd_per_side * size


def realised_usd(fills: Iterable[Fill]) -> Decimal:
    """What the day's fills made, fees and commissions paid; voided ones made nothing."""
    return sum((f.net_usd for f in fills if not f.is_voided), Decimal(0))


def realised_extremes(fills: Iterable[Fill]) -> Extremes:
    """Of the day's realised profit, fill by fill."""
    total, found = Decimal(0), Extremes()
    for fill in sorted(fills, key=lambda f: (f.happened_at, f.id)):
        if not fill.is_voided:
            total += fill.net_usd
            found = found.after(total)
    return found


def losses_in_a_row(rounds: Iterable[Round]) -> int:
    """How many of the day's last closed trades lost, without one in between that did not."""
    count = 0
    for one in rounds:
        if one.is_closed:
            count = count + 1 if one.net_usd < 0 else 0
    return count
