"""Buys below and sells above the volume-weighted average price, and leaves when it is back there.

The average is of every print since the window's start, or since we began to watch when that was
later; it takes `warmup_minutes` before it is used. An entry needs a print inside the bands first
and then one outside, `entry_deviations` standard deviations and `distance_ticks_min` ticks away;
one entry each time. The position is closed at the average by an `Exit`, unless its bracket was
quicker.

A gap in the data longer than `gap_s_max` makes the average begin again, once nothing is held: what
traded meanwhile is not known. A shorter one leaves it as it is.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from pydantic import Field

from pxcore.calendar.hours import time_told
from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.engine.strategy import Enter, Exit, MarketView, Signal, Wait
from pxcore.model import MarketTrade, Side
from pxcore.strategies.entries import Entries
from pxcore.strategies.indicators import Vwap
from pxcore.strategies.pace import Pace
from pxcore.strategies.params import Params


class VwapReversionParams(Params):
    entry_deviations: float = Field(
        2.0, ge=0.1, le=10, description="standard deviations from the average to enter at"
    )
    distance_ticks_min: int = Field(
        8, ge=1, le=1000, description="ticks from the average that an entry needs at least"
    )
    warmup_minutes: float = Field(
        15.0, ge=0.1, le=240, description="minutes of prints before the average is used"
    )
    entries_max: int = Field(4, ge=1, le=100, description="entries a window")
    gap_s_max: float = Field(
        60.0, ge=0, le=3600, description="seconds without market data that the average survives"
    )


class VwapReversion:
    """Enters far from the session's average price and leaves when the market is back there."""

    name = "vwap-reversion"
    Params = VwapReversionParams

    def __init__(self, params: VwapReversionParams) -> None:
        self._params = params
        self._deviations = Fraction(str(params.entry_deviations))
        self._warmup = timedelta(minutes=params.warmup_minutes)
        self._gap_max = timedelta(seconds=params.gap_s_max)
        self._vwap = Vwap()
        self._warm_at: datetime | None = None
        self._down_since: datetime | None = None
        self._is_outdated = False
        self._is_armed = False
        self._entries = Entries()
        self._pace = Pace()

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        if type(event) is MarketTrade:
            return self._see_print(event, view) if event.contract_id == view.contract.id else None
        if type(event) is HubDown and event.hub is Hub.MARKET:
            self._down_since = self._down_since or view.now
        elif type(event) is HubUp and event.hub is Hub.MARKET:
            self._note_gap(view.now)
        elif self._entries.see(event, view):
            self._is_armed = False
        return None

    def _note_gap(self, now: datetime) -> None:
        if self._down_since is not None:
            self._is_outdated |= now - self._down_since > self._gap_max
            self._down_since = None

    def _see_print(self, trade: MarketTrade, view: MarketView) -> Signal | None:
        if trade.happened_at < view.window_start:
            return None
        if self._is_outdated and not view.exposure:
            self._start_over()
        is_first = self._warm_at is None
        self._warm_at = self._warm_at or view.now + self._warmup
        self._vwap.update(trade.price_ticks, trade.size)
        if view.exposure:
            return self._exit(trade.price_ticks, view)
        wanted = self._enter(trade.price_ticks, view)
        if wanted is None and is_first:
            return Wait(reason=f"the average is being made until {time_told(self._warm_at)}")
        return wanted

    def _start_over(self) -> None:
        self._vwap.reset()
        self._warm_at = None
        self._is_outdated = self._is_armed = False

    def _exit(self, price_ticks: int, view: MarketView) -> Signal | None:
        """A long leaves at or above the average, a short at or below it."""
        if self._vwap.side_of(price_ticks) * view.exposure < 0:
            return None
        return Exit(reason=f"back at the average {self._average(view)}")

    def _enter(self, price_ticks: int, view: MarketView) -> Signal | None:
        is_outside = self._vwap.is_outside(
            price_ticks,
            deviations=self._deviations,
            ticks_min=self._params.distance_ticks_min,
        )
        if not is_outside:
            self._is_armed = True
            return None
        if not (self._is_armed and self._may_enter(view)):
            return None
        side = Side.SELL if self._vwap.side_of(price_ticks) > 0 else Side.BUY
        reason = f"{view.contract.price(price_ticks)} is far from the average {self._average(view)}"
        return Enter(side=side, reason=reason)

    def _may_enter(self, view: MarketView) -> bool:
        return (
            self._warm_at is not None
            and view.now >= self._warm_at
            and view.now < view.window_end
            and self._entries.count < self._params.entries_max
            and self._pace.is_due(view.now)
        )

    def _average(self, view: MarketView) -> Decimal:
        """In price units, to the hundredth of a tick, for a reader."""
        value = self._vwap.value
        assert value is not None
        ticks = Decimal(value.numerator) / value.denominator
        rounded = ticks.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        return view.contract.tick_size * rounded
