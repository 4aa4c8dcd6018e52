"""A week or a month of an account: by day, by hour, by strategy, and how evenly it was earned."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from pxcore.calendar.hours import CHICAGO
from pxcore.text.counting import counted

_ZERO = Decimal(0)
_CENT = Decimal("0.01")


class DayLine(msgspec.Struct, frozen=True, kw_only=True):
    """A trading day by the venue's fills, USD; what was never compared with it is None."""

    trading_day: date
    sessions: int
    trades: int
    fills: int
    gross_usd: Decimal
    costs_usd: Decimal
    net_usd: Decimal
    balance_usd: Decimal | None = None
    is_flat: bool | None = None
    verdict: str | None = None


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """From flat to flat, as its session's report has it. `net_usd` after costs."""

    strategy: str
    opened_at: datetime
    net_usd: Decimal


class PeriodGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Trades that have something in common. A trade that made nothing is neither won nor lost.

    `win_rate` is of all trades; `profit_factor` is what was won over what was lost, None where
    nothing was lost; `expectancy_usd` is the average net of a trade. None where there is no trade.
    """

    name: str
    trades: int
    wins: int
    losses: int
    net_usd: Decimal
    win_rate: float | None
    profit_factor: float | None
    expectancy_usd: Decimal | None
    best_usd: Decimal | None
    worst_usd: Decimal | None


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the profit one day made: the program sets a limit to that (gateway reference,
    6.5). Days without a fill do not count. `best_share` is None while there is no profit.
    """

    days: int
    best_day_usd: Decimal
    total_usd: Decimal

    @property
    def best_share(self) -> float | None:
        if self.total_usd <= 0 or self.best_day_usd <= 0:
            return None
        return float(self.best_day_usd / self.total_usd)

    def __str__(self) -> str:
        share = self.best_share
        told = "no profit to share" if share is None else f"{share:.0%} of the profit"
        best, total = f"{self.best_day_usd:+,.2f}", f"{self.total_usd:+,.2f}"
        return f"best day {best} of {total} over {counted(self.days, 'day')} with fills, {told}"


class PeriodReport(msgspec.Struct, frozen=True, kw_only=True):
    """`elsewhere_usd` is what the days made beyond the trades of reported sessions: those of a
    session that was killed, or of somebody else. `deepest_fall_usd` is from the highest day's end
    to the lowest after it.
    """

    account_id: int
    first: date
    last: date
    days: tuple[DayLine, ...]
    total: PeriodGroup
    by_hour: tuple[PeriodGroup, ...]
    by_strategy: tuple[PeriodGroup, ...]
    net_usd: Decimal
    gross_usd: Decimal
    costs_usd: Decimal
    elsewhere_usd: Decimal
    deepest_fall_usd: Decimal
    consistency: Consistency


def make_period(
    account_id: int, first: date, last: date, *, days: Iterable[DayLine], trades: Iterable[Trade]
) -> PeriodReport:
    """The days and trades are all of that stretch, both ends included."""
    told, made = tuple(sorted(days, key=lambda d: d.trading_day)), tuple(trades)
    net = sum((d.net_usd for d in told), _ZERO)
    total = group_of("all", made)
    return PeriodReport(
        account_id=account_id,
        first=first,
        last=last,
        days=told,
        total=total,
        by_hour=_grouped(made, lambda t: f"{t.opened_at.astimezone(CHICAGO):%H}:00"),
        by_strategy=_grouped(made, lambda t: t.strategy),
        net_usd=net,
        gross_usd=sum((d.gross_usd for d in told), _ZERO),
        costs_usd=sum((d.costs_usd for d in told), _ZERO),
        elsewhere_usd=net - total.net_usd,
        deepest_fall_usd=_deepest_fall(told),
        consistency=consistency_of(told),
    )


def group_of(name: str, trades: Iterable[Trade]) -> PeriodGroup:
    nets = [t.net_usd for t in trades]
    won = sum((n for n in nets if n > 0), _ZERO)
    lost = -sum((n for n in nets if n < 0), _ZERO)
    wins = sum(n > 0 for n in nets)
    net = sum(nets, _ZERO)
    return PeriodGroup(
        name=name,
        trades=len(nets),
        wins=wins,
        losses=sum(n < 0 for n in nets),
        net_usd=net,
        win_rate=wins / len(nets) if nets else None,
        profit_factor=float(won / lost) if lost else None,
        expectancy_usd=(net / len(nets)).quantize(_CENT) if nets else None,
        best_usd=max(nets, default=None),
        worst_usd=min(nets, default=None),
    )


def consistency_of(days: Iterable[DayLine]) -> Consistency:
    nets = [d.net_usd for d in days if d.fills]
    return Consistency(
        days=len(nets), best_day_usd=max(nets, default=_ZERO), total_usd=sum(nets, _ZERO)
    )


def _grouped(trades: Iterable[Trade], by: Callable[[Trade], str]) -> tuple[PeriodGroup, ...]:
    found: dict[str, list[Trade]] = {}
    for trade in trades:
        found.setdefault(by(trade), []).append(trade)
    return tuple(group_of(name, found[name]) for name in sorted(found))


def _deepest_fall(days: Iterable[DayLine]) -> Decimal:
    made = highest = deepest = _ZERO
    for day in days:
        made += day.net_usd
        highest = max(highest, made)
        deepest = max(deepest, highest - made)
    return deepest
