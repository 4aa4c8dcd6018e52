"""A strategy to copy and change: follows two moving averages of bars when they cross.

`cp docs/strategy-template.py my_strategy.py`, then:

    px strategies my_strategy:MyStrategy          what it may be told
    python my_strategy.py                         half an hour of trading, in seconds, five times
    px demo --strategy my_strategy:MyStrategy     one paper day through everything
"""

from typing import Literal

from pydantic import Field

from pxcore.engine.events import Event, Hub, HubDown, HubUp
from pxcore.engine.strategy import Enter, Exit, MarketView, Signal
from pxcore.model import STOP_LOSS_TICKS_MIN, Bar, Bracket, MarketTrade, Side
from pxcore.strategies import Params
from pxcore.strategies.indicators import Atr, Bars, Ema


class MyParams(Params):
    """What may be set from outside. Units in the names, a range and a sentence for each."""

    bar_s: Literal[5, 10, 15, 30, 60] = Field(10, description="seconds a bar")
    fast_bars: int = Field(3, ge=1, le=50, description="bars of the quick average")
    slow_bars: int = Field(9, ge=2, le=200, description="bars of the slow average")
    stop_ranges: float = Field(
        1.5, ge=0.5, le=10, description="average true ranges from the fill to the stop"
    )
    target_ranges: float = Field(
        3.0, ge=0.5, le=20, description="average true ranges from the fill to the target"
    )


class MyStrategy:
    """Follows two moving averages of bars when they cross."""

    name = "my-strategy"
    Params = MyParams

    def __init__(self, params: MyParams) -> None:
        self._params = params
        self._bars = Bars(length_s=params.bar_s)
        self._begin_anew()

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        """Called for every event, in order. It must be quick: it runs on every price."""
        if type(event) is MarketTrade:
            if event.contract_id != view.contract.id:
                return None
            bar = self._bars.update(event.happened_at, event.price_ticks, event.size)
            return None if bar is None else self._see_bar(bar, view)
        if type(event) is HubUp and event.hub is Hub.MARKET:
            self._bars.resume(view.now)
        elif type(event) is HubDown and event.hub is Hub.MARKET:
            self._bars.interrupt()  # what traded meanwhile is not known:
            self._begin_anew()  # averages over a hole would say nothing
        return None

    def _begin_anew(self) -> None:
        self._fast = Ema(periods=self._params.fast_bars)
        self._slow = Ema(periods=self._params.slow_bars)
        self._range = Atr(periods=self._params.slow_bars)
        self._above: bool | None = None  # is the quick average above the slow one?

    def _see_bar(self, bar: Bar, view: MarketView) -> Signal | None:
        fast = self._fast.update(bar.close_ticks)
        slow = self._slow.update(bar.close_ticks)
        self._range.update(bar)
        if fast is None or slow is None or fast == slow:
            return None
        before, self._above = self._above, fast > slow
        if before is None or before is self._above:
            return None
        if view.exposure:
            return Exit(reason="the averages crossed")
        side = Side.BUY if self._above else Side.SELL
        return Enter(side=side, reason="the averages crossed", bracket=self._bracket())

    def _bracket(self) -> Bracket:
        """Wider when the market is. Leave it out to take the settings' own."""
        ticks = float(self._range.value or 0)
        return Bracket(
            stop_loss_ticks=max(STOP_LOSS_TICKS_MIN, round(ticks * self._params.stop_ranges)),
            take_profit_ticks=max(1, round(ticks * self._params.target_ranges)),
        )


if __name__ == "__main__":
    from pxcore.simulation.rehearsal import rehearse

    for seed in range(1, 6):
        print(f"market {seed}:", rehearse(MyStrategy(MyParams()), seed=seed, minutes=30))
