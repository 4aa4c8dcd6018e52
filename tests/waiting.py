"""Waits for what nothing tells of: looks until it is so, as long as this machine may take."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from patience import patience

T = TypeVar("T")

_LOOK_S = 0.02
_never = threading.Event()


def until(look: Callable[[], T], *, units: float = 10, what: str = "") -> T:
    """What it came to once it is true. Fails after `patience(units)` and says `what` is not so."""
    began = time.monotonic()
    while not (found := look()):
        assert time.monotonic() - began < patience(units), f"not so in time: {what or look}"
        _never.wait(_LOOK_S)
    return found
