"""What users write and extend, and the strategies that come along."""

from pxcore.strategies.entries import Entries
from pxcore.strategies.loading import (
    Choice,
    choose_strategy,
    find_kind,
    installed_names,
    make_strategy,
)
from pxcore.strategies.pace import Pace
from pxcore.strategies.params import Described, Params
from pxcore.strategies.registry import BUILT_IN, Description, StrategyKind, describe

__all__ = [
    "BUILT_IN",
    "Choice",
    "Described",
    "Description",
    "Entries",
    "Pace",
    "Params",
    "StrategyKind",
    "choose_strategy",
    "describe",
    "find_kind",
    "installed_names",
    "make_strategy",
]
