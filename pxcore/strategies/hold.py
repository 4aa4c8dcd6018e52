"""Never trades. For watching a session do everything else."""

from pxcore.engine.events import Event
from pxcore.engine.strategy import MarketView, Signal
from pxcore.strategies.params import Params


class HoldParams(Params):
    """It has none."""


class Hold:
    """Never trades: for watching a session do everything else."""

    name = "hold"
    Params = HoldParams

    def __init__(self, params: HoldParams) -> None:
        """There is nothing to keep."""

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        return None
