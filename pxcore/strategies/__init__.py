"""What users write and extend, and the two that come along."""

from collections.abc import Callable, Mapping
from typing import Any

from pxcore.engine.strategy import Strategy
from pxcore.model import Misconfigured
from pxcore.strategies.hold import Hold
from pxcore.strategies.timed_entry import TimedEntry

_BY_NAME: dict[str, Callable[..., Strategy]] = {"hold": Hold, "timed-entry": TimedEntry}

__all__ = ["Hold", "TimedEntry", "make_strategy"]


def make_strategy(name: str, params: Mapping[str, Any]) -> Strategy:
    """A fresh strategy. Raises Misconfigured for an unknown name."""
    if name not in _BY_NAME:
        raise Misconfigured(f"strategy {name!r} is none of {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name](**params)
