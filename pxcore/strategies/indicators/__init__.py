"""Figures of the market, a print or a bar at a time: pure, exact or decimal, the same for ever.

Each is fed by hand and answers None until it knows: none of them guesses at what it has not seen.
"""

from pxcore.strategies.indicators.averages import Atr, Ema
from pxcore.strategies.indicators.bars import Bars
from pxcore.strategies.indicators.opening_range import OpeningRange
from pxcore.strategies.indicators.vwap import Vwap

__all__ = ["Atr", "Bars", "Ema", "OpeningRange", "Vwap"]
