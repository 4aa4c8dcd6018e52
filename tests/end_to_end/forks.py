"""A strategy of a user's that forks: its child inherits all that the session has open."""

import os
import signal
import sys

from pxcore.strategies.trade_on_start import TradeOnStart, TradeOnStartParams


class Forks(TradeOnStart):
    """In a session alone; who only replays it has no child."""

    name = "forks"
    Params = TradeOnStartParams

    def __init__(self, params: TradeOnStartParams) -> None:
        super().__init__(params)
        if sys.argv[0].endswith("session.py") and os.fork() == 0:
            while True:
                signal.pause()
