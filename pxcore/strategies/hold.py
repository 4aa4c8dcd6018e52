"""Never trades. For watching a session do everything else."""

from pxcore.engine.events import Event
from pxcore.engine.strategy import MarketView, Signal


class Hold:
    name = "hold"

    def on_event(self, event: Event, view: MarketView) -> Signal | None:
        return None
