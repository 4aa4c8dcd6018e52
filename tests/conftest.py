"""Scenes that tests of several folders share lie on the path."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
for folder in (
    "pxcore",
    "pxcore/engine",
    "pxcore/backtest",
    "pxcore/gateway",
    "pxcore/paper",
    "pxcore/reports",
    "pxcore/store",
    "pxcore/strategies",
):
    sys.path.insert(0, str(_HERE / folder))
