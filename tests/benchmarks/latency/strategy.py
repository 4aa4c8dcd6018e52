"""Ours, as a strategy of a user's own: in at a trigger; out at the target, which is the settings'.

Whatever stands between the trigger and the order is the product's.
"""

from latency.task import TRIGGER_SIZE
from pxcore.engine.events import Event
from pxcore.engine.strategy import Enter, Exit, MarketView, Signal
from pxcore.model import MarketTrade, Side
from pxcore.strategies import Params


class NoParams(Params):
    """It has none."""


class AtTheTrigger:
    """Buys at a print of one size."""

    name = "at-the-trigger"
    Params = NoParams

    def __init__(self, params: NoParams) -> None:
        """There is nothing to keep."""

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        if type(event) is not MarketTrade or event.size != TRIGGER_SIZE:
            return None
        if view.exposure:  # it was too late for its target: it begins anew
            return Exit(reason="the target was missed")
        return Enter(side=Side.BUY, reason="the trigger")
