"""What the numbers of the command line may be. Each option or argument that is one is of these."""

from collections.abc import Callable
from typing import Any

import typer

from pxcore.model import STOP_LOSS_TICKS_MIN
from pxcore.text.typed import ID_MAX, Between

CONTRACTS_MAX = 150  # of one order, and of what is held
TICKS_MAX = 1000  # of a leg, and of what trails; the venue refuses more: gateway reference, 2.9


class _Read:
    """As Typer wants it: what is refused names its option or argument."""

    def __init__(self, between: Between) -> None:
        self._between = between
        self.__name__ = "number"
        self.wanted = between.wanted

    def __call__(self, given: Any) -> Any:
        try:
            return self._between(given)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None


def whole(low: int, high: int) -> Callable[[Any], int]:
    return _Read(Between(int, low, high))


def seconds(low: float, high: float) -> Callable[[Any], float]:
    return _Read(Between(float, low, high))


any_id = whole(1, ID_MAX)
seed = whole(0, ID_MAX)
port = whole(0, 65_535)
contracts = whole(1, CONTRACTS_MAX)
ticks = whole(1, TICKS_MAX)
stop_ticks = whole(STOP_LOSS_TICKS_MIN, TICKS_MAX)
rows = whole(1, 1_000_000)
